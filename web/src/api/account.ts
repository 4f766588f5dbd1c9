import type { Session } from './session.ts';

export interface Me {
  user_id: string;
  username: string;
  role: string;
  created_at: string;
}

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  created_at: string;
  last_used_at: string | null;
}

export interface CreatedKey extends ApiKey {
  /** Never to be had again. */
  key: string;
}

export const readMe = (session: Session): Promise<Me> => session.call('/v1/me');

export const listKeys = async (session: Session): Promise<ApiKey[]> =>
  (await session.call<{ keys: ApiKey[] }>('/v1/keys')).keys;

export const createKey = (session: Session, name: string): Promise<CreatedKey> =>
  session.call('/v1/keys', { method: 'POST', body: { name } });

export const revokeKey = (session: Session, id: string): Promise<void> =>
  session.call(`/v1/keys/${encodeURIComponent(id)}`, { method: 'DELETE' });

export const changePassword = (session: Session, oldPassword: string, newPassword: string): Promise<void> =>
  session.call('/v1/me/password', {
    method: 'PUT',
    body: { old_password: oldPassword, new_password: newPassword },
  });

export const listModels = async (session: Session): Promise<string[]> =>
  (await session.call<{ data: { id: string }[] }>('/v1/models')).data.map(({ id }) => id);

export const makeTicket = async (session: Session): Promise<string> =>
  (await session.call<{ ticket: string }>('/v1/ws-tickets', { method: 'POST' })).ticket;
