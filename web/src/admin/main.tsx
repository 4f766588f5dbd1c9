import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { EntryForm } from '../account/entry_form.tsx';
import { mayRetry } from '../api/http.ts';
import { Session } from '../api/session.ts';
import { Boundary } from '../ui/boundary.tsx';
import { ErrorPage } from '../ui/error_page.tsx';
import { Waiting } from '../ui/waiting.tsx';
import { AdminPage } from './admin_page.tsx';
import { NotForYou } from './not_for_you.tsx';
import { SessionProvider, useSessionState } from './session.tsx';
import '../styles/app.css';

const session = new Session();
const cache = new QueryClient({ defaultOptions: { queries: { retry: mayRetry, networkMode: 'always' } } });
session.onTurnover(() => cache.clear());
void session.begin();

function App() {
  const state = useSessionState();
  if (state.name === 'unknown' || state.name === 'unreachable') {
    return <Waiting isUnreachable={state.name === 'unreachable'} />;
  }
  if (state.name === 'signed_out') {
    return (
      <EntryForm
        title="Sign in to administrate"
        verb="Sign in"
        busyVerb="Signing in…"
        notice={state.why === 'ended' ? 'Your session has ended. Please sign in again.' : undefined}
        enter={(name, password) => session.signIn(name, password)}
      />
    );
  }
  return state.user.role === 'admin' ? <AdminPage key={state.user.username} user={state.user} /> : <NotForYou />;
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <SessionProvider value={session}>
      <QueryClientProvider client={cache}>
        <Boundary fallback={(error, again) => <ErrorPage error={error} onAgain={again} />}>
          <App />
        </Boundary>
      </QueryClientProvider>
    </SessionProvider>
  </StrictMode>,
);
