import { Answer } from './answer.ts';
import { fullJitterMs, usualBackoff } from './backoff.ts';
import { Connection, type ConnectionOptions, type ConnectionState } from './connection.ts';
import { clientClosed, signedOut, SluiceError } from './errors.ts';
import { makeKey } from './idempotency_key.ts';
import { Listeners } from './listeners.ts';
import { closeCode, type ChatRequest, type ClientFrame, type Hello } from './protocol.ts';
import type { Notice, Problem, ServerFrame } from './protocol.ts';
import { invalid, refusalOf, tooLarge, writeJson } from './request_text.ts';

export type SluiceClientOptions = ConnectionOptions;

export interface ClientEvents {
  state: ConnectionState;
  notice: Notice;
  /** An error that answers no request of this client. */
  error: Problem;
}

/**
 * `uncertain`: it was sent on a socket which broke before the server said that it took it. `left`: it was sent and is
 * not answered, and nobody here waits for it any more.
 */
type Phase = 'queued' | 'sent' | 'left' | 'uncertain' | 'live' | 'resumed' | 'resting';

interface Exchange {
  readonly id: string;
  readonly answer: Answer;
  /** What is asked, as JSON; nothing for an answer that others began. */
  readonly payload: string | undefined;
  phase: Phase;
  mayHaveArrived: boolean;
  isCancelled: boolean;
  /** Of the `cancel` that was sent before the server had said that it took the request. */
  cancelId?: string;
  attempt: number;
}

// So long the server may take to say what became of a request that is to be stopped.
const stopPatienceMs = 2_000;

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
      lost: (code) => this.#lost(code),
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
    return [...this.#exchanges.values()].map(({ answer }) => answer).filter(({ isOver }) => !isOver);
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
   * before the server said that it had it: there is one answer all the same. What the server could not take, for it is
   * too long, too deep or no JSON, is refused here.
   */
  chat(request: ChatRequest): Answer {
    try {
      return this.#begin(writeJson({ idempotency_key: makeKey(), ...request })).answer;
    } catch (error) {
      const answer = new Answer(() => {});
      answer.refuse(
        invalid(`the request cannot be written as JSON: ${error instanceof Error ? error.message : error}`),
      );
      return answer;
    }
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

  #begin(payload: string | undefined, generationId?: string, after = 0): Exchange {
    const id = `r${++this.#count}`;
    const answer = new Answer(() => this.#cancel(exchange), generationId, after);
    const phase: Phase = generationId === undefined ? 'queued' : 'live';
    const exchange: Exchange = { id, answer, payload, phase, mayHaveArrived: false, isCancelled: false, attempt: 0 };
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
    const { id, answer, payload, phase } = exchange;
    if ((phase === 'queued' || phase === 'uncertain') && payload !== undefined) {
      const frame = `{"type":"chat","id":"${id}","payload":${payload}}`;
      const refusal = refusalOf(frame, this.state.hello.limits ?? {});
      if (refusal) return this.#refuse(exchange, refusal);
      if (this.#isDraining) return this.#connection.renew('the server is draining');
      if (this.#connection.send(frame)) exchange.phase = 'sent';
    } else if (phase === 'live' && answer.generationId !== undefined) {
      const place = { generation_id: answer.generationId, after: answer.seq };
      if (this.#send({ type: 'resume', id, payload: place })) exchange.phase = 'resumed';
    }
  }

  #send(frame: ClientFrame): boolean {
    return this.#connection.send(writeJson(frame));
  }

  #cancel(exchange: Exchange): void {
    const { answer, phase } = exchange;
    exchange.isCancelled = true;
    const id = `c${++this.#count}`;
    if (answer.generationId !== undefined) {
      this.#send({ type: 'cancel', id, payload: { generation_id: answer.generationId } });
    } else if (phase === 'sent') {
      if (exchange.cancelId !== undefined) return;
      // The server reads this behind the request: either it stops that, or there is nothing to be stopped.
      exchange.cancelId = id;
      this.#send({ type: 'cancel', id, payload: { id: exchange.id } });
      setTimeout(() => this.#leave(exchange), stopPatienceMs);
    } else {
      // Not sent again only to be stopped: had it arrived, the server ends what nobody reads.
      this.#drop(exchange);
    }
  }

  #leave(exchange: Exchange): void {
    if (exchange.phase !== 'sent') return;
    exchange.phase = 'left';
    exchange.answer.drop();
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'hello') return this.#opened(frame.payload);
    if (frame.type === 'notice') return this.#noticed(frame.payload);
    if (frame.type === 'pong') return;
    if (frame.type === 'error' && frame.id === undefined) return this.#refusedUnnamed(frame.payload);
    const exchange = this.#exchanges.get(frame.id ?? '');
    if (!exchange) return void (frame.type === 'error' && this.#nothingToStop(frame.id));
    if (exchange.phase === 'left') return void this.#exchanges.delete(exchange.id);
    if (frame.type === 'error') return this.#refused(exchange, frame.payload);
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
    const isAgain = isBegun || (exchange.mayHaveArrived && !exchange.isCancelled);
    if (!isPassing || !isAgain) return this.#refuse(exchange, new SluiceError(problem));
    exchange.phase = 'resting';
    const { backoff = usualBackoff, random = Math.random } = this.#options;
    const wait = (problem.retry_after ?? 0) * 1000 + fullJitterMs(exchange.attempt++, backoff, random);
    setTimeout(() => {
      if (!this.#exchanges.has(exchange.id)) return;
      exchange.phase = isBegun ? 'live' : 'uncertain';
      this.#advance(exchange);
    }, wait);
  }

  #nothingToStop(cancelId: string | undefined): void {
    const stopped = this.#unanswered().find((exchange) => exchange.cancelId === cancelId);
    if (stopped) this.#drop(stopped);
  }

  // What a server cannot read it cannot name. Only one request can be meant if only one is not answered.
  #refusedUnnamed(problem: Problem): void {
    const [meant, ...others] = this.#unanswered();
    if (!meant || others.length > 0 || problem.code !== 400) return this.#listeners.emit('error', problem);
    this.#refuse(meant, new SluiceError(problem));
  }

  #unanswered(): Exchange[] {
    return [...this.#exchanges.values()].filter(({ phase }) => phase === 'sent' || phase === 'left');
  }

  #lost(code?: number): void {
    clearTimeout(this.#leaving);
    if (code === closeCode.tooBig) this.#refuseLongest();
    for (const exchange of [...this.#exchanges.values()]) {
      const wasSent = exchange.phase === 'sent' || exchange.phase === 'left';
      if (wasSent && exchange.isCancelled) this.#drop(exchange);
      if (exchange.phase === 'sent') {
        exchange.phase = 'uncertain';
        exchange.mayHaveArrived = true;
      }
      if (exchange.phase === 'resumed') exchange.phase = 'live';
    }
  }

  // Something on the way takes less than the server says. If any of those that were sent was too long, the longest was:
  // it would only break the next line too.
  #refuseLongest(): void {
    const length = ({ payload = '' }: Exchange): number => payload.length;
    const [longest] = this.#unanswered().sort((left, right) => length(right) - length(left));
    if (longest) this.#refuse(longest, tooLarge('the message is too long for this server'));
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
