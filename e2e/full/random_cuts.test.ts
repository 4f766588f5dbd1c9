import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway } from '../harness/gateway.ts';
import { mockReasoning, mockText } from '../harness/mock_answer.ts';
import type { ServerFrame } from '../harness/protocol.ts';
import { Random } from '../harness/random.ts';

// A client that loses its connection again and again must end up with every delta once, in order.

const clients = 50;
const cutsPerClient = 20;
const generationsPerClient = 2;
const seed = Number(process.env.SLUICE_TEST_SEED ?? Date.now() % 1_000_000);

let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start({
    server: { limits: { sockets_per_user: 1_000 } },
    providers: { paced: { type: 'mock', delay_ms: 1 } },
    models: [{ name: 'paced', targets: [{ provider: 'paced' }] }],
  });
});
afterAll(async () => {
  await gateway?.stop();
});

/** What one client has of one generation, over all its sockets. */
class Reader {
  readonly prompt: string;
  id: string | undefined;
  seq = 0;
  written = { reasoning: '', text: '' };
  isDone = false;

  constructor(prompt: string) {
    this.prompt = prompt;
  }

  take(frame: ServerFrame): void {
    if (frame.type === 'error') throw new Error(JSON.stringify(frame));
    if (frame.type === 'started') this.id = frame.generation_id;
    if (frame.type === 'chat') {
      expect(this.isDone).toBe(false);
      // The mock's delta is one character: a frame up to `seq` must carry exactly the characters since the last one.
      expect(frame.seq).toBe(this.seq + [...frame.payload.content].length);
      this.seq = frame.seq!;
      this.written[frame.payload.type] += frame.payload.content;
    }
    if (frame.type === 'done') {
      expect(frame.seq).toBe(this.seq + 1);
      expect(frame.payload).toMatchObject({ status: 'completed', finish_reason: 'stop' });
      this.isDone = true;
    }
  }
}

/** Reads generations to their end over as many sockets as it takes; returns how many were cut, `cutsMax` at most. */
async function converse(prompts: string[], cutsMax: number, random: Random): Promise<number> {
  const readers = prompts.map((prompt) => new Reader(prompt));
  const areDone = (): boolean => readers.every((reader) => reader.isDone);
  for (let cuts = 0; ; ++cuts) {
    const chat = await ChatSocket.connectFull(gateway.chatUrl);
    readers.forEach((reader, index) => {
      const id = String(index);
      if (reader.isDone) return;
      if (reader.id) chat.send({ type: 'resume', id, payload: { generation_id: reader.id, after: reader.seq } });
      else chat.send({ type: 'chat', id, payload: { content: reader.prompt, model: 'paced' } });
    });
    // Frames until the cut: sometimes none, sometimes in the middle of catching up, sometimes many later.
    let left = cuts < cutsMax ? random.between(0, 120) : Infinity;
    while (!areDone() && (left-- > 0 || readers.some((reader) => !reader.id))) {
      const frame = await chat.next();
      readers[Number(frame.id)]!.take(frame);
    }
    if (areDone()) {
      await chat.close();
      for (const { prompt, written } of readers) {
        expect(written).toEqual({ reasoning: mockReasoning(prompt), text: mockText(prompt) });
      }
      return cuts;
    }
    chat.cut();
  }
}

async function client(number: number): Promise<number> {
  const random = new Random(seed + number);
  const letters = (count: number): string =>
    Array.from({ length: count }, () => String.fromCodePoint(random.between(0x4e00, 0x9fff))).join('');
  let cuts = 0;
  for (let round = 0; cuts < cutsPerClient; ++round) {
    const prompts = Array.from(
      { length: generationsPerClient },
      (_, index) => `${number}.${round}.${index} ${letters(1_000)}`,
    );
    cuts += await converse(prompts, cutsPerClient - cuts, random);
  }
  return cuts;
}

test(
  `${clients * cutsPerClient} random cuts lose nothing and repeat nothing (seed ${seed})`,
  { timeout: 120_000 },
  async () => {
    const cuts = await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    expect(cuts.reduce((sum, count) => sum + count)).toBe(clients * cutsPerClient);
  },
);
