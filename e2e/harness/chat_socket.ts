import WebSocket, { type ClientOptions, type RawData } from 'ws';
import { patienceMs, signal, within } from './deadline.ts';
import { token } from './gateway.ts';
import type { ClientFrame, ErrorPayload, FrameOf, ServerFrame } from './protocol.ts';

export const fullDialect = 'sluice.v1';

/** An upgrade that the server answered with something else than 101. */
export class HandshakeRefused extends Error {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;

  constructor(status: number, headers: Record<string, string | string[] | undefined>, body: string) {
    super(`the handshake was answered with ${status}: ${body}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get error(): ErrorPayload & { request_id: string } {
    return JSON.parse(this.body).error;
  }
}

export interface Answer {
  text: string;
  reasoning: string;
  /** The deltas in the order in which they came. */
  deltas: FrameOf<'chat'>[];
  end: FrameOf<'done'> | FrameOf<'error'>;
}

export interface ConnectOptions extends ClientOptions {
  bearer?: string;
  protocols?: string[];
}

/** One WebSocket of the npm package `ws`. Frames are kept as they come; waiting for one looks at the past first. */
export class ChatSocket {
  readonly socket: WebSocket;
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #next = 0;
  #closing: { code: number; reason: string } | undefined;
  #waiting: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    const closed = signal<{ code: number; reason: string }>();
    this.closed = closed.promise;
    socket.on('message', (data: RawData, isBinary: boolean) => {
      if (isBinary) throw new Error('the server sent a binary frame');
      this.frames.push(JSON.parse(data.toString()) as ServerFrame);
      this.#wake();
    });
    socket.on('close', (code: number, reason: Buffer) => {
      this.#closing = { code, reason: reason.toString() };
      closed.resolve(this.#closing);
      this.#wake();
    });
    socket.on('error', () => {}); // 'close' follows
  }

  /** Opens a socket with a bearer token in its header: by default the fixed token of user `demo`. */
  static async connect(
    url: string,
    { bearer = token, protocols = [], ...options }: ConnectOptions = {},
  ): Promise<ChatSocket> {
    const headers = bearer ? { Authorization: `Bearer ${bearer}`, ...options.headers } : options.headers;
    const chat = new ChatSocket(new WebSocket(url, protocols, { ...options, headers }));
    const opened = signal();
    chat.socket.once('open', () => opened.resolve());
    chat.socket.once('error', opened.reject);
    chat.socket.once('unexpected-response', (_, response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('end', () => opened.reject(new HandshakeRefused(response.statusCode ?? 0, response.headers, body)));
    });
    await within(`a WebSocket at ${url}`, opened.promise);
    return chat;
  }

  /** A socket that speaks `sluice.v1`, past its `hello`. */
  static async connectFull(url: string, options: ConnectOptions = {}): Promise<ChatSocket> {
    const chat = await ChatSocket.connect(url, { ...options, protocols: [fullDialect] });
    const hello = await chat.next();
    if (hello.type !== 'hello') throw new Error(`expected hello, got ${JSON.stringify(hello)}`);
    return chat;
  }

  send(frame: ClientFrame): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The next frame in the order of arrival. */
  async next(ms: number = patienceMs): Promise<ServerFrame> {
    const index = this.#next++;
    return this.#at('the next frame', () => this.frames[index], ms);
  }

  /** The first frame of this type (and id), whether it has come already or not. */
  async first<Type extends ServerFrame['type']>(
    type: Type,
    id?: string,
    ms: number = patienceMs,
  ): Promise<FrameOf<Type>> {
    const matches = (frame: ServerFrame): boolean => frame.type === type && (id === undefined || frame.id === id);
    return this.#at(`${type} ${id ?? ''}`, () => this.frames.find(matches) as FrameOf<Type> | undefined, ms);
  }

  /** Waits until `count` numbered or unnumbered deltas have come under `id`. */
  async deltas(count: number, id?: string, ms: number = patienceMs): Promise<FrameOf<'chat'>[]> {
    return this.#at(
      `${count} deltas`,
      () => {
        const deltas = this.#deltas(id);
        return deltas.length >= count ? deltas : undefined;
      },
      ms,
    );
  }

  /** The whole answer to the request `id` (or to the only one of a basic socket). */
  async answer(id?: string, ms: number = patienceMs): Promise<Answer> {
    const end = await this.#at(
      `the end of ${id ?? 'the answer'}`,
      () => this.frames.find((frame) => isEnd(frame) && frame.id === id),
      ms,
    );
    const deltas = this.#deltas(id);
    const all = (type: 'text' | 'reasoning'): string =>
      deltas
        .filter((delta) => delta.payload.type === type)
        .map((delta) => delta.payload.content)
        .join('');
    return { text: all('text'), reasoning: all('reasoning'), deltas, end: end as Answer['end'] };
  }

  /** Asks and waits for the whole answer. On a basic socket: one at a time. */
  async ask(content: string, options: { model?: string; id?: string; max_tokens?: number } = {}): Promise<Answer> {
    const { id, ...settings } = options;
    if (id === undefined) this.forget();
    this.send({ type: 'chat', ...(id === undefined ? {} : { id }), payload: { content, ...settings } });
    return this.answer(id);
  }

  /** Sends what is not a frame of the protocol and returns the error that answers it. */
  async refused(raw: string | Buffer): Promise<ErrorPayload> {
    this.forget();
    this.socket.send(raw, { binary: false });
    return (await this.first('error')).payload;
  }

  /** Proof that the socket still works. */
  async pings(): Promise<void> {
    this.forget();
    this.send({ type: 'ping' });
    await this.first('pong');
  }

  forget(): void {
    this.frames.length = 0;
    this.#next = 0;
  }

  async close(): Promise<void> {
    this.socket.close(1000);
    await within('the close of a socket', this.closed);
  }

  /** Cuts the TCP connection without a close frame. */
  cut(): void {
    this.socket.terminate();
  }

  #deltas(id?: string): FrameOf<'chat'>[] {
    return this.frames.filter((frame): frame is FrameOf<'chat'> => frame.type === 'chat' && frame.id === id);
  }

  async #at<T>(what: string, look: () => T | undefined, ms: number): Promise<T> {
    const search = async (): Promise<T> => {
      for (;;) {
        const found = look();
        if (found !== undefined) return found;
        if (this.#closing) throw new Error(`the socket closed with ${JSON.stringify(this.#closing)}`);
        const { promise, resolve } = signal();
        this.#waiting.push(resolve);
        await promise;
      }
    };
    try {
      return await within(what, search(), ms);
    } catch (error) {
      throw new Error(`${String(error)} (${what}); last frames: ${JSON.stringify(this.frames.slice(-5))}`);
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function isEnd(frame: ServerFrame): boolean {
  return frame.type === 'done' || frame.type === 'error';
}
