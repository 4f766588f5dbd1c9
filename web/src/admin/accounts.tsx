import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useDeferredValue, useId, useState } from 'react';
import { SecretDialog, TextDialog } from '../ui/ask_dialogs.tsx';
import { Button } from '../ui/controls.tsx';
import { longDate } from '../ui/dates.ts';
import { createAccount, listAccounts, type Account } from './api.ts';
import { Heading, ListEnd, Tag } from './parts.tsx';
import { useSession } from './session.tsx';

export function Accounts() {
  const session = useSession();
  const [search, setSearch] = useState('');
  const [isCreating, setCreating] = useState(false);
  const asked = useDeferredValue(search.trim());
  const pages = useInfiniteQuery({
    queryKey: ['accounts', asked],
    queryFn: ({ pageParam }) => listAccounts(session, asked, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: (before) => before,
  });
  const accounts = pages.data?.pages.flatMap(({ users }) => users) ?? [];
  return (
    <>
      <Heading title="Users">
        <Button look="primary" onClick={() => setCreating(true)}>
          Create a user
        </Button>
      </Heading>
      <input
        type="search"
        className="input mb-4"
        aria-label="Search users"
        placeholder="A part of the name, or an id"
        maxLength={64}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {accounts.length > 0 && (
        <ul
          className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface"
          aria-label="Users"
        >
          {accounts.map((account) => (
            <Row key={account.id} account={account} />
          ))}
        </ul>
      )}
      <ListEnd pages={pages} isEmpty={accounts.length === 0} nothing="Nobody of that name." />
      {isCreating && <CreateDialog onClose={() => setCreating(false)} />}
    </>
  );
}

function Row({ account }: { account: Account }) {
  return (
    <li>
      <a
        href={`#users/${account.id}`}
        className="flex flex-wrap items-center gap-x-3 gap-y-0.5 px-4 py-3 -outline-offset-2 hover:bg-sunken"
      >
        <span className="min-w-0 flex-1 truncate font-medium">{account.username}</span>
        <AccountTags account={account} />
        <span className="w-full text-sm text-muted sm:w-44 sm:text-right">since {longDate(account.created_at)}</span>
      </a>
    </li>
  );
}

export function AccountTags({ account }: { account: Account }) {
  return (
    <span className="flex gap-1.5">
      {account.role === 'admin' && <Tag tone="accent">Admin</Tag>}
      {account.disabled && <Tag tone="danger">Disabled</Tag>}
    </span>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const session = useSession();
  const cache = useQueryClient();
  const id = useId();
  const [isAdmin, setAdmin] = useState(false);
  const create = useMutation({
    mutationFn: (name: string) => createAccount(session, name, isAdmin ? 'admin' : 'user'),
    onSuccess: () => void cache.invalidateQueries({ queryKey: ['accounts'] }),
  });
  if (create.data) {
    const { username, password } = create.data;
    return <SecretDialog title={`The password of ${username}`} secret={password} what="password" onClose={onClose} />;
  }
  return (
    <TextDialog
      title="Create a user"
      label="Username"
      maxLength={64}
      verb="Create"
      work={create}
      onText={create.mutate}
      onClose={onClose}
    >
      <label htmlFor={id} className="flex items-center gap-2.5 text-sm">
        <input
          id={id}
          type="checkbox"
          className="size-4 accent-accent"
          checked={isAdmin}
          onChange={(event) => setAdmin(event.target.checked)}
        />
        May administrate
      </label>
      <p className="text-sm text-muted">A password is made, and shown once.</p>
    </TextDialog>
  );
}
