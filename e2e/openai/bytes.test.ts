import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway } from '../harness/gateway.ts';
import { Llmsim } from '../harness/llmsim.ts';
import { ask, askStreamed, openaiClient } from '../harness/openai_client.ts';

// However a provider's bytes fall into packets, and however many are talking: the words stay the same.

const plans = {
  whole: 'tokens=60,reasoning=20,text=unicode',
  bytes: 'tokens=60,reasoning=20,text=unicode,split=every,gap_us=20',
  halves: 'tokens=200,reasoning=20,text=unicode,split=character',
  escaped: 'tokens=60,reasoning=20,text=unicode,escape=yes,split=every,gap_us=20',
  batches: 'tokens=2000,text=unicode,batch=50',
} as const;
const prompt = 'Straße 你好 👩‍👩‍👧‍👦';

let simulator: Llmsim;
let gateway: Gateway;
let client: OpenAI;

beforeAll(async () => {
  simulator = await Llmsim.start();
  gateway = await Gateway.start({
    providers: { sim: { type: 'openai', base_url: simulator.baseUrl } },
    models: [
      ...Object.entries(plans).map(([name, plan]) => ({ name, targets: [{ provider: 'sim', model: `sim:${plan}` }] })),
      ...Array.from({ length: 40 }, (_, index) => ({
        name: `cut-at-${index * 17}`,
        targets: [{ provider: 'sim', model: `sim:tokens=10,text=unicode,split=${index * 17 + 1}` }],
      })),
      { name: 'paced', targets: [{ provider: 'sim', model: 'sim:tokens=100,rate=200,text=unicode' }] },
    ],
  });
  client = openaiClient(gateway);
});
afterAll(async () => {
  await gateway?.stop();
  await simulator?.stop();
});

describe.each(Object.entries(plans))('%s (%s)', (model, plan) => {
  const question = { model, messages: [{ role: 'user' as const, content: prompt }] };

  test('through the SDK, streamed and not', async () => {
    const { text, reasoning } = await simulator.expected(plan, prompt);
    expect(await askStreamed(client, question)).toMatchObject({ text, reasoning, finishReason: 'stop' });
    expect(await ask(client, question)).toMatchObject({ text, reasoning, finishReason: 'stop' });
  });

  test('over the WebSocket, in both dialects', async () => {
    const { text, reasoning } = await simulator.expected(plan, prompt);
    const basic = await ChatSocket.connect(gateway.chatUrl);
    expect(await basic.ask(prompt, { model })).toMatchObject({ text, reasoning });
    const full = await ChatSocket.connectFull(gateway.chatUrl);
    expect(await full.ask(prompt, { model, id: 'a' })).toMatchObject({ text, reasoning });
    await basic.close();
    await full.close();
  });
});

test('one cut at any byte of the response changes nothing', async () => {
  const { text } = await simulator.expected('tokens=10,text=unicode', prompt);
  for (let index = 0; index < 40; ++index) {
    const answer = await askStreamed(client, {
      model: `cut-at-${index * 17}`,
      messages: [{ role: 'user', content: prompt }],
    });
    expect(answer.text).toBe(text);
  }
});

test('a hundred streams at once keep their words apart', async () => {
  const prompts = Array.from({ length: 100 }, (_, index) => `${index} 问`);
  const answers = await Promise.all(
    prompts.map((content) => askStreamed(client, { model: 'paced', messages: [{ role: 'user', content }] })),
  );
  for (const [index, content] of prompts.entries()) {
    expect(answers[index]!.text).toBe((await simulator.expected('tokens=100,text=unicode', content)).text);
  }
});

describe('what the simulator sees of those who leave', () => {
  const endless = { model: 'endless', messages: [{ role: 'user' as const, content: 'x' }] };
  let other: Gateway;

  beforeAll(async () => {
    other = await Gateway.start({
      providers: { sim: { type: 'openai', base_url: simulator.baseUrl } },
      models: [{ name: 'endless', targets: [{ provider: 'sim', model: 'sim:tokens=100000,rate=100' }] }],
      generations: { orphan_timeout: '300ms' },
    });
  });
  afterAll(async () => {
    await other?.stop();
  });

  const aborted = async (): Promise<number> => (await simulator.stats()).aborted;
  const idle = async (): Promise<number> => (await simulator.stats()).active;

  test('a cancel', async () => {
    const before = await aborted();
    const chat = await ChatSocket.connectFull(other.chatUrl);
    chat.send({ type: 'chat', id: 'a', payload: { content: 'x', model: 'endless' } });
    await chat.deltas(3, 'a');
    chat.send({ type: 'cancel', payload: { id: 'a' } });
    expect((await chat.answer('a')).end).toMatchObject({ payload: { status: 'cancelled' } });
    await expect.poll(aborted).toBe(before + 1);
    await expect.poll(idle).toBe(0);
    await chat.close();
  });

  test('a vanished socket', async () => {
    const before = await aborted();
    const chat = await ChatSocket.connect(other.chatUrl);
    chat.send({ type: 'chat', payload: { content: 'x', model: 'endless' } });
    await chat.deltas(3);
    chat.cut();
    await expect.poll(aborted, { timeout: 5_000 }).toBe(before + 1);
  });

  test('an aborted HTTP request', async () => {
    const before = await aborted();
    for await (const chunk of await openaiClient(other).chat.completions.create({ ...endless, stream: true })) {
      if (chunk.choices[0]?.delta.content) break;
    }
    await expect.poll(aborted).toBe(before + 1);
  });
});
