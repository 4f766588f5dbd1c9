import { useSyncExternalStore } from 'react';

const subscribe = (listener: () => void): (() => void) => {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
};

/** Where on the page one is: "#users/usr_1" is ["users", "usr_1"]. */
export function usePlace(): string[] {
  return useSyncExternalStore(subscribe, () => location.hash)
    .slice(1)
    .split('/');
}
