import { useEffect, useState, useSyncExternalStore } from 'react';
import { useServices } from '../services.tsx';

// A break shorter than this is nobody's business.
const patienceMs = 700;

const noteOf = (isOnline: boolean): string => (isOnline ? 'Reconnecting' : 'Offline');

function useIsOnline(): boolean {
  return useSyncExternalStore(
    (listener) => {
      addEventListener('online', listener);
      addEventListener('offline', listener);
      return () => {
        removeEventListener('online', listener);
        removeEventListener('offline', listener);
      };
    },
    () => navigator.onLine,
  );
}

/** Says that the line is broken, and mends it at once for who does not want to wait. */
export function ConnectionNote() {
  const { chats } = useServices();
  const isOnline = useIsOnline();
  const state = useSyncExternalStore(
    (listener) => chats.client.on('state', listener),
    () => chats.client.state,
  );
  const isBroken = state.name === 'waiting' || (state.name === 'connecting' && state.attempt > 0);
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isBroken) return setLate(false);
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => clearTimeout(timer);
  }, [isBroken]);

  return (
    <div role="status" aria-live="polite">
      {isBroken && isLate && (
        <span className="flex items-center gap-2 rounded-full bg-warning-soft py-1 pr-1 pl-3 text-sm text-warning">
          <span className="size-2 rounded-full bg-warning" />
          {noteOf(isOnline)}
          <button
            type="button"
            className="rounded-full px-2 py-0.5 font-medium underline underline-offset-2"
            onClick={() => chats.client.connect()}
          >
            Try now
          </button>
        </span>
      )}
    </div>
  );
}
