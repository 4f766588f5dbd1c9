import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { createKey, listKeys, revokeKey, type ApiKey, type CreatedKey } from '../api/account.ts';
import { messageOf } from '../api/http.ts';
import { useServices } from '../services.tsx';
import { Alert, Button, CopyButton, Field } from '../ui/controls.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { longDate, Section } from './settings_page.tsx';

export function ApiKeys() {
  const { session } = useServices();
  const [isCreating, setCreating] = useState(false);
  const [revoked, setRevoked] = useState<ApiKey>();
  const keys = useQuery({ queryKey: ['keys'], queryFn: () => listKeys(session) });
  return (
    <Section
      title="API keys"
      about={`For programs: an OpenAI SDK with the base URL ${location.origin}/v1 and one of these.`}
    >
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
      {isCreating && <CreateDialog onClose={() => setCreating(false)} />}
      {revoked && <RevokeDialog apiKey={revoked} onClose={() => setRevoked(undefined)} />}
    </Section>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const { session } = useServices();
  const cache = useQueryClient();
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: () => createKey(session, name.trim()),
    onSuccess: () => void cache.invalidateQueries({ queryKey: ['keys'] }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  if (create.data) return <SecretDialog created={create.data} onClose={onClose} />;
  return (
    <Dialog title="Create an API key" onClose={onClose}>
      <form className="grid gap-4" onSubmit={submit}>
        <Field
          label="Name"
          value={name}
          maxLength={100}
          autoFocus
          placeholder="What it is for"
          onChange={(event) => setName(event.target.value)}
        />
        {create.error && <Alert>{messageOf(create.error)}</Alert>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={name.trim() === '' || create.isPending}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function SecretDialog({ created, onClose }: { created: CreatedKey; onClose: () => void }) {
  return (
    <Dialog title={`The key “${created.name}”`} onClose={onClose}>
      <p className="text-sm text-muted">Copy it now: it will not be shown again.</p>
      <div className="flex items-center gap-1 rounded-lg border border-line bg-code py-1 pr-1 pl-3">
        <code className="min-w-0 flex-1 font-mono text-sm break-all" data-part="secret">
          {created.key}
        </code>
        <CopyButton text={created.key} label="Copy the key" />
      </div>
      <div className="flex justify-end">
        <Button look="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}

function RevokeDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const { session } = useServices();
  const cache = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => revokeKey(session, apiKey.id),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: ['keys'] });
      onClose();
    },
  });
  return (
    <Dialog title="Revoke the key?" onClose={onClose}>
      <p className="text-muted wrap-anywhere">
        Programs that use “{apiKey.name}” will be refused from now on. This cannot be undone.
      </p>
      {revoke.error && <Alert>{messageOf(revoke.error)}</Alert>}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose} autoFocus>
          Cancel
        </Button>
        <Button look="danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke
        </Button>
      </div>
    </Dialog>
  );
}
