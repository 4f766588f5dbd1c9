import { useState, type FormEvent, type ReactNode } from 'react';
import { ApiError, messageAbout, messageOf } from '../api/http.ts';
import { Alert, Button, Field } from '../ui/controls.tsx';
import { Mark } from '../ui/icons.tsx';

interface EntryFormProps {
  title: string;
  /** Whether the password is one that is chosen here. */
  isNew?: boolean;
  verb: string;
  busyVerb: string;
  notice?: string;
  enter: (username: string, password: string) => Promise<void>;
  onEntered?: () => Promise<void>;
  below?: ReactNode;
}

/** A name and a password, as a page of its own: the way in. */
export function EntryForm(props: EntryFormProps) {
  const { title, isNew = false, verb, busyVerb, notice, below } = props;
  const { submit, isBusy, problemOf, general } = useEntry(props);
  return (
    <main className="grid min-h-full place-items-center px-4 py-10">
      <title>{`${title} – Sluice`}</title>
      <div className="w-full max-w-sm">
        <div className="mb-7 grid justify-items-center gap-3.5">
          <Mark className="size-11" />
          <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
        </div>
        <div className="card shadow-raised">
          <form className="grid gap-4" onSubmit={submit} noValidate>
            {notice && !general && (
              <p role="status" className="rounded-lg bg-accent-soft px-3.5 py-2.5 text-sm">
                {notice}
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
              problem={problemOf('username', 'Username')}
            />
            <Field
              label="Password"
              name="password"
              type="password"
              autoComplete={isNew ? 'new-password' : 'current-password'}
              required
              hint={isNew ? 'A sentence that only you know is easy to keep and hard to guess.' : undefined}
              problem={problemOf('password', 'Password')}
            />
            <Button look="primary" type="submit" disabled={isBusy}>
              {isBusy ? busyVerb : verb}
            </Button>
          </form>
        </div>
        {below && <p className="mt-5 text-center text-sm text-muted">{below}</p>}
      </div>
    </main>
  );
}

// What is under way, what went wrong, and to which field it belongs.
function useEntry({ enter, onEntered }: EntryFormProps) {
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    setError(undefined);
    try {
      await enter(String(fields.get('username')), String(fields.get('password')));
      await onEntered?.();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const param = error instanceof ApiError ? error.param : undefined;
  const problemOf = (field: string, label: string): string | undefined =>
    param === field ? messageAbout(label, error) : undefined;
  const isElsewhere = error !== undefined && param !== 'username' && param !== 'password';
  return { submit, isBusy, problemOf, general: isElsewhere ? waitingMessage(error) : undefined };
}

function waitingMessage(error: unknown): string {
  const wait = error instanceof ApiError && error.status === 429 ? error.retryAfterS : undefined;
  return wait === undefined ? messageOf(error) : `${messageOf(error)} Try again in ${wait} s.`;
}
