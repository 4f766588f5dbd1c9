import { CredentialsRefused, makeKey, SluiceClient, type Answer, type ChatRequest } from '@sluice/client';
import type { QueryClient } from '@tanstack/react-query';
import { makeTicket } from '../api/account.ts';
import type { ConversationTree, StoredMessage } from '../api/conversations.ts';
import { ApiError } from '../api/http.ts';
import type { Session } from '../api/session.ts';
import { keepUnsent, unsentOf } from './drafts.ts';

/** What was said here and is not yet known to be stored: shown below the conversation's messages. */
export interface Turn {
  key: string;
  /** Unknown until the server has begun a new conversation. */
  conversationId: string | undefined;
  /** Of the place where it was written. */
  draftKey: string;
  content: string;
  model: string | undefined;
  /** By which the server knows it again. */
  requestKey: string;
  answer: Answer;
}

type Said = Pick<Turn, 'content'> & Partial<Pick<Turn, 'conversationId' | 'draftKey' | 'model' | 'requestKey'>>;

/** Whether asking again makes sense: it was refused, or never taken. */
export const mayGoAgain = ({ answer }: Turn): boolean =>
  answer.state === 'refused' || (answer.isOver && !answer.started);

/** Whether it can be sent only after it was changed: it is too long, or not as the server wants it. */
export const isToBeChanged = ({ answer: { error, started } }: Turn): boolean =>
  !started && (error?.code === 400 || error?.code === 413);

// Ended answers know more than the stored message (how long they took), so the newest of them are kept.
const answersKeptMax = 100;

/**
 * The answers that are being written, over one socket for the whole page, whichever conversation is shown. Stored
 * messages come from the query cache; what is alive comes from here.
 */
export class LiveChats {
  readonly client: SluiceClient;
  readonly #session: Session;
  readonly #cache: QueryClient;
  readonly #answers = new Map<string, Answer>(); // by generation
  readonly #listeners = new Set<() => void>();
  readonly #windows = new BroadcastChannel('sluice.conversations');
  #turns: Turn[] = [];
  #count = 0;

  constructor(session: Session, cache: QueryClient) {
    this.#session = session;
    this.#cache = cache;
    this.client = new SluiceClient({
      url: new URL('/chat', location.href),
      ticket: ({ fresh }) => this.#ticket(fresh),
    });
    this.#windows.onmessage = ({ data }: MessageEvent<string>) => this.#changedElsewhere(data);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  turns = (): Turn[] => this.#turns;

  send(said: Said): Turn {
    const { conversationId, content, model } = said;
    const requestKey = said.requestKey ?? makeKey();
    const request: ChatRequest = {
      content: said.content,
      conversation_id: said.conversationId ?? 'new',
      idempotency_key: requestKey,
    };
    if (said.model !== undefined) request.model = said.model;
    const answer = this.client.chat(request);
    const draftKey = said.draftKey ?? conversationId ?? 'new';
    const turn: Turn = { key: `t${++this.#count}`, conversationId, draftKey, content, model, requestKey, answer };
    this.#setTurns([...this.#turns, turn]);
    this.keepUnsent(draftKey);
    let isStarted = false;
    answer.subscribe(() => {
      if (isStarted || !answer.started) return;
      isStarted = true;
      if (answer.generationId !== undefined) this.#keep(answer.generationId, answer);
      this.keepUnsent(draftKey);
      const id = answer.started.conversation_id ?? undefined;
      this.#setTurns(
        this.#turns.map((other) => (other === turn ? Object.assign(turn, { conversationId: id }) : other)),
      );
      if (id !== undefined) this.changed(id);
    });
    this.#watchEnd(answer, () => turn.conversationId);
    answer.done.catch(() => this.#setTurns([...this.#turns]));
    return turn;
  }

  /**
   * Sends again what was refused or lost, in the place of the first attempt; should that have arrived, it counts, but
   * not where it was stopped.
   */
  sendAgain(turn: Turn): Turn {
    this.forget(turn);
    return this.send(turn.answer.started || turn.answer.end ? { ...turn, requestKey: undefined } : turn);
  }

  forget(turn: Turn): void {
    this.#setTurns(this.#turns.filter((other) => other !== turn));
    this.keepUnsent(turn.draftKey);
  }

  /** What was written there and, as far as is known, taken by no server, and is no longer on this page either. */
  unsent(draftKey: string): string {
    return this.#textUnsent(draftKey) === '' ? unsentOf(this.#username(), draftKey) : '';
  }

  /** Keeps for the next time what of this place no server has taken yet, and nothing else. */
  keepUnsent(draftKey: string): void {
    const username = this.#username();
    if (username !== '') keepUnsent(username, draftKey, this.#textUnsent(draftKey));
  }

  #textUnsent(draftKey: string): string {
    const unsent = this.#turns.filter((turn) => turn.draftKey === draftKey && !turn.answer.started);
    return unsent.map(({ content }) => content).join('\n\n');
  }

  /** The live answer of a stored message, taken up where it is being written. */
  answerOf(message: StoredMessage, conversationId: string): Answer | undefined {
    const { generation_id: id } = message;
    if (!id) return undefined;
    const known = this.#answers.get(id);
    if (known || message.status !== 'streaming') return known;
    const answer = this.client.resume(id);
    this.#keep(id, answer);
    this.#watchEnd(answer, () => conversationId);
    return answer;
  }

  /** Lets go of turns that the stored conversation has by now. */
  settle({ id, messages }: ConversationTree): void {
    const stored = new Set(messages.map((message) => message.id));
    const left = this.#turns.filter(
      ({ conversationId, answer }) => conversationId !== id || !stored.has(answer.started?.message_id ?? ''),
    );
    if (left.length !== this.#turns.length) this.#setTurns(left);
  }

  /** Something of this conversation is not as it was: every window of the browser reads it again. */
  changed(conversationId: string): void {
    if (this.client.state.name === 'closed') return; // its user has gone
    this.#windows.postMessage(conversationId);
    this.#changedElsewhere(conversationId);
  }

  close(): void {
    this.client.close();
    this.#windows.close();
  }

  #keep(generationId: string, answer: Answer): void {
    this.#answers.set(generationId, answer);
    for (const [id, { isOver }] of this.#answers) {
      if (this.#answers.size <= answersKeptMax) return;
      if (isOver) this.#answers.delete(id);
    }
  }

  #watchEnd(answer: Answer, conversationId: () => string | undefined): void {
    const ended = (): void => {
      const id = conversationId();
      if (id !== undefined) this.changed(id);
    };
    answer.done.then(ended, ended);
  }

  #changedElsewhere(conversationId: string): void {
    void this.#cache.invalidateQueries({ queryKey: ['conversation', conversationId] });
    void this.#cache.invalidateQueries({ queryKey: ['conversations'] });
  }

  #username(): string {
    const { state } = this.#session;
    return state.name === 'signed_in' ? state.user.username : '';
  }

  async #ticket(fresh: boolean): Promise<string> {
    try {
      if (fresh) await this.#session.refresh();
      return await makeTicket(this.#session);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) throw new CredentialsRefused(error.message);
      throw error;
    }
  }

  #setTurns(turns: Turn[]): void {
    this.#turns = turns;
    for (const listener of [...this.#listeners]) listener();
  }
}
