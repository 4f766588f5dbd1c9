import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { signal, within } from './deadline.ts';

export interface UpstreamUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens?: number;
  prompt_tokens_details?: { cached_tokens?: number };
  completion_tokens_details?: { reasoning_tokens?: number };
}

/** What a gateway is known to send to an OpenAI-compatible provider, as far as tests look at it. */
export interface UpstreamRequest {
  model: string;
  messages: { role: string; content: unknown }[];
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
  max_tokens?: number;
  max_completion_tokens?: number;
  [key: string]: unknown;
}

/** One request that reached the provider; the test decides, byte by byte if it likes, what becomes of it. */
export class ProviderCall {
  readonly request: UpstreamRequest;
  readonly headers: IncomingMessage['headers'];
  readonly path: string;
  /** Resolves once the gateway has closed this connection or the response is finished. */
  readonly gone: Promise<void>;
  readonly #response: ServerResponse;

  constructor(message: IncomingMessage, response: ServerResponse, body: string) {
    this.request = JSON.parse(body) as UpstreamRequest;
    this.headers = message.headers;
    this.path = message.url ?? '';
    this.#response = response;
    const gone = signal();
    this.gone = gone.promise;
    response.once('close', () => gone.resolve());
  }

  /** The connection itself, for what HTTP does not allow. */
  get connection(): Socket {
    return this.#response.socket!;
  }

  get prompt(): string {
    return String(this.request.messages.at(-1)?.content);
  }

  json(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.#response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
  }

  /** A whole answer, not streamed. */
  complete(
    content: string,
    finish_reason = 'stop',
    usage: UpstreamUsage = { prompt_tokens: 1, completion_tokens: 1 },
  ): void {
    this.json(200, {
      ...this.#head('chat.completion'),
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason }],
      usage: { total_tokens: usage.prompt_tokens + usage.completion_tokens, ...usage },
    });
  }

  /** Sends the headers of an event stream; the deltas below do so by themselves. */
  open(): this {
    if (!this.#response.headersSent) {
      this.#response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
      this.#response.flushHeaders();
    }
    return this;
  }

  text(content: string): this {
    return this.delta({ content });
  }

  reasoning(reasoning_content: string): this {
    return this.delta({ reasoning_content });
  }

  delta(delta: Record<string, unknown>, finish_reason: string | null = null): this {
    return this.event({ ...this.#head('chat.completion.chunk'), choices: [{ index: 0, delta, finish_reason }] });
  }

  event(data: unknown): this {
    return this.raw(`data: ${JSON.stringify(data)}\n\n`);
  }

  /** Bytes of the event stream as they are. */
  raw(bytes: string | Buffer): this {
    this.open();
    this.#response.write(bytes);
    return this;
  }

  finish(finish_reason = 'stop', usage?: UpstreamUsage): void {
    this.delta({}, finish_reason);
    if (usage) {
      const total_tokens = usage.prompt_tokens + usage.completion_tokens;
      this.event({ ...this.#head('chat.completion.chunk'), choices: [], usage: { total_tokens, ...usage } });
    }
    this.raw('data: [DONE]\n\n');
    this.#response.end();
  }

  /** Ends the response, properly as far as HTTP is concerned. */
  end(): void {
    this.#response.end();
  }

  /** Cuts the connection with a reset. */
  cut(): void {
    this.connection.resetAndDestroy();
  }

  #head(object: string): Record<string, unknown> {
    return { id: 'chatcmpl-scripted', object, created: 1_790_000_000, model: this.request.model };
  }
}

/** An OpenAI-compatible provider whose every answer is written by the test while it runs. */
export class ScriptedProvider {
  readonly baseUrl: string;
  readonly #server: Server;
  #calls: ProviderCall[] = [];
  #waiting: ((call: ProviderCall) => void)[] = [];
  #handler: ((call: ProviderCall) => void) | undefined;

  private constructor(server: Server, scheme: 'http' | 'https') {
    this.#server = server;
    this.baseUrl = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    server.on('request', (message: IncomingMessage, response: ServerResponse) => {
      let body = '';
      message.setEncoding('utf8').on('data', (text: string) => (body += text));
      message.on('error', () => {}); // the gateway went away while it was asking
      message.once('end', () => this.#take(new ProviderCall(message, response, body)));
    });
  }

  /** With a key and a certificate it speaks TLS. */
  static async start(tls?: { key: string; cert: string }): Promise<ScriptedProvider> {
    const server: Server = tls ? createTlsServer(tls) : createServer();
    const listening = signal();
    server.listen(0, '127.0.0.1', () => listening.resolve());
    await listening.promise;
    return new ScriptedProvider(server, tls ? 'https' : 'http');
  }

  /** The next request that nobody has taken yet. */
  async call(): Promise<ProviderCall> {
    const call = this.#calls.shift();
    if (call) return call;
    const { promise, resolve } = signal<ProviderCall>();
    this.#waiting.push(resolve);
    return within('a request to the provider', promise);
  }

  /** Requests that nobody has taken. */
  get untaken(): number {
    return this.#calls.length;
  }

  /** Has every request answered by `handler` instead of `call()`; `undefined` ends that. */
  always(handler: ((call: ProviderCall) => void) | undefined): void {
    this.#handler = handler;
  }

  async stop(): Promise<void> {
    const closed = signal();
    this.#server.close(() => closed.resolve());
    this.#server.closeAllConnections();
    await closed.promise;
  }

  #take(call: ProviderCall): void {
    if (this.#handler) return this.#handler(call);
    const waiting = this.#waiting.shift();
    if (waiting) waiting(call);
    else this.#calls.push(call);
  }
}

/** An address of this machine where nothing listens. */
export async function nobody(): Promise<string> {
  const provider = await ScriptedProvider.start();
  await provider.stop();
  return provider.baseUrl;
}
