import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiKey, CreatedKey } from '../api/account.ts';
import { messageOf } from '../api/http.ts';
import { ConfirmDialog, SecretDialog, TextDialog } from '../ui/ask_dialogs.tsx';
import { Alert, Button } from '../ui/controls.tsx';
import { longDate } from '../ui/dates.ts';

/** Whose keys they are, and how they are asked for. */
export interface KeyOwner {
  queryKey: string[];
  list: () => Promise<ApiKey[]>;
  create: (name: string) => Promise<CreatedKey>;
  revoke: (id: string) => Promise<void>;
}

export function KeyList({ owner }: { owner: KeyOwner }) {
  const [isCreating, setCreating] = useState(false);
  const [revoked, setRevoked] = useState<ApiKey>();
  const keys = useQuery({ queryKey: owner.queryKey, queryFn: owner.list });
  return (
    <>
      {keys.error && <Alert>{messageOf(keys.error)}</Alert>}
      {keys.data?.length === 0 && <p className="text-sm text-muted">There are none yet.</p>}
      {keys.data && keys.data.length > 0 && (
        <ul className="divide-y divide-line rounded-xl border border-line">
          {keys.data.map((key) => (
            <li key={key.id} className="flex items-center gap-3 py-2.5 pr-2 pl-4">
              <div className="min-w-0 flex-1">
                <p className="truncate font-medium">{key.name}</p>
                <p className="text-sm text-muted">
                  <code className="font-mono text-xs">{key.prefix}…</code> · {longDate(key.created_at)} ·{' '}
                  {key.last_used_at ? `last used ${longDate(key.last_used_at)}` : 'never used'}
                </p>
              </div>
              <Button
                look="quiet"
                className="text-danger!"
                aria-label={`Revoke ${key.name}`}
                onClick={() => setRevoked(key)}
              >
                Revoke
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div>
        <Button onClick={() => setCreating(true)}>Create a key</Button>
      </div>
      {isCreating && <CreateDialog owner={owner} onClose={() => setCreating(false)} />}
      {revoked && <RevokeDialog owner={owner} apiKey={revoked} onClose={() => setRevoked(undefined)} />}
    </>
  );
}

function CreateDialog({ owner, onClose }: { owner: KeyOwner; onClose: () => void }) {
  const cache = useQueryClient();
  const create = useMutation({
    mutationFn: owner.create,
    onSuccess: () => void cache.invalidateQueries({ queryKey: owner.queryKey }),
  });
  if (create.data) {
    const { name, key } = create.data;
    return <SecretDialog title={`The key “${name}”`} secret={key} what="key" onClose={onClose} />;
  }
  return (
    <TextDialog
      title="Create an API key"
      label="Name"
      placeholder="What it is for"
      maxLength={64}
      verb="Create"
      work={create}
      onText={create.mutate}
      onClose={onClose}
    />
  );
}

function RevokeDialog({ owner, apiKey, onClose }: { owner: KeyOwner; apiKey: ApiKey; onClose: () => void }) {
  const cache = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => owner.revoke(apiKey.id),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: owner.queryKey });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title="Revoke the key?"
      verb="Revoke"
      work={revoke}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      Programs that use “{apiKey.name}” will be refused from now on. This cannot be undone.
    </ConfirmDialog>
  );
}
