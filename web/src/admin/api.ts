import type { ApiKey, CreatedKey } from '../api/account.ts';
import type { Session } from '../api/session.ts';

// docs/admin.md says what each of these means.

export interface Account {
  id: string;
  username: string;
  role: 'user' | 'admin';
  disabled: boolean;
  created_at: string;
}

export interface AccountPage {
  users: Account[];
  next_cursor: string | null;
}

export interface Sums {
  requests: number;
  failed: number;
  input_tokens: number;
  output_tokens: number;
  source: string;
}

export type Grouping = 'day' | 'user' | 'model' | 'provider';

export interface UsageRow extends Sums {
  day?: string;
  user_id?: string;
  username?: string | null;
  model?: string;
  provider?: string;
}

export interface UsageReport {
  from: string;
  to: string;
  usage: UsageRow[];
  total: Sums;
  truncated: boolean;
}

export interface Node {
  id: string;
  role: string;
  address: string | null;
  version: string;
  started_at: string;
  connections: number | null;
  generations: number | null;
}

export interface AuditEvent {
  id: string;
  at: string;
  actor: { id: string; name: string };
  address: string;
  action: string;
  target: { id: string | null; name: string | null };
  details: string;
  outcome: 'begun' | 'done' | 'refused';
  problem: string | null;
}

export interface AuditPage {
  events: AuditEvent[];
  next_cursor: string | null;
}

const base = '/admin/api/v1';
const of = (id: string): string => `${base}/users/${encodeURIComponent(id)}`;

const query = (fields: Record<string, string | undefined>): string => {
  const given = Object.entries(fields).filter((field): field is [string, string] => Boolean(field[1]));
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
};

export const listAccounts = (session: Session, search: string, cursor?: string): Promise<AccountPage> =>
  session.call(`${base}/users${query({ query: search, cursor })}`);

export const readAccount = (session: Session, id: string): Promise<Account> => session.call(of(id));

export const createAccount = (
  session: Session,
  username: string,
  role: Account['role'],
): Promise<Account & { password: string }> =>
  session.call(`${base}/users`, { method: 'POST', body: { username, role } });

export const changeAccount = (
  session: Session,
  id: string,
  change: { role: Account['role'] } | { disabled: boolean },
): Promise<Account> => session.call(of(id), { method: 'PATCH', body: change });

export const resetPassword = async (session: Session, id: string): Promise<string> =>
  (await session.call<{ password: string }>(`${of(id)}/password`, { method: 'POST' })).password;

export const endSessions = (session: Session, id: string): Promise<void> =>
  session.call(`${of(id)}/logout`, { method: 'POST' });

export const listKeysOf = async (session: Session, id: string): Promise<ApiKey[]> =>
  (await session.call<{ keys: ApiKey[] }>(`${of(id)}/keys`)).keys;

export const createKeyFor = (session: Session, id: string, name: string): Promise<CreatedKey> =>
  session.call(`${of(id)}/keys`, { method: 'POST', body: { name } });

export const revokeKeyOf = (session: Session, id: string, keyId: string): Promise<void> =>
  session.call(`${of(id)}/keys/${encodeURIComponent(keyId)}`, { method: 'DELETE' });

export const readUsage = (session: Session, from: string, to: string, by: Grouping[]): Promise<UsageReport> =>
  session.call(`${base}/usage${query({ from, to, by: by.join(',') })}`);

export const listNodes = async (session: Session): Promise<Node[]> =>
  (await session.call<{ nodes: Node[] }>(`${base}/nodes`)).nodes;

export const listAudit = (session: Session, target?: string, cursor?: string): Promise<AuditPage> =>
  session.call(`${base}/audit${query({ target_id: target, cursor })}`);
