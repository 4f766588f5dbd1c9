import { keys, type Gateway } from '../harness/gateway.ts';
import type { Usage } from '../harness/protocol.ts';

export interface Card {
  id: string;
  title: string;
  archived: boolean;
  created_at: string;
  updated_at: string;
  live_generation_id: string | null;
}

export interface Message {
  id: string;
  parent_id: string | null;
  role: string;
  content: { type: string; text?: string }[];
  model: string | null;
  usage: Usage | null;
  status: string;
  generation_id: string | null;
  created_at: string;
}

export interface Tree extends Card {
  messages: Message[];
  next_cursor: string | null;
}

export interface Page {
  conversations: Card[];
  next_cursor: string | null;
}

export interface Generation {
  id: string;
  status: string;
  conversation_id: string | null;
  message_id: string | null;
  model: string;
  provider: string;
  text: string;
  usage: Usage | null;
  attempts: number;
}

export interface UsageRow {
  day: string;
  model: string;
  provider: string;
  requests: number;
  failed: number;
  tokens: Usage;
}

export interface Failure {
  error: { code: number; type: string; message: string; param?: string | null; request_id: string };
}

/** Calls our HTTP API as one of the fixed users. */
export class Client {
  readonly #url: string;
  readonly #bearer: string;

  constructor(gateway: Pick<Gateway, 'url'>, bearer: string = keys.alice) {
    this.#url = gateway.url;
    this.#bearer = bearer;
  }

  call(method: string, path: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#bearer}` };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    return fetch(this.#url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  /** The body of a call that must succeed. */
  async get<T>(path: string): Promise<T> {
    const response = await this.call('GET', path);
    const text = await response.text();
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async refused(method: string, path: string, body?: unknown): Promise<Failure['error'] & { status: number }> {
    const response = await this.call(method, path, body);
    return { ...((await response.json()) as Failure).error, status: response.status };
  }

  conversation(id: string): Promise<Tree> {
    return this.get(`/v1/conversations/${id}?limit=1000`);
  }
}

export const words = ({ content }: Message): string => content.map(({ text }) => text ?? '').join('');
