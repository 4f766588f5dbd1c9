import { Answer } from './answer.ts';
import { fullJitterMs, usualBackoff } from './backoff.ts';
import { Connection, type ConnectionOptions, type ConnectionState } from './connection.ts';
import { clientClosed, signedOut, SluiceError } from './errors.ts';
import { makeKey } from './idempotency_key.ts';
import { Listeners } from './listeners.ts';
import type { ChatRequest, Hello, Notice, Problem, ServerFrame } from './protocol.ts';

export type SluiceClientOptions = ConnectionOptions;

export interface ClientEvents {
  state: ConnectionState;
  notice: Notice;
  /** An error that answers no request of this client. */
  error: Problem;
}

/** `uncertain`: it was sent on a socket which broke before the server said that it took it. */
type Phase = 'queued' | 'sent' | 'uncertain' | 'live' | 'resumed' | 'resting';

interface Exchange {
  readonly id: string;
  readonly answer: Answer;
  readonly request: ChatRequest | undefined;
  phase: Phase;
  mayHaveArrived: boolean;
  isCancelled: boolean;
  attempt: number;
}

/**
 * Many answers over one WebSocket that is there whenever it can be. An answer that was begun goes on over any number
 * of broken connections: nothing is lost, nothing comes twice, nothing is asked twice.
 */
export class SluiceClient {
  readonly #options: SluiceClientOptions;
  readonly #connection: Connection;
  readonly #exchanges = new Map<string, Exchange>();
  readonly #listeners = new Listeners<ClientEvents>();
  #hello: Hello | undefined;
  #isDraining = false;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #count = 0;

  constructor(options: SluiceClientOptions) {
    this.#options = options;
    this.#connection = new Connection(options, {
      state: (state) => this.#stateChanged(state),
      frame: (frame) => this.#take(frame),
      lost: () => this.#lost(),
    });
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** What the server said when the newest connection was opened. */
  get hello(): Hello | undefined {
    return this.#hello;
  }

  /** Answers that are not over. */
  get live(): Answer[] {
    return [...this.#exchanges.values()].map(({ answer }) => answer);
  }

  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): () => void {
    return this.#listeners.on(name, listener);
  }

  /** Connects now instead of with the first request; after `signed_out`, with new credentials. */
  connect(): void {
    this.#connection.connect();
  }

  /**
   * Asks a model. Sent as soon as there is a connection; and sent again, under the same key, if the connection broke
   * before the server said that it had it: there is one answer all the same.
   */
  chat(request: ChatRequest): Answer {
    return this.#begin({ idempotency_key: makeKey(), ...structuredClone(request) }).answer;
  }

  /** Takes up an answer that somebody else began, or this program before it was started again. */
  resume(generationId: string, after = 0): Answer {
    const running = [...this.#exchanges.values()].find(({ answer }) => answer.generationId === generationId);
    return running && after === 0 ? running.answer : this.#begin(undefined, generationId, after).answer;
  }

  /** Ends everything here; what the server is writing goes on there. */
  close(): void {
    clearTimeout(this.#leaving);
    this.#connection.close();
    this.#refuseAll(clientClosed());
  }

  #begin(request: ChatRequest | undefined, generationId?: string, after = 0): Exchange {
    const id = `r${++this.#count}`;
    const answer = new Answer(() => this.#cancel(exchange), generationId, after);
    const phase: Phase = generationId === undefined ? 'queued' : 'live';
    const exchange: Exchange = { id, answer, request, phase, mayHaveArrived: false, isCancelled: false, attempt: 0 };
    if (this.state.name === 'closed') {
      answer.refuse(clientClosed());
      return exchange;
    }
    this.#exchanges.set(id, exchange);
    this.#connection.connect();
    this.#advance(exchange);
    return exchange;
  }

  // Sends what is next to be sent for this exchange, if there is a socket to send it on.
  #advance(exchange: Exchange): void {
    if (this.state.name !== 'open') return;
    const { id, answer, request, phase } = exchange;
    if ((phase === 'queued' || phase === 'uncertain') && request) {
      if (this.#isDraining) return this.#connection.renew('the server is draining');
      if (this.#connection.send({ type: 'chat', id, payload: request })) exchange.phase = 'sent';
    } else if (phase === 'live' && answer.generationId !== undefined) {
      const payload = { generation_id: answer.generationId, after: answer.seq };
      if (this.#connection.send({ type: 'resume', id, payload })) exchange.phase = 'resumed';
    }
  }

  #cancel(exchange: Exchange): void {
    exchange.isCancelled = true;
    if (exchange.phase === 'queued') return this.#drop(exchange);
    const generationId = exchange.answer.generationId;
    if (generationId === undefined) return; // when `started` says which it is
    this.#connection.send({ type: 'cancel', id: `c${++this.#count}`, payload: { generation_id: generationId } });
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'hello') return this.#opened(frame.payload);
    if (frame.type === 'notice') return this.#noticed(frame.payload);
    if (frame.type === 'pong') return;
    const exchange = frame.id === undefined ? undefined : this.#exchanges.get(frame.id);
    if (frame.type === 'error') {
      if (exchange) this.#refused(exchange, frame.payload);
      else if (frame.id === undefined) this.#listeners.emit('error', frame.payload);
      return;
    }
    if (!exchange) return;
    if (frame.type === 'started') {
      exchange.phase = 'resumed';
      exchange.mayHaveArrived = false;
      exchange.attempt = 0;
    }
    if (frame.type === 'done') this.#exchanges.delete(exchange.id);
    exchange.answer.take(frame);
    if (frame.type === 'started' && exchange.isCancelled) this.#cancel(exchange);
  }

  #opened(hello: Hello): void {
    this.#hello = hello;
    this.#isDraining = false;
    clearTimeout(this.#leaving);
    for (const exchange of [...this.#exchanges.values()]) this.#advance(exchange);
  }

  #noticed(notice: Notice): void {
    this.#listeners.emit('notice', notice);
    if (notice.kind !== 'draining' || this.#isDraining) return;
    // Answers that run go on here as long as the server lets them; all clients of a node do not leave in one moment.
    this.#isDraining = true;
    const within = (notice.within_s ?? 0) * 1000 * (this.#options.random ?? Math.random)();
    this.#leaving = setTimeout(() => this.#connection.renew('the server is draining'), within);
  }

  // A chat that is refused never began, unless it had arrived before; that one, and a resume, may only have come at a
  // bad moment.
  #refused(exchange: Exchange, problem: Problem): void {
    const { answer } = exchange;
    if (exchange.phase === 'resumed' && problem.code === 400 && answer.seq > 0) {
      answer.restart();
      exchange.phase = 'live';
      return this.#advance(exchange);
    }
    const isPassing = problem.code === 429 || problem.code >= 500;
    const isBegun = exchange.phase === 'resumed';
    if (!isPassing || !(isBegun || exchange.mayHaveArrived)) return this.#refuse(exchange, new SluiceError(problem));
    exchange.phase = 'resting';
    const { backoff = usualBackoff, random = Math.random } = this.#options;
    const wait = (problem.retry_after ?? 0) * 1000 + fullJitterMs(exchange.attempt++, backoff, random);
    setTimeout(() => {
      if (!this.#exchanges.has(exchange.id)) return;
      exchange.phase = isBegun ? 'live' : 'uncertain';
      this.#advance(exchange);
    }, wait);
  }

  #lost(): void {
    clearTimeout(this.#leaving);
    for (const exchange of this.#exchanges.values()) {
      if (exchange.phase === 'sent') {
        exchange.phase = 'uncertain';
        exchange.mayHaveArrived = true;
      }
      if (exchange.phase === 'resumed') exchange.phase = 'live';
    }
  }

  #stateChanged(state: ConnectionState): void {
    if (state.name === 'signed_out') this.#refuseAll(signedOut());
    this.#listeners.emit('state', state);
  }

  #refuseAll(error: SluiceError): void {
    for (const exchange of [...this.#exchanges.values()]) this.#refuse(exchange, error);
  }

  #refuse(exchange: Exchange, error: SluiceError): void {
    this.#exchanges.delete(exchange.id);
    exchange.answer.refuse(error);
  }

  #drop(exchange: Exchange): void {
    this.#exchanges.delete(exchange.id);
    exchange.answer.drop();
  }
}
