import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { KeyList } from '../account/key_list.tsx';
import { messageOf } from '../api/http.ts';
import { ConfirmDialog, SecretDialog } from '../ui/ask_dialogs.tsx';
import { Alert, Button } from '../ui/controls.tsx';
import { longDate } from '../ui/dates.ts';
import { Icon } from '../ui/icons.tsx';
import { Section } from '../ui/section.tsx';
import { AccountTags } from './accounts.tsx';
import {
  changeAccount,
  createKeyFor,
  endSessions,
  listKeysOf,
  readAccount,
  resetPassword,
  revokeKeyOf,
  type Account as AccountCard,
} from './api.ts';
import { AuditList } from './audit.tsx';
import { useSession } from './session.tsx';

export function Account({ id }: { id: string }) {
  const session = useSession();
  const { data: account, error } = useQuery({ queryKey: ['account', id], queryFn: () => readAccount(session, id) });
  return (
    <div className="grid grid-cols-1 gap-5">
      <a href="#users" className="quiet-button h-9 justify-self-start">
        <Icon name="back" className="mr-2 size-4" /> All users
      </a>
      {error && <Alert>{messageOf(error)}</Alert>}
      {account && (
        <>
          <div className="px-1">
            <div className="flex flex-wrap items-center gap-3">
              <h1 className="min-w-0 text-xl font-semibold tracking-tight wrap-anywhere">{account.username}</h1>
              <AccountTags account={account} />
            </div>
            <p className="text-sm text-muted wrap-anywhere">
              <code className="font-mono text-xs">{account.id}</code> · since {longDate(account.created_at)}
            </p>
          </div>
          <Actions account={account} />
          <Section title="API keys" about="They rest while the account is disabled.">
            <KeyList
              owner={{
                queryKey: ['keys', id],
                list: () => listKeysOf(session, id),
                create: (name) => createKeyFor(session, id, name),
                revoke: (keyId) => revokeKeyOf(session, id, keyId),
              }}
            />
          </Section>
          <Section title="What was done to this account">
            <AuditList target={id} />
          </Section>
        </>
      )}
    </div>
  );
}

interface Action {
  label: string;
  title: string;
  about: ReactNode;
  verb: string;
  isDangerous: boolean;
  /** What it gives may be seen once. */
  run: () => Promise<unknown>;
  secret?: string;
}

function actionsOf(session: ReturnType<typeof useSession>, { id, username, role, disabled }: AccountCard): Action[] {
  const isAdmin = role === 'admin';
  return [
    {
      label: isAdmin ? 'Make a user' : 'Make an admin',
      title: isAdmin ? `Take the admin's role from ${username}?` : `Make ${username} an admin?`,
      about: 'All sessions of the account end.',
      verb: isAdmin ? 'Make a user' : 'Make an admin',
      isDangerous: isAdmin,
      run: () => changeAccount(session, id, { role: isAdmin ? 'user' : 'admin' }),
    },
    {
      label: 'Reset the password',
      title: `Reset the password of ${username}?`,
      about: 'A new password is made and shown once. All sessions of the account end; its API keys stay.',
      verb: 'Reset',
      isDangerous: true,
      run: () => resetPassword(session, id),
      secret: `The new password of ${username}`,
    },
    {
      label: 'Sign out everywhere',
      title: `Sign ${username} out everywhere?`,
      about: 'All sessions of the account end; its API keys stay.',
      verb: 'Sign out',
      isDangerous: true,
      run: () => endSessions(session, id),
    },
    {
      label: disabled ? 'Enable' : 'Disable',
      title: `${disabled ? 'Enable' : 'Disable'} ${username}?`,
      about: disabled
        ? 'The account may sign in again, and its API keys are good again.'
        : 'All sessions of the account end, and its API keys rest, until it is enabled again.',
      verb: disabled ? 'Enable' : 'Disable',
      isDangerous: !disabled,
      run: () => changeAccount(session, id, { disabled: !disabled }),
    },
  ];
}

function Actions({ account }: { account: AccountCard }) {
  const session = useSession();
  const [chosen, choose] = useState<Action>();
  return (
    <div className="flex flex-wrap gap-2">
      {actionsOf(session, account).map((action) => (
        <Button key={action.label} className={action.isDangerous ? 'text-danger!' : ''} onClick={() => choose(action)}>
          {action.label}
        </Button>
      ))}
      {chosen && <ActionDialog action={chosen} id={account.id} onClose={() => choose(undefined)} />}
    </div>
  );
}

function ActionDialog({ action, id, onClose }: { action: Action; id: string; onClose: () => void }) {
  const cache = useQueryClient();
  const work = useMutation({
    mutationFn: action.run,
    onSuccess: () => action.secret ?? onClose(),
    onSettled: () =>
      Promise.all(
        [['account', id], ['accounts'], ['audit']].map((queryKey) => cache.invalidateQueries({ queryKey })),
      ).then(() => undefined),
  });
  if (action.secret && typeof work.data === 'string') {
    return <SecretDialog title={action.secret} secret={work.data} what="password" onClose={onClose} />;
  }
  return (
    <ConfirmDialog
      title={action.title}
      verb={action.verb}
      look={action.isDangerous ? 'danger' : 'primary'}
      work={work}
      onConfirm={() => work.mutate()}
      onClose={onClose}
    >
      {action.about}
    </ConfirmDialog>
  );
}
