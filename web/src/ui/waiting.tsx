import { Mark } from './icons.tsx';

/** What is seen until it is known who is signed in. */
export function Waiting({ isUnreachable }: { isUnreachable: boolean }) {
  return (
    <main className="grid min-h-full place-items-center">
      <div className="grid justify-items-center gap-4 text-center text-muted" role="status">
        <Mark className="size-11 animate-pulse" />
        {isUnreachable ? 'The server cannot be reached. Trying again…' : <span className="sr-only">Loading</span>}
      </div>
    </main>
  );
}
