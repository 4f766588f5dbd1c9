import { QueryClient } from '@tanstack/react-query';
import { createContext, useContext, useSyncExternalStore } from 'react';
import { mayRetry } from './api/http.ts';
import { Session, type SessionState } from './api/session.ts';
import { LiveChats } from './chat/live_chats.ts';

/** What the page is built on; made once in main.tsx and handed down. */
export interface Services {
  session: Session;
  cache: QueryClient;
  /** Those of the user who is signed in. */
  chats: LiveChats;
  /** Grows when somebody else takes a user's place without a sign-out in between. */
  turnovers: number;
}

export function makeServices(): Services {
  const cache = new QueryClient({
    defaultOptions: { queries: { staleTime: 30_000, retry: mayRetry, networkMode: 'always' } },
  });
  const session = new Session();
  const services: Services = { session, cache, chats: new LiveChats(session, cache), turnovers: 0 };
  // The next user starts with nothing of the last one's.
  session.onTurnover(() => {
    if (session.state.name === 'signed_in') ++services.turnovers;
    services.chats.close();
    cache.clear();
    services.chats = new LiveChats(session, cache);
  });
  return services;
}

const Context = createContext<Services | undefined>(undefined);
export const ServicesProvider = Context.Provider;

export function useServices(): Services {
  const services = useContext(Context);
  if (!services) throw new Error('no services above this component');
  return services;
}

export function useSessionState(): SessionState {
  const { session } = useServices();
  return useSyncExternalStore(session.subscribe, () => session.state);
}
