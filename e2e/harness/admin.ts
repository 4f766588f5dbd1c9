import { expect } from 'vitest';
import { Accounts, type CallOptions, type Login, type Reply } from './accounts.ts';
import type { Gateway } from './gateway.ts';

/** What the first start said on the terminal: the account that it made. */
export function firstAdmin(gateway: Pick<Gateway, 'said'>): { username: string; password: string } {
  const told = /The first account is (\S+) with the password (\S+)/.exec(gateway.said);
  if (!told) throw new Error('no first account on the terminal');
  return { username: told[1]!, password: told[2]! };
}

/** An admin of one gateway, over plain HTTP. */
export class Admin {
  readonly accounts: Accounts;
  login: Login;

  private constructor(accounts: Accounts, login: Login) {
    this.accounts = accounts;
    this.login = login;
  }

  /** The one that the first start made. */
  static async first(accounts: Accounts): Promise<Admin> {
    return Admin.signIn(accounts, firstAdmin(accounts.gateway));
  }

  static async signIn(accounts: Accounts, credentials: { username: string; password: string }): Promise<Admin> {
    const signed = await accounts.post<Login>('/login', credentials);
    expect(signed.status).toBe(200);
    return new Admin(accounts, signed.body);
  }

  call<Body = any>(path: string, options: CallOptions = {}): Promise<Reply<Body>> {
    return this.accounts.call<Body>(`/admin/api/v1${path}`, { bearer: this.login.token, ...options });
  }

  /** A new account of that role, signed in. */
  async make(username: string, role: 'user' | 'admin' = 'user'): Promise<{ id: string; admin: Admin }> {
    const made = await this.call('/users', { body: { username, role } });
    expect(made.status).toBe(201);
    this.accounts.secrets.add(made.body.password);
    return { id: made.body.id, admin: await Admin.signIn(this.accounts, made.body) };
  }
}
