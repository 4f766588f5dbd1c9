import { fullJitterMs, usualBackoff, type BackoffSettings } from './backoff.ts';
import { CredentialsRefused } from './errors.ts';
import { closeCode, parseFrame, subprotocol, type Hello, type ServerFrame } from './protocol.ts';

/** What is used of a WebSocket: the browser's, Node's own, and npm's `ws` have it. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown } & never) => void) | null;
  onclose: ((event: { code: number; reason: string } & never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export interface TicketRequest {
  /** The session's credentials were refused (4401): do not answer from memory. */
  fresh: boolean;
}

export interface ConnectionOptions {
  /** `ws:`, `wss:`, `http:` or `https:`, for example `https://ai.example.org/chat`. */
  url: string | URL;
  /** A new single-use ticket for each connect. Throws `CredentialsRefused` when the user has to sign in again. */
  ticket?: (why: TicketRequest) => Promise<string>;
  /** Opens the socket; by default the global `WebSocket`. With npm's `ws`: the place for an Authorization header. */
  open?: (url: string, protocols: string[]) => WebSocketLike;
  backoff?: BackoffSettings;
  /** For ticket, handshake and `hello` together. */
  connectTimeoutMs?: number;
  /** How long a server may take to answer a ping. */
  pongTimeoutMs?: number;
  /** Where `online`, `offline`, `pageshow` and `visibilitychange` come from; by default the window, if there is one. */
  events?: EventTarget;
  random?: () => number;
}

export type ConnectionState =
  | { name: 'idle' }
  | { name: 'connecting'; attempt: number }
  | { name: 'open'; hello: Hello }
  | { name: 'waiting'; attempt: number; until: number; reason: string }
  | { name: 'signed_out' }
  | { name: 'closed' };

export interface ConnectionHandlers {
  state(state: ConnectionState): void;
  frame(frame: ServerFrame): void;
  /** An open socket is gone; with a code if it was closed. What was sent on it and not answered may have arrived. */
  lost(code?: number): void;
}

// A connection that lasted this long was a good one: the next wait begins small again.
const stableMs = 5_000;
// After these the server wants to be left alone for longer than after a broken line.
const overloadedAttempt = 3;

/** Keeps one socket open, and opens the next when it breaks. Knows nothing of what is said on it but `hello`. */
export class Connection {
  state: ConnectionState = { name: 'idle' };
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #leaveEvents: () => void;
  #socket: WebSocketLike | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #openedAt = 0;
  #epoch = 0; // of the attempt that counts: what an earlier one still says is not heard
  #needsFresh = false;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#leaveEvents = this.#watchNetwork();
  }

  /** Begins, or begins at once what was waiting. */
  connect(): void {
    const { name } = this.state;
    if (name === 'idle' || name === 'waiting' || name === 'signed_out') void this.#attemptOnce();
  }

  /** Whether it was handed to a socket; not whether it arrived. */
  send(frame: string): boolean {
    if (this.state.name !== 'open' || !this.#socket) return false;
    try {
      this.#socket.send(frame);
      return true;
    } catch {
      return false;
    }
  }

  /** Leaves this socket for a new one, at once. */
  renew(reason: string): void {
    if (this.state.name === 'open') this.#lose(reason, 0);
  }

  /** Asks the server for a sign of life, and takes the line for broken if none comes. */
  probe(): void {
    if (this.state.name !== 'open') return;
    this.send('{"type":"ping"}');
    clearTimeout(this.#heartbeat);
    this.#heartbeat = setTimeout(() => this.#lose('the server is silent', 0), this.#options.pongTimeoutMs ?? 10_000);
  }

  close(): void {
    this.#leaveEvents();
    this.#drop();
    this.#enter({ name: 'closed' });
  }

  async #attemptOnce(): Promise<void> {
    this.#drop();
    const epoch = this.#epoch;
    this.#enter({ name: 'connecting', attempt: this.#attempt });
    this.#timer = setTimeout(
      () => this.#lose('the server took too long to answer'),
      this.#options.connectTimeoutMs ?? 15_000,
    );
    const url = new URL(this.#options.url);
    url.protocol = url.protocol.replace(/^http/, 'ws');
    try {
      if (this.#options.ticket) {
        const ticket = await this.#options.ticket({ fresh: this.#needsFresh });
        if (epoch !== this.#epoch) return;
        this.#needsFresh = false;
        url.searchParams.set('ticket', ticket);
      }
      this.#listen(this.#open(url.href), epoch);
    } catch (error) {
      if (epoch !== this.#epoch) return;
      if (error instanceof CredentialsRefused) return this.#signOut();
      this.#lose(error instanceof Error ? error.message : String(error));
    }
  }

  #open(url: string): WebSocketLike {
    const { open } = this.#options;
    return open ? open(url, [subprotocol]) : (new WebSocket(url, [subprotocol]) as unknown as WebSocketLike);
  }

  #listen(socket: WebSocketLike, epoch: number): void {
    this.#socket = socket;
    socket.onerror = () => {}; // `close` follows
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (epoch === this.#epoch && typeof data === 'string') this.#hear(data);
    };
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
      if (epoch === this.#epoch) this.#closed(code, reason);
    };
  }

  #hear(text: string): void {
    const frame = parseFrame(text);
    if (!frame) return;
    if (frame.type === 'hello') {
      clearTimeout(this.#timer);
      this.#openedAt = Date.now();
      this.#enter({ name: 'open', hello: frame.payload });
    }
    this.#expectHeartbeat();
    this.#handlers.frame(frame);
  }

  #expectHeartbeat(): void {
    clearTimeout(this.#heartbeat);
    if (this.state.name !== 'open') return;
    const seconds = this.state.hello.heartbeat_s || 30;
    this.#heartbeat = setTimeout(() => this.probe(), seconds * 1000);
  }

  #closed(code: number, reason: string): void {
    const words = reason || `closed with ${code}`;
    if (code === closeCode.sessionOver) {
      if (!this.#options.ticket) return this.#signOut();
      this.#needsFresh = true;
      return this.#lose(words, this.#attempt === 0 ? 0 : undefined);
    }
    if (code === closeCode.overloaded || code === closeCode.capReached) {
      this.#attempt = Math.max(this.#attempt, overloadedAttempt);
    }
    this.#lose(words, undefined, code);
  }

  #signOut(): void {
    const wasOpen = this.state.name === 'open';
    this.#drop();
    this.#needsFresh = true;
    this.#enter({ name: 'signed_out' });
    if (wasOpen) this.#handlers.lost();
  }

  // Gives the socket up and waits `waitMs` (by default as the backoff says) before the next.
  #lose(reason: string, waitMs?: number, code?: number): void {
    const wasOpen = this.state.name === 'open';
    if (wasOpen && Date.now() - this.#openedAt >= stableMs) this.#attempt = 0;
    this.#drop();
    const { backoff = usualBackoff, random = Math.random } = this.#options;
    const wait = waitMs ?? fullJitterMs(this.#attempt, backoff, random);
    this.#enter({ name: 'waiting', attempt: this.#attempt, until: Date.now() + wait, reason });
    ++this.#attempt;
    this.#timer = setTimeout(() => void this.#attemptOnce(), wait);
    if (wasOpen) this.#handlers.lost(code);
  }

  #drop(): void {
    ++this.#epoch;
    clearTimeout(this.#timer);
    clearTimeout(this.#heartbeat);
    const socket = this.#socket;
    this.#socket = undefined;
    try {
      socket?.close(closeCode.normal);
    } catch {
      // it was not open yet, or no longer
    }
  }

  #enter(state: ConnectionState): void {
    this.state = state;
    this.#handlers.state(state);
  }

  // `offline` may be wrong about a server on this machine, so it only makes us look; `online` is worth an attempt.
  #watchNetwork(): () => void {
    const events = this.#options.events ?? ('addEventListener' in globalThis ? globalThis : undefined);
    const look = (): void => {
      if (this.state.name === 'waiting') this.connect();
      else this.probe();
    };
    const names = ['online', 'offline', 'pageshow', 'visibilitychange'];
    for (const name of names) events?.addEventListener(name, look);
    return () => {
      for (const name of names) events?.removeEventListener(name, look);
    };
  }
}
