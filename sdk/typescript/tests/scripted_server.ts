import { vi } from 'vitest';
import { SluiceClient, type SluiceClientOptions, type WebSocketLike } from '../src/index.ts';

type Frame = Record<string, unknown> & { type: string; id?: string; payload?: unknown };

/** The other end of one socket, in the hands of the test. */
export class ScriptedSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readonly url: URL;
  readonly protocols: string[];
  readonly sent: Frame[] = [];
  /** Set once the client has let go of it. */
  closedByClient = false;

  constructor(url: string, protocols: string[]) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Frame);
  }

  close(): void {
    this.closedByClient = true;
  }

  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }

  hello(limits: Record<string, number> = {}): void {
    this.says({
      type: 'hello',
      payload: { connection_id: 'c', user: {}, limits, heartbeat_s: 30, resume_window_s: 300, models: ['mock'] },
    });
  }

  breaks(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason } as never);
  }

  /** What came last from the client, of this type. */
  last(type: string): Frame {
    const found = this.sent.findLast((frame) => frame.type === type);
    if (!found) throw new Error(`no ${type} among ${JSON.stringify(this.sent)}`);
    return found;
  }

  count(type: string): number {
    return this.sent.filter((frame) => frame.type === type).length;
  }
}

/** Frames of one generation, numbered as a server numbers them. */
export class ScriptedGeneration {
  readonly id: string;
  seq: number;

  constructor(id = 'gen_1', seq = 0) {
    this.id = id;
    this.seq = seq;
  }

  started(request: Frame): object {
    const payload = { conversation_id: 'conv_1', message_id: 'msg_1', model: 'mock', provider: 'mock' };
    return { type: 'started', id: request.id, generation_id: this.id, payload };
  }

  text(request: Frame, content: string, type: 'text' | 'reasoning' = 'text'): object {
    return this.#numbered(request, 'chat', { content, type, model: 'mock' });
  }

  tool(request: Frame, payload: object): object {
    return this.#numbered(request, 'tool_call', payload);
  }

  rewind(request: Frame, text: number, reasoning = 0, tool_calls: number[] = []): object {
    return this.#numbered(request, 'rewind', { keep: { text, reasoning, tool_calls }, reason: 'retry' });
  }

  done(request: Frame, status = 'completed'): object {
    return this.#numbered(request, 'done', { status, finish_reason: 'stop' });
  }

  #numbered(request: Frame, type: string, payload: object): object {
    return { type, id: request.id, generation_id: this.id, seq: ++this.seq, payload };
  }
}

/** A client whose sockets end here, on a clock that the test turns. */
export class Stage {
  readonly sockets: ScriptedSocket[] = [];
  readonly events = new EventTarget();
  readonly states: string[] = [];
  readonly client: SluiceClient;

  constructor(options: Partial<SluiceClientOptions> = {}) {
    this.client = new SluiceClient({
      url: 'https://sluice.example/chat',
      open: (url, protocols) => {
        const socket = new ScriptedSocket(url, protocols);
        this.sockets.push(socket);
        return socket;
      },
      events: this.events,
      random: () => 0.5,
      backoff: { firstMs: 1000, longestMs: 8000 },
      ...options,
    });
    this.client.on('state', ({ name }) => this.states.push(name));
  }

  get socket(): ScriptedSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('the client has opened no socket');
    return socket;
  }

  /** Lets promises settle and the clock go on. */
  async pass(ms = 0): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }

  /** The socket that the client has opened by now, past its `hello`. */
  async opened(limits: Record<string, number> = {}): Promise<ScriptedSocket> {
    this.client.connect();
    await this.pass();
    this.socket.hello(limits);
    return this.socket;
  }

  /** Breaks the line and has the next one opened. */
  async reconnected(code = 1006): Promise<ScriptedSocket> {
    const before = this.sockets.length;
    this.socket.breaks(code);
    for (let waited = 0; this.sockets.length === before && waited < 60_000; waited += 100) await this.pass(100);
    if (this.sockets.length === before) throw new Error('no new socket');
    this.socket.hello();
    await this.pass();
    return this.socket;
  }
}
