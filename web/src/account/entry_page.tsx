import { Link, useNavigate } from '@tanstack/react-router';
import { useServices, useSessionState } from '../services.tsx';
import { EntryForm } from './entry_form.tsx';
import { safeNext } from './safe_next.ts';

interface EntryPageProps {
  /** Where to go once inside. */
  next: string | undefined;
}

function useWayIn(next: string | undefined): () => Promise<void> {
  const navigate = useNavigate();
  return () => navigate({ href: safeNext(next), replace: true });
}

const linkLook = 'font-medium text-accent underline underline-offset-2';

export function SignInPage({ next }: EntryPageProps) {
  const { session } = useServices();
  const state = useSessionState();
  const hasEnded = state.name === 'signed_out' && state.why === 'ended';
  return (
    <EntryForm
      title="Sign in to Sluice"
      verb="Sign in"
      busyVerb="Signing in…"
      notice={hasEnded ? 'Your session has ended. Please sign in again.' : undefined}
      enter={(name, password) => session.signIn(name, password)}
      onEntered={useWayIn(next)}
      below={
        <>
          New here?{' '}
          <Link to="/register" search={{ next }} className={linkLook}>
            Create an account
          </Link>
        </>
      }
    />
  );
}

export function RegisterPage({ next }: EntryPageProps) {
  const { session } = useServices();
  return (
    <EntryForm
      title="Create an account"
      isNew
      verb="Create account"
      busyVerb="Creating…"
      enter={(name, password) => session.register(name, password)}
      onEntered={useWayIn(next)}
      below={
        <>
          You have one?{' '}
          <Link to="/login" search={{ next }} className={linkLook}>
            Sign in
          </Link>
        </>
      }
    />
  );
}
