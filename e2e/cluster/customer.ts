import type { Claim } from '../crash/talker.ts';
import { ChatSocket } from '../harness/chat_socket.ts';
import type { ErrorPayload } from '../harness/protocol.ts';

// A reply may wait for a lease, or for a database that comes back.
const replyMs = 30_000;

/** What a customer was told instead of an answer. */
export interface Refusal {
  status: number;
  type?: string;
  /** In seconds. */
  retryAfter?: number;
  message: string;
}

/** Asks again and again, as an application does, and comes back when it is told to. */
export abstract class Customer {
  readonly refusals: Refusal[] = [];
  /** Answers that came to their end. */
  served = 0;

  /** Returns when `isOver` says so, after the answer that is under way. */
  async work(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const refusal = await this.ask();
      if (!refusal) {
        ++this.served;
        continue;
      }
      this.refusals.push(refusal);
      // What it was told in seconds, made short: the sooner it comes back, the more a fault has to bear.
      await new Promise((resolve) => setTimeout(resolve, 100 * Math.min(refusal.retryAfter ?? 1, 2)));
    }
  }

  protected abstract ask(): Promise<Refusal | undefined>;
}

/** Holds one conversation over one WebSocket. */
export class Talking extends Customer {
  readonly claims: Claim[] = [];
  readonly #chat: ChatSocket;
  readonly #model: string;
  #conversation = 'new';
  #turns = 0;

  private constructor(chat: ChatSocket, model: string) {
    super();
    this.#chat = chat;
    this.#model = model;
  }

  static async connect(url: string, bearer: string, model: string): Promise<Talking> {
    return new Talking(await ChatSocket.connectFull(url, { bearer }), model);
  }

  protected async ask(): Promise<Refusal | undefined> {
    const id = `${this.#turns++}`;
    const prompt = `turn ${id} §ß😀`;
    this.#chat.send({
      type: 'chat',
      id,
      payload: { content: prompt, model: this.#model, conversation_id: this.#conversation },
    });
    const { text, end } = await this.#chat.answer(id, replyMs);
    const started = this.#chat.frames.find((frame) => frame.type === 'started' && frame.id === id);
    this.#chat.forget();
    if (end.type === 'error') return refusalOf(end.payload);
    if (started?.type !== 'started') throw new Error(`an answer that was never started: ${JSON.stringify(end)}`);
    this.#conversation = started.payload.conversation_id!;
    this.claims.push({
      prompt,
      conversationId: this.#conversation,
      generationId: started.generation_id!,
      messageId: started.payload.message_id!,
      text,
      done: end.payload,
    });
    return end.payload.status === 'completed' ? undefined : refusalOf(end.payload.error!);
  }
}

/** A back end: one whole answer a request, under an API key, in no conversation. */
export class BackEnd extends Customer {
  readonly #url: string;
  readonly #key: string;
  readonly #model: string;

  constructor(url: string, key: string, model: string) {
    super();
    this.#url = url;
    this.#key = key;
    this.#model = model;
  }

  protected async ask(): Promise<Refusal | undefined> {
    const answer = await fetch(`${this.#url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: this.#model, messages: [{ role: 'user', content: 'hello' }] }),
      signal: AbortSignal.timeout(replyMs),
    });
    const body = (await answer.json()) as { error?: { message: string; type: string } };
    if (answer.status === 200) return undefined;
    const wait = answer.headers.get('retry-after');
    return {
      status: answer.status,
      type: body.error?.type,
      retryAfter: wait === null ? undefined : Number(wait),
      message: body.error?.message ?? '',
    };
  }
}

function refusalOf({ code, type, retry_after, message }: ErrorPayload): Refusal {
  return { status: code, type, retryAfter: retry_after, message };
}
