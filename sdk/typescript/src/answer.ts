import { firstCodePoints } from './code_points.ts';
import type { SluiceError } from './errors.ts';
import type { Done, Rewind, ServerFrame, Started, TextDelta, ToolCallFragment } from './protocol.ts';

export type Delta =
  | ({ seq: number } & TextDelta)
  | ({ seq: number; type: 'tool_call' } & ToolCallFragment)
  | ({ seq: number; type: 'rewind' } & Rewind);

export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
  /** A tool that takes free text: `arguments` is no JSON. */
  custom?: true;
}

/** `submitted` until the server has taken the request; `refused` if it never became a generation. */
export type AnswerState = 'submitted' | 'streaming' | 'done' | 'refused';

/**
 * One answer, however many connections it takes. What it holds is the answer so far, whole and rewound; iterating
 * gives every delta from the first one on, once for each iterator, and throws if the request was refused.
 */
export class Answer implements AsyncIterable<Delta> {
  text = '';
  reasoning = '';
  toolCalls: ToolCall[] = [];
  state: AnswerState = 'submitted';
  started: Started | undefined;
  generationId: string | undefined;
  /** The number of the last delta that is in it. */
  seq = 0;
  /** How it ended. Rejects only for what never became a generation: a failed answer is `status: "failed"`. */
  readonly done: Promise<Done>;
  end: Done | undefined;
  error: SluiceError | undefined;
  /** What had come of an answer that failed with its server, and is stored nowhere; `text` is what is stored. */
  lost: { text: string; reasoning: string } | undefined;
  /** Grows with every change: for those who compare instead of listening. */
  version = 0;

  readonly #deltas: Delta[] = [];
  #isNewCursor = false;
  #beforeStored = { text: '', reasoning: '' };
  readonly #listeners = new Set<() => void>();
  readonly #cancel: (answer: Answer) => void;
  #wake: (() => void)[] = [];
  #settle!: { resolve: (done: Done) => void; reject: (error: SluiceError) => void };

  constructor(cancel: (answer: Answer) => void, generationId?: string, after = 0) {
    this.#cancel = cancel;
    this.generationId = generationId;
    this.seq = after;
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.done.catch(() => {}); // `error` says it too: not awaiting `done` is no accident
  }

  get isOver(): boolean {
    return this.state === 'done' || this.state === 'refused';
  }

  /** Asks the server to stop. The end comes as `done` with `status: "cancelled"` and the usage so far. */
  cancel(): void {
    if (!this.isOver) this.#cancel(this);
  }

  /** Calls back on every change; returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Delta, void, undefined> {
    for (let at = 0; ;) {
      while (at < this.#deltas.length) yield this.#deltas[at++]!;
      if (this.state === 'done') return;
      if (this.error) throw this.error;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** For the client: takes a frame of this generation. What it has already is passed over. */
  take(frame: ServerFrame): void {
    if (this.isOver) return;
    if (frame.type === 'started') {
      this.started = frame.payload;
      this.generationId = frame.generation_id;
      this.state = 'streaming';
      this.#isNewCursor = true;
      return this.#changed();
    }
    if (frame.type === 'done') {
      this.seq = Math.max(this.seq, frame.seq ?? 0);
      this.end = frame.payload;
      this.state = 'done';
      if (frame.payload.status === 'failed') this.#findLost();
      this.#settle.resolve(frame.payload);
      return this.#changed();
    }
    const seq = frame.seq ?? 0;
    // A cursor that begins with a rewind stands on the stored message: its numbers are its own.
    const isNewCount = frame.type === 'rewind' && this.#isNewCursor;
    this.#isNewCursor = false;
    if (seq <= this.seq && !isNewCount) return;
    if (frame.type === 'chat') {
      if (frame.payload.type === 'text') this.text += frame.payload.content;
      else this.reasoning += frame.payload.content;
      this.#append({ seq, ...frame.payload });
    } else if (frame.type === 'tool_call') {
      this.#append({ seq, ...frame.payload, type: 'tool_call' });
      const call = (this.toolCalls[frame.payload.index] ??= { id: '', name: '', arguments: '' });
      call.id ||= frame.payload.tool_call_id ?? '';
      call.name ||= frame.payload.name ?? '';
      if (frame.payload.custom) call.custom = true;
      call.arguments += frame.payload.arguments;
    } else if (frame.type === 'rewind') {
      if (isNewCount) this.#beforeStored = { text: this.text, reasoning: this.reasoning };
      this.#rewind(frame.payload);
      this.#append({ seq, ...frame.payload, type: 'rewind' });
    }
  }

  /** For the client: forgets everything, because the server no longer knows where this was. */
  restart(): void {
    const keep = { text: 0, reasoning: 0, tool_calls: [] };
    this.#rewind({ keep, reason: 'restart' });
    this.#append({ seq: 0, type: 'rewind', keep, reason: 'restart' });
  }

  /** For the client: this never became a generation. */
  refuse(error: SluiceError): void {
    if (this.isOver) return;
    this.error = error;
    this.state = 'refused';
    this.#settle.reject(error);
    this.#changed();
  }

  /** For the client: it was stopped before the server was known to have it. */
  drop(): void {
    if (this.isOver) return;
    this.end = { status: 'cancelled', finish_reason: 'cancelled' };
    this.state = 'done';
    this.#settle.resolve(this.end);
    this.#changed();
  }

  #findLost(): void {
    const { text, reasoning } = this.#beforeStored;
    const isMore = text.length > this.text.length || reasoning.length > this.reasoning.length;
    if (isMore && text.startsWith(this.text) && reasoning.startsWith(this.reasoning)) this.lost = { text, reasoning };
  }

  #append(delta: Delta): void {
    this.seq = delta.seq;
    this.#deltas.push(delta);
    this.#changed();
  }

  #rewind({ keep }: Rewind): void {
    this.text = firstCodePoints(this.text, keep.text);
    this.reasoning = firstCodePoints(this.reasoning, keep.reasoning);
    this.toolCalls = this.toolCalls
      .slice(0, keep.tool_calls.length)
      .map((call, index) => ({ ...call, arguments: firstCodePoints(call.arguments, keep.tool_calls[index]!) }));
  }

  #changed(): void {
    ++this.version;
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
    for (const listener of [...this.#listeners]) listener();
  }
}
