import { expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway, type GatewayConfig } from '../harness/gateway.ts';
import { Stored } from './stored.ts';
import type { Claim } from './talker.ts';

// Nobody can write to the database when answers end, and the process is killed before that is over.

const settings: GatewayConfig = {
  providers: { paced: { type: 'mock', delay_ms: 5 } },
  models: [{ name: 'paced', targets: [{ provider: 'paced' }] }],
};

async function ask(chat: ChatSocket, prompt: string): Promise<Omit<Claim, 'text' | 'done'>> {
  const payload = { content: prompt, model: 'paced', conversation_id: 'new' };
  chat.send({ type: 'chat', id: prompt, payload });
  const started = await chat.first('started', prompt);
  return {
    prompt,
    generationId: started.generation_id!,
    conversationId: started.payload.conversation_id!,
    messageId: started.payload.message_id!,
  };
}

async function readToEnd(chat: ChatSocket, asked: Omit<Claim, 'text' | 'done'>): Promise<Claim> {
  const { text, end } = await chat.answer(asked.prompt);
  if (end.type !== 'done') throw new Error(JSON.stringify(end));
  return { ...asked, text, done: end.payload };
}

test('answers that ended while the database was locked are there after a kill', { timeout: 60_000 }, async () => {
  const first = await Gateway.start(settings);
  const chat = await ChatSocket.connectFull(first.chatUrl);
  const asked = await Promise.all(['one', 'two', 'three'].map((prompt) => ask(chat, prompt)));

  const { database } = first;
  const lock = await database.lockWrites();
  const claims = await Promise.all(asked.map((one) => readToEnd(chat, one)));
  await first.kill();
  const unrecorded = database.rows(`SELECT id FROM generations WHERE status = 'running'`);
  expect(unrecorded).toHaveLength(claims.length);
  await lock.release();

  const second = await Gateway.start(settings, {}, '127.0.0.1:0', first.directory);
  await second.recovered();
  const stored = new Stored(second.database);
  expect(stored.faults()).toEqual([]);
  expect(claims.flatMap((claim) => stored.broken(claim))).toEqual([]);
  await second.stop();
});
