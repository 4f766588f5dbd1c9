import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { changePassword, readMe } from '../api/account.ts';
import { ApiError, messageAbout, messageOf } from '../api/http.ts';
import { useServices, useSessionState } from '../services.tsx';
import { Alert, Button, Field } from '../ui/controls.tsx';
import { longDate } from '../ui/dates.ts';
import { Section } from '../ui/section.tsx';
import { chooseTheme, themes, useTheme } from '../ui/theme.ts';
import { TopBar } from '../ui/top_bar.tsx';
import { ApiKeys } from './api_keys.tsx';

export function SettingsPage() {
  return (
    <>
      <title>Settings – Sluice</title>
      <TopBar title="Settings" />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="column grid grid-cols-1 gap-5 py-6">
          <Account />
          <Appearance />
          <ApiKeys />
          <Password />
          <Sessions />
        </div>
      </div>
    </>
  );
}

function Account() {
  const { session } = useServices();
  const state = useSessionState();
  const { data } = useQuery({ queryKey: ['me'], queryFn: () => readMe(session) });
  if (state.name !== 'signed_in') return null;
  const { username, role } = state.user;
  return (
    <section aria-label="Account" className="flex items-center gap-4 px-1">
      <span
        aria-hidden="true"
        className="grid size-12 place-items-center rounded-full bg-accent-soft text-lg font-semibold text-accent"
      >
        {[...username][0]?.toUpperCase()}
      </span>
      <div className="min-w-0">
        <p className="truncate text-lg font-semibold">{username}</p>
        <p className="text-sm text-muted">
          {role === 'admin' ? 'Administrator' : 'User'}
          {data && ` since ${longDate(data.created_at)}`}
        </p>
      </div>
    </section>
  );
}

const themeNames = { system: 'System', light: 'Light', dark: 'Dark' };

function Appearance() {
  const chosen = useTheme();
  return (
    <Section title="Appearance">
      <fieldset className="grid grid-cols-3 gap-1 rounded-xl bg-sunken p-1">
        <legend className="sr-only">Theme</legend>
        {themes.map((theme) => (
          <label key={theme} className="segment">
            <input
              type="radio"
              name="theme"
              className="sr-only"
              checked={theme === chosen}
              onChange={() => chooseTheme(theme)}
            />
            {themeNames[theme]}
          </label>
        ))}
      </fieldset>
    </Section>
  );
}

function Password() {
  const { session } = useServices();
  const [isDone, setDone] = useState(false);
  const change = useMutation({
    mutationFn: ({ before, after }: { before: string; after: string }) => changePassword(session, before, after),
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    setDone(false);
    change.mutate(
      { before: String(fields.get('old_password')), after: String(fields.get('new_password')) },
      {
        onSuccess: () => {
          form.reset();
          setDone(true);
        },
      },
    );
  };
  const param = change.error instanceof ApiError ? change.error.param : undefined;
  const problemOf = (field: string, label: string): string | undefined =>
    param === field ? messageAbout(label, change.error) : undefined;
  const ofOld = problemOf('old_password', 'Current password');
  const ofNew = problemOf('new_password', 'New password');
  return (
    <Section title="Password" about="Changing it signs out all other devices.">
      <form className="grid gap-4" onSubmit={submit}>
        <Field
          label="Current password"
          name="old_password"
          type="password"
          autoComplete="current-password"
          required
          problem={ofOld}
        />
        <Field
          label="New password"
          name="new_password"
          type="password"
          autoComplete="new-password"
          required
          problem={ofNew}
        />
        {change.error && !ofOld && !ofNew && <Alert>{messageOf(change.error)}</Alert>}
        <div className="flex items-center gap-3">
          <Button type="submit" disabled={change.isPending}>
            Change password
          </Button>
          <p role="status" className="text-sm text-muted">
            {isDone && 'The password is changed.'}
          </p>
        </div>
      </form>
    </Section>
  );
}

function Sessions() {
  const { session } = useServices();
  const signOut = useMutation({ mutationFn: (everywhere: boolean) => session.signOut({ everywhere }) });
  return (
    <Section title="Sessions" about="Answers that are being written go on. API keys stay valid.">
      {signOut.error && <Alert>{messageOf(signOut.error)}</Alert>}
      <div className="flex flex-wrap gap-2">
        <Button disabled={signOut.isPending} onClick={() => signOut.mutate(false)}>
          Sign out
        </Button>
        <Button className="text-danger!" disabled={signOut.isPending} onClick={() => signOut.mutate(true)}>
          Sign out everywhere
        </Button>
      </div>
    </Section>
  );
}
