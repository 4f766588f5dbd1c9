import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import { ApiError, messageOf } from '../api/http.ts';
import { useServices, useSessionState } from '../services.tsx';
import { Alert, Button, Field } from '../ui/controls.tsx';
import { Mark } from '../ui/icons.tsx';

interface EntryPageProps {
  /** Where to go once inside. */
  next: string | undefined;
}

function Entry({ title, children, below }: { title: string; children: ReactNode; below: ReactNode }) {
  return (
    <main className="grid min-h-full place-items-center px-4 py-10">
      <title>{`${title} – Sluice`}</title>
      <div className="w-full max-w-sm">
        <div className="mb-7 grid justify-items-center gap-3.5">
          <Mark className="size-11" />
          <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
        </div>
        <div className="card shadow-raised">{children}</div>
        <p className="mt-5 text-center text-sm text-muted">{below}</p>
      </div>
    </main>
  );
}

// What is under way, what went wrong, and to which field it belongs.
function useEntry(next: string | undefined, enter: (username: string, password: string) => Promise<void>) {
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    setError(undefined);
    try {
      await enter(String(fields.get('username')), String(fields.get('password')));
      // Only an address of this page: whoever sends a link here must not send people on from here.
      await navigate({ href: next?.startsWith('/') && !next.startsWith('//') ? next : '/', replace: true });
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const param = error instanceof ApiError ? error.param : undefined;
  // "password: is too short" stands below the password.
  const problemOf = (field: string): string | undefined =>
    param === field ? messageOf(error).replace(/^(\w+): (?=[a-z])/, '$1 ') : undefined;
  const isElsewhere = error !== undefined && param !== 'username' && param !== 'password';
  return { submit, isBusy, problemOf, general: isElsewhere ? waitingMessage(error) : undefined };
}

function waitingMessage(error: unknown): string {
  const wait = error instanceof ApiError && error.status === 429 ? error.retryAfterS : undefined;
  return wait === undefined ? messageOf(error) : `${messageOf(error)} Try again in ${wait} s.`;
}

export function SignInPage({ next }: EntryPageProps) {
  const { session } = useServices();
  const state = useSessionState();
  const { submit, isBusy, problemOf, general } = useEntry(next, (name, password) => session.signIn(name, password));
  const hasEnded = state.name === 'signed_out' && state.why === 'ended';
  return (
    <Entry
      title="Sign in to Sluice"
      below={
        <>
          New here?{' '}
          <Link to="/register" search={{ next }} className="font-medium text-accent underline underline-offset-2">
            Create an account
          </Link>
        </>
      }
    >
      <form className="grid gap-4" onSubmit={submit} noValidate>
        {hasEnded && !general && (
          <p role="status" className="rounded-lg bg-accent-soft px-3.5 py-2.5 text-sm">
            Your session has ended. Please sign in again.
          </p>
        )}
        {general && <Alert>{general}</Alert>}
        <Field
          label="Username"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          problem={problemOf('username')}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          problem={problemOf('password')}
        />
        <Button look="primary" type="submit" disabled={isBusy}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </Button>
      </form>
    </Entry>
  );
}

export function RegisterPage({ next }: EntryPageProps) {
  const { session } = useServices();
  const { submit, isBusy, problemOf, general } = useEntry(next, (name, password) => session.register(name, password));
  return (
    <Entry
      title="Create an account"
      below={
        <>
          You have one?{' '}
          <Link to="/login" search={{ next }} className="font-medium text-accent underline underline-offset-2">
            Sign in
          </Link>
        </>
      }
    >
      <form className="grid gap-4" onSubmit={submit} noValidate>
        {general && <Alert>{general}</Alert>}
        <Field
          label="Username"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          problem={problemOf('username')}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          hint="A sentence that only you know is easy to keep and hard to guess."
          problem={problemOf('password')}
        />
        <Button look="primary" type="submit" disabled={isBusy}>
          {isBusy ? 'Creating…' : 'Create account'}
        </Button>
      </form>
    </Entry>
  );
}
