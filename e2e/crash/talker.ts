import { ChatSocket } from '../harness/chat_socket.ts';
import type { DonePayload, ServerFrame } from '../harness/protocol.ts';
import type { Random } from '../harness/random.ts';

/** What the server has told a client about one answer: what it must still know after it was killed. */
export interface Claim {
  prompt: string;
  conversationId: string;
  generationId: string;
  /** Of the answer. */
  messageId: string;
  /** So far as it came. */
  text: string;
  done?: DonePayload;
}

/** A client that holds conversations of several turns, some with two answers at a time, until its socket breaks. */
export class Talker {
  readonly claims: Claim[] = [];
  readonly #chat: ChatSocket;
  readonly #model: string;
  readonly #random: Random;
  readonly #prompts = new Map<string, string>();
  readonly #answers = new Map<string, Claim>();

  private constructor(chat: ChatSocket, model: string, random: Random) {
    this.#chat = chat;
    this.#model = model;
    this.#random = random;
  }

  /** `onFrame` is called for each frame, after it was taken down. */
  static async connect(url: string, model: string, random: Random, onFrame: () => void): Promise<Talker> {
    const chat = await ChatSocket.connectFull(url);
    const talker = new Talker(chat, model, random);
    chat.socket.on('message', (data) => {
      talker.#take(JSON.parse(String(data)) as ServerFrame);
      onFrame();
    });
    return talker;
  }

  /** Returns when the server is gone and all that it has said was read. */
  async talk(): Promise<void> {
    let isOver = false;
    const closed = this.#chat.closed.then(() => (isOver = true));
    try {
      for (let conversation = 0; ; ++conversation) await this.#converse(conversation);
    } catch (error) {
      await closed;
      if (!isOver) throw error;
    }
    const [refused] = this.#chat.frames.filter(({ type }) => type === 'error');
    if (refused) throw new Error(`refused: ${JSON.stringify(refused)}`);
  }

  async #converse(conversation: number): Promise<void> {
    const turns = this.#random.between(1, 4);
    let place = 'new';
    for (let turn = 0; turn < turns; ++turn) {
      const id = `${conversation}.${turn}`;
      this.#ask(id, place);
      place = (await this.#chat.first('started', id)).payload.conversation_id!;
      // Else the next turn becomes a sibling of this one, which is still being written.
      if (this.#random.between(0, 3) > 0) await this.#chat.answer(id);
    }
    await this.#chat.answer(`${conversation}.${turns - 1}`);
  }

  #ask(id: string, conversationId: string): void {
    const content = `${id} ${'§ß😀'.repeat(this.#random.between(0, 20))}`;
    this.#prompts.set(id, content);
    this.#chat.send({ type: 'chat', id, payload: { content, model: this.#model, conversation_id: conversationId } });
  }

  #take(frame: ServerFrame): void {
    const id = frame.id ?? '';
    const answer = this.#answers.get(id);
    if (frame.type === 'started') {
      const { conversation_id, message_id } = frame.payload;
      const claim: Claim = {
        prompt: this.#prompts.get(id)!,
        conversationId: conversation_id!,
        generationId: frame.generation_id!,
        messageId: message_id!,
        text: '',
      };
      this.#answers.set(id, claim);
      this.claims.push(claim);
    } else if (frame.type === 'chat' && frame.payload.type === 'text') {
      answer!.text += frame.payload.content;
    } else if (frame.type === 'done') {
      answer!.done = frame.payload;
    }
  }
}
