import { useMutation } from '@tanstack/react-query';
import { Button } from '../ui/controls.tsx';
import { useSession } from './session.tsx';

/** For somebody who is signed in and is no admin. */
export function NotForYou() {
  const session = useSession();
  const leave = useMutation({ mutationFn: () => session.signOut() });
  return (
    <main className="grid min-h-full place-items-center px-4 py-10">
      <title>Administration – Sluice</title>
      <div className="card grid w-full max-w-sm gap-4 shadow-raised">
        <h1 className="text-lg font-semibold">This is for admins</h1>
        <p className="text-muted">Your account may chat, but not administrate. Another one may.</p>
        <div className="flex flex-wrap gap-2">
          <a href="/" className="button bg-accent text-on-accent hover:bg-accent-strong">
            To the chat
          </a>
          <Button disabled={leave.isPending} onClick={() => leave.mutate()}>
            Sign out
          </Button>
        </div>
      </div>
    </main>
  );
}
