import { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway } from '../harness/gateway.ts';
import { ask, askStreamed, openaiClient, type Question } from '../harness/openai_client.ts';

// An independent simulator of OpenAI stands behind the gateway: whatever it was told to say must be what clients read.

const simulator = new LLMock({ port: 0, host: '127.0.0.1' });
let gateway: Gateway;
let client: OpenAI;

beforeAll(async () => {
  await simulator.start();
  gateway = await Gateway.start({
    providers: { simulator: { type: 'openai', base_url: `${simulator.url}/v1`, api_key: 'sk-simulated' } },
    models: [{ name: 'simulated', targets: [{ provider: 'simulator', model: 'gpt-5' }] }],
  });
  client = openaiClient(gateway);
});
afterEach(() => void simulator.clearFixtures());
afterAll(async () => {
  await gateway?.stop();
  await simulator.stop();
});

const question = (content: string, more: Partial<Question> = {}): Question => ({
  model: 'simulated',
  messages: [{ role: 'user', content }],
  ...more,
});

describe.each([
  ['streamed', askStreamed],
  ['not streamed', ask],
] as const)('%s', (_, asking) => {
  test.each([
    ['plain text', 'It is sunny today.', 4],
    ['text one character at a time', 'Word by word, or less.', 1],
    ['one big piece', 'x'.repeat(50_000), 100_000],
    ['many scripts', 'Grüße, мир, 世界, עולם, नमस्ते', 1],
    ['what JSON must escape', 'a "quote", a \\ backslash,\nlines\r\n\ttabs and \u0001 \u2028 \u007f', 3],
    ['markdown', '# Title\n\n```cpp\nint main() { return 0; }\n```\n\n| a | b |\n|---|---|\n', 7],
    ['what looks like an end', 'data: [DONE]\n\ndata: {"choices":[]}\n\n', 5],
    ['emoji, whole', '👋🏽 👩‍👩‍👧‍👦 🇩🇪 é', 1_000],
    ['emoji, cut into halves of surrogate pairs', 'a👋b🧵c', 1],
  ])('%s', async (what, content, chunkSize) => {
    simulator.onMessage(what, { content }, { chunkSize });
    expect(await asking(client, question(what))).toMatchObject({ text: content, finishReason: 'stop', toolCalls: [] });
  });

  test('reasoning before the answer', async () => {
    simulator.onMessage('think', { content: 'Forty-two.', reasoning: 'Let me compute…' }, { chunkSize: 3 });
    expect(await asking(client, question('think'))).toMatchObject({ text: 'Forty-two.', reasoning: 'Let me compute…' });
  });

  test('a tool call, and parallel ones', async () => {
    const weather = { id: 'call_w', name: 'weather', arguments: '{"city":"Zürich","unit":"°C"}' };
    const time = { id: 'call_t', name: 'time', arguments: '{"zone":"Europe/Zurich"}' };
    const tools: Question['tools'] = [weather, time].map(({ name }) => ({
      type: 'function',
      function: { name, parameters: { type: 'object' } },
    }));
    simulator.onMessage('one tool', { toolCalls: [weather] }, { chunkSize: 2 });
    simulator.onMessage('both tools', { toolCalls: [weather, time] }, { chunkSize: 2 });
    expect(await asking(client, question('one tool', { tools }))).toMatchObject({
      toolCalls: [weather],
      finishReason: 'tool_calls',
    });
    expect(await asking(client, question('both tools', { tools }))).toMatchObject({
      toolCalls: [weather, time],
      finishReason: 'tool_calls',
    });
  });

  test('text and a tool call', async () => {
    const call = { id: 'call_1', name: 'look', arguments: '{}' };
    simulator.onMessage('mixed', { content: 'Let me look.', toolCalls: [call] });
    expect(await asking(client, question('mixed'))).toMatchObject({
      text: 'Let me look.',
      toolCalls: [call],
      finishReason: 'tool_calls',
    });
  });

  test.each(['stop', 'length', 'content_filter'])('finish reason %s', async (finishReason) => {
    simulator.onMessage('finish', { content: 'So far', finishReason });
    expect(await asking(client, question('finish'))).toMatchObject({ text: 'So far', finishReason });
  });

  test('usage', async () => {
    const usage = { prompt_tokens: 11, completion_tokens: 22, total_tokens: 33 };
    simulator.onMessage('count', { content: 'counted', usage });
    const more = asking === askStreamed ? { stream_options: { include_usage: true } } : {};
    expect((await asking(client, question('count', more))).usage).toMatchObject(usage);
  });

  test('its errors, in the words of OpenAI', async () => {
    const refuse = (status: number, retryAfter?: number): void =>
      void simulator.clearFixtures().onMessage('refuse', {
        error: { message: `simulated ${status}`, type: 'simulated', code: 'simulated' },
        status,
        ...(retryAfter === undefined ? {} : { retryAfter }),
      });
    const failing = async (): Promise<InstanceType<typeof OpenAI.APIError>> =>
      asking(client, question('refuse')).then(
        () => expect.unreachable(),
        (error) => error,
      );
    refuse(429, 17);
    const limited = await failing();
    expect(limited).toBeInstanceOf(OpenAI.RateLimitError);
    expect(limited.headers!.get('retry-after')).toBe('17');
    refuse(400);
    const bad = await failing();
    expect(bad).toBeInstanceOf(OpenAI.BadRequestError);
    expect(bad.message).toContain('simulated 400');
    for (const status of [500, 502, 503]) {
      refuse(status);
      const broken = await failing();
      expect(broken).toBeInstanceOf(OpenAI.InternalServerError);
      expect([502, 503]).toContain(broken.status);
    }
    refuse(401); // our own key at the provider is wrong: not the client's fault, and none of its business
    const misconfigured = await failing();
    expect(misconfigured).toBeInstanceOf(OpenAI.InternalServerError);
    expect(misconfigured.message).not.toContain('sk-simulated');
  });
});

describe('over the WebSocket', () => {
  test('the same words', async () => {
    simulator.onMessage('socket', { content: 'Spoken: 世界 👋', reasoning: 'Hm.' }, { chunkSize: 4 });
    const chat = await ChatSocket.connect(gateway.chatUrl);
    const answer = await chat.ask('socket', { model: 'simulated' });
    expect(answer).toMatchObject({ text: 'Spoken: 世界 👋', reasoning: 'Hm.', end: { type: 'done' } });
    await chat.close();
  });

  test('an error before the first delta is one error with retry_after', async () => {
    simulator.onMessage('limited', { error: { message: 'slow down' }, status: 429, retryAfter: 17 });
    const chat = await ChatSocket.connect(gateway.chatUrl);
    const { end } = await chat.ask('limited', { model: 'simulated' });
    expect(end).toMatchObject({ type: 'error', payload: { code: 429, retry_after: 17 } });
    await chat.pings();
    await chat.close();
  });
});
