import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Executable } from '../harness/executable.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { ask, askStreamed, openaiClient } from '../harness/openai_client.ts';
import { RecordingProxy } from '../harness/recording_proxy.ts';

// A real model, small and slow: real tokens, real Unicode, real ends. What users read is compared with what the
// model's own server was heard to say by a proxy between it and the gateway.

const patience = 240_000;
let directory: string;
let model: Executable;
let proxy: RecordingProxy;
let gateway: Gateway;
let client: OpenAI;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-real-'));
  const script = resolve(import.meta.dirname, '../../scripts/real-llm');
  model = new Executable(script, ['--log', join(directory, 'server.log')]);
  const [, url, name] = await model.line(/^ready (\S+) model=(\S+)$/, 900_000); // the first time it is compiled
  proxy = await RecordingProxy.start(url!);
  gateway = await Gateway.start({
    providers: {
      real: {
        type: 'openai',
        base_url: proxy.baseUrl,
        timeouts: { connect: '5s', first_token: '4m', between_tokens: '1m', total: '10m' },
      },
    },
    models: [{ name: 'real', targets: [{ provider: 'real', model: name }] }],
  });
  client = openaiClient(gateway);
});
afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await model?.stop();
  await rm(directory, { recursive: true, force: true });
});

const question = (content: string, max_tokens: number) => ({
  model: 'real',
  messages: [{ role: 'user' as const, content }],
  max_tokens,
});

async function disconnects(): Promise<number> {
  return (await readFile(join(directory, 'server.log'), 'utf8')).split('Disconnected from client').length - 1;
}

describe('what is read is what the model wrote', () => {
  test('through Anthropic’s SDK, streamed and not', async () => {
    const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: token, maxRetries: 0, timeout: patience });
    const asked = (content: string) => ({ ...question(content, 40), system: 'You answer in one sentence.' });
    const streamed = await anthropic.messages.stream(asked('What is rain?')).finalMessage();
    const whole = await anthropic.messages.create(asked('What is snow?'));
    for (const [answer, prompt] of [
      [streamed, 'What is rain?'],
      [whole, 'What is snow?'],
    ] as const) {
      const { text, finishReason } = proxy.of(prompt).spoken;
      expect(text).not.toBe('');
      expect(answer.content).toMatchObject([{ type: 'text', text }]);
      expect(answer.stop_reason).toBe({ stop: 'end_turn', length: 'max_tokens' }[finishReason!]);
      expect(answer.usage.output_tokens).toBeGreaterThan(1);
    }
  });

  test('through Google’s SDK, streamed and not', async () => {
    const google = new GoogleGenAI({ apiKey: token, httpOptions: { baseUrl: gateway.url } });
    const asked = (contents: string) => ({ model: 'real', contents, config: { maxOutputTokens: 40 } });
    let text = '';
    let last;
    for await (const piece of await google.models.generateContentStream(asked('What is wind?'))) {
      text += piece.text ?? '';
      last = piece;
    }
    expect(text).not.toBe('');
    expect(text).toBe(proxy.of('What is wind?').spoken.text);
    const whole = await google.models.generateContent(asked('What is fog?'));
    expect(whole.text).toBe(proxy.of('What is fog?').spoken.text);
    for (const [answer, prompt] of [
      [last!, 'What is wind?'],
      [whole, 'What is fog?'],
    ] as const) {
      const { finishReason } = proxy.of(prompt).spoken;
      expect(answer.candidates![0]!.finishReason).toBe({ stop: 'STOP', length: 'MAX_TOKENS' }[finishReason!]);
      expect(answer.usageMetadata!.candidatesTokenCount).toBeGreaterThan(1);
    }
  });

  test('through the SDK, streamed', async () => {
    const prompt = 'Name three colours.';
    const answer = await askStreamed(client, question(prompt, 60));
    expect(answer.text).not.toBe('');
    expect(answer).toMatchObject(proxy.of(prompt).spoken);
    expect(answer.chunks.filter(({ choices }) => choices[0]?.delta.content).length).toBeGreaterThan(3);
  });

  test('through the SDK, not streamed', async () => {
    const prompt = 'What is the capital of France?';
    const answer = await ask(client, question(prompt, 40));
    expect(answer.text).not.toBe(''); // it is a small model: what it says need not be true
    const { text, finishReason } = proxy.of(prompt).spoken;
    expect(answer).toMatchObject({ text, finishReason });
    expect(answer.usage!.completion_tokens).toBeGreaterThan(1);
  });

  test('over the WebSocket, in both dialects', async () => {
    const basic = await ChatSocket.connect(gateway.chatUrl);
    basic.send({ type: 'chat', payload: { content: 'Say hello.', model: 'real', max_tokens: 40 } });
    const said = await basic.answer(undefined, patience);
    expect(said.text).toBe(proxy.of('Say hello.').spoken.text);
    expect(said.deltas.length).toBeGreaterThan(1);
    const full = await ChatSocket.connectFull(gateway.chatUrl);
    full.send({ type: 'chat', id: 'a', payload: { content: 'Say goodbye.', model: 'real', max_tokens: 40 } });
    const answer = await full.answer('a', patience);
    expect(answer.text).toBe(proxy.of('Say goodbye.').spoken.text);
    await basic.close();
    await full.close();
  });

  test('in Unicode: what it repeats comes back whole', async () => {
    const prompt = 'Repeat exactly: Grüße aus 北京, мир 👋';
    const answer = await askStreamed(client, question(prompt, 60));
    expect(answer.text).toBe(proxy.of(prompt).spoken.text);
  });

  test('by several at once', async () => {
    const prompts = ['What is 2 + 2?', 'What is a river?', 'Who wrote Hamlet?', 'What do bees make?'];
    const chat = await ChatSocket.connectFull(gateway.chatUrl);
    for (const content of prompts) {
      chat.send({ type: 'chat', id: content, payload: { content, model: 'real', max_tokens: 30 } });
    }
    for (const content of prompts) {
      expect((await chat.answer(content, patience)).text).toBe(proxy.of(content).spoken.text);
    }
    await chat.close();
  });

  test('across a connection that broke', async () => {
    const prompt = 'Tell me a short story about a lighthouse.';
    const first = await ChatSocket.connectFull(gateway.chatUrl);
    first.send({ type: 'chat', id: 'a', payload: { content: prompt, model: 'real', max_tokens: 80 } });
    const seen = await first.deltas(5, 'a', patience);
    const { generation_id, seq } = seen[4]!;
    first.cut();
    const second = await ChatSocket.connectFull(gateway.chatUrl);
    second.send({ type: 'resume', id: 'b', payload: { generation_id: generation_id!, after: seq! } });
    const rest = await second.answer('b', patience);
    const begin = seen.slice(0, 5).map(({ payload }) => payload.content);
    expect(begin.join('') + rest.text).toBe(proxy.of(prompt).spoken.text);
    await second.close();
  });
});

test('stopped by length: said so, and cut where the model’s server cut', async () => {
  const prompt = 'Count from one to one hundred in words.';
  const answer = await askStreamed(client, {
    ...question(prompt, 12),
    stream_options: { include_usage: true },
  });
  expect(answer.finishReason).toBe('length');
  expect(answer.text).toBe(proxy.of(prompt).spoken.text);
  const full = await ChatSocket.connectFull(gateway.chatUrl);
  full.send({ type: 'chat', id: 'a', payload: { content: `${prompt} Please.`, model: 'real', max_tokens: 12 } });
  expect((await full.answer('a', patience)).end.payload).toMatchObject({
    status: 'incomplete',
    finish_reason: 'length',
  });
  await full.close();
});

describe('who is not listening any more is not written for', () => {
  // An answer that would take far longer than the test waits, so that only a cancel explains the server's being free.
  const endless = 'Write a very long story about the sea, the ships and the harbours, with many chapters.';

  async function serverIsFree(): Promise<void> {
    const answer = await askStreamed(client, question('Say yes.', 3));
    expect(answer.text).not.toBe('');
  }

  test('a cancel', async () => {
    const before = await disconnects();
    const chat = await ChatSocket.connectFull(gateway.chatUrl);
    chat.send({ type: 'chat', id: 'a', payload: { content: endless, model: 'real', max_tokens: 3_000 } });
    await chat.deltas(5, 'a', patience);
    chat.send({ type: 'cancel', payload: { id: 'a' } });
    const answer = await chat.answer('a', patience);
    expect(answer.end.payload).toMatchObject({ status: 'cancelled', usage: { output_tokens: expect.any(Number) } });
    const exchange = proxy.of(endless);
    await exchange.over.promise;
    expect(exchange.spoken.text.startsWith(answer.text)).toBe(true);
    await expect.poll(disconnects, { timeout: patience }).toBe(before + 1);
    await serverIsFree();
    await chat.close();
  });

  test('an aborted HTTP request', async () => {
    const before = await disconnects();
    const prompt = `${endless} Begin with a storm.`;
    let words = 0;
    for await (const chunk of await client.chat.completions.create({ ...question(prompt, 3_000), stream: true })) {
      if (chunk.choices[0]?.delta.content && ++words === 5) break;
    }
    await proxy.of(prompt).over.promise;
    await expect.poll(disconnects, { timeout: patience }).toBe(before + 1);
    await serverIsFree();
  });
});
