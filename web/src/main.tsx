import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { makeRouter } from './router.tsx';
import { makeServices, ServicesProvider, useSessionState, type Services } from './services.tsx';
import { Waiting } from './ui/waiting.tsx';
import './styles/app.css';

const services = makeServices();
void services.session.begin();

function App() {
  useSessionState();
  return <Pages key={services.turnovers} services={services} />;
}

function Pages({ services }: { services: Services }) {
  const state = useSessionState();
  const [router] = useState(() => makeRouter(services));
  const isDecided = state.name === 'signed_in' || state.name === 'signed_out';
  useEffect(() => {
    if (isDecided) void router.invalidate(); // the rules of its routes look at the session
  }, [router, isDecided, state.name]);
  if (!isDecided) return <Waiting isUnreachable={state.name === 'unreachable'} />;
  return <RouterProvider router={router} context={services} />;
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <ServicesProvider value={services}>
      <QueryClientProvider client={services.cache}>
        <App />
      </QueryClientProvider>
    </ServicesProvider>
  </StrictMode>,
);
