import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { signal } from './deadline.ts';
import { join, type Spoken } from './openai_client.ts';

/** One request and what the server behind the proxy wrote in answer to it. */
export class Recorded {
  readonly prompt: string;
  readonly isStreamed: boolean;
  /** Settles when the exchange is over, however it ended. */
  readonly over = signal();
  body = '';

  constructor(sent: string) {
    const { messages, stream } = JSON.parse(sent) as { messages: { content: string }[]; stream?: boolean };
    this.prompt = messages.at(-1)!.content;
    this.isStreamed = stream === true;
  }

  /** What was said so far, read independently of the gateway. */
  get spoken(): Spoken {
    if (!this.isStreamed) {
      const { choices } = JSON.parse(this.body);
      const [{ message, finish_reason }] = choices;
      return join([{ choices: [{ index: 0, delta: message, finish_reason }] } as unknown as ChatCompletionChunk]);
    }
    const events = this.body.split(/\r?\n\r?\n/).filter((event) => event.startsWith('data: {'));
    return join(events.map((event) => JSON.parse(event.slice(6)) as ChatCompletionChunk));
  }
}

/** Stands between the gateway and a provider, passes every byte on as it comes, and keeps what was said. */
export class RecordingProxy {
  readonly baseUrl: string;
  readonly recorded: Recorded[] = [];
  readonly #server: Server;
  readonly #target: string;

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.#target = target;
    this.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    server.on('request', (message: IncomingMessage, response: ServerResponse) => {
      let body = '';
      message.setEncoding('utf8').on('data', (text: string) => (body += text));
      message.once('end', () => this.#pass(message, body, response));
    });
  }

  /** `target` is the base URL of the provider, with its `/v1`. */
  static async start(target: string): Promise<RecordingProxy> {
    const server = createServer();
    const listening = signal();
    server.listen(0, '127.0.0.1', () => listening.resolve());
    await listening.promise;
    return new RecordingProxy(server, target);
  }

  of(prompt: string): Recorded {
    const found = this.recorded.find((exchange) => exchange.prompt === prompt);
    if (!found) throw new Error(`nobody asked the provider ${prompt}`);
    return found;
  }

  async stop(): Promise<void> {
    const closed = signal();
    this.#server.close(() => closed.resolve());
    this.#server.closeAllConnections();
    await closed.promise;
  }

  #pass(message: IncomingMessage, body: string, response: ServerResponse): void {
    const exchange = new Recorded(body);
    this.recorded.push(exchange);
    const url = new URL(message.url!.replace(/^\/v1/, ''), 'http://x');
    const upstream = request(`${this.#target}${url.pathname}`, {
      method: message.method,
      headers: { ...message.headers, host: new URL(this.#target).host, 'content-length': Buffer.byteLength(body) },
    });
    upstream.once('response', (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.setEncoding('utf8').on('data', (text: string) => {
        exchange.body += text;
        response.write(text);
      });
      answer.once('end', () => response.end());
      answer.once('error', () => response.destroy());
    });
    upstream.once('error', () => response.destroy());
    response.once('close', () => {
      upstream.destroy(); // the gateway left: so do we
      exchange.over.resolve();
    });
    upstream.end(body);
  }
}
