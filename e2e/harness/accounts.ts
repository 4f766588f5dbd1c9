import { expect } from 'vitest';
import type { Gateway } from './gateway.ts';

export interface Login {
  token: string;
  username: string;
  role: string;
  expires_at: string;
  refresh_token: string;
}

export interface Reply<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface CallOptions {
  method?: string;
  bearer?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export const password = 'korrekt pferd 7 Batterie';

type Entrance = Pick<Gateway, 'url' | 'logs' | 'said'>;

/** Accounts of one gateway, over plain HTTP. What it is given in secret is remembered, to be looked for in the log. */
export class Accounts {
  readonly gateway: Entrance;
  readonly secrets = new Set<string>([password]);

  constructor(gateway: Entrance) {
    this.gateway = gateway;
  }

  async call<Body = any>(path: string, { method, bearer, body, headers }: CallOptions = {}): Promise<Reply<Body>> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${this.gateway.url}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      body: text,
    });
    const answer = await response.text();
    const parsed = answer === '' ? undefined : JSON.parse(answer);
    for (const name of ['token', 'refresh_token', 'key', 'ticket']) {
      if (typeof parsed?.[name] === 'string') this.secrets.add(parsed[name]);
    }
    return { status: response.status, headers: response.headers, body: parsed };
  }

  post<Body = any>(path: string, body: unknown = {}, options: CallOptions = {}): Promise<Reply<Body>> {
    return this.call(path, { method: 'POST', body, ...options });
  }

  /** A new account, signed in. */
  async signUp(username: string): Promise<Login> {
    const made = await this.post('/register', { username, password });
    expect(made).toMatchObject({ status: 200, body: { user_id: expect.stringMatching(/^usr_/) } });
    return this.signIn(username);
  }

  async signIn(username: string): Promise<Login> {
    const signed = await this.post<Login>('/login', { username, password });
    expect(signed.status).toBe(200);
    return signed.body;
  }

  async makeKey(bearer: string, name = 'test'): Promise<{ id: string; name: string; prefix: string; key: string }> {
    const made = await this.post('/v1/keys', { name }, { bearer });
    expect(made.status).toBe(201);
    return made.body;
  }

  async makeTicket(bearer: string): Promise<string> {
    const made = await this.post('/v1/ws-tickets', {}, { bearer });
    expect(made).toMatchObject({ status: 201, body: { expires_at: expect.stringMatching(/Z$/) } });
    return made.body.ticket;
  }

  /** Call it when all is done: nothing that was given in secret may stand in the log or on the terminal. */
  expectNoSecretsLogged(): void {
    for (const log of this.gateway.logs) {
      for (const secret of this.secrets) expect(log).not.toContain(secret);
    }
  }
}

/** The log as talkative as it can be. */
export const traced = { SLUICE_TELEMETRY__LOG_LEVEL: 'trace' };
