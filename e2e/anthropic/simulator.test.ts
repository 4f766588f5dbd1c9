import Anthropic from '@anthropic-ai/sdk';
import { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { ask, askStreamed, openaiClient } from '../harness/openai_client.ts';

// An independent simulator of Anthropic stands behind the gateway. Its own SDK reads through the gateway what it reads
// from the simulator itself; OpenAI's SDK and our WebSocket read the same words in their own dialects.

const simulator = new LLMock({ port: 0, host: '127.0.0.1' });
let gateway: Gateway;
let direct: Anthropic;
let through: Anthropic;
let openai: OpenAI;

beforeAll(async () => {
  await simulator.start();
  gateway = await Gateway.start({
    providers: { simulator: { type: 'anthropic', base_url: simulator.url, api_key: 'sk-simulated' } },
    models: [{ name: 'claude-simulated', targets: [{ provider: 'simulator' }] }],
  });
  direct = new Anthropic({ baseURL: simulator.url, apiKey: 'sk-simulated', maxRetries: 0 });
  through = new Anthropic({ baseURL: gateway.url, apiKey: token, maxRetries: 0 });
  openai = openaiClient(gateway);
});
afterEach(() => void simulator.clearFixtures());
afterAll(async () => {
  await gateway?.stop();
  await simulator.stop();
});

const tools = ['weather', 'time'].map((name) => ({
  name,
  description: name,
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
}));
const question = (content: string) => ({
  model: 'claude-simulated',
  max_tokens: 500,
  messages: [{ role: 'user' as const, content }],
  tools,
});

type Asking = (client: Anthropic, content: string) => Promise<Anthropic.Message>;
const whole: Asking = (client, content) => client.messages.create(question(content));
const streamed: Asking = (client, content) => client.messages.stream(question(content)).finalMessage();

/** What is the same whoever asks. */
function essence({ content, stop_reason, stop_sequence, role, type }: Anthropic.Message): object {
  const blocks = content.map((block) => {
    if (block.type === 'text') return { type: block.type, text: block.text };
    if (block.type === 'thinking') return { type: block.type, thinking: block.thinking, signature: block.signature };
    if (block.type === 'tool_use') return { type: block.type, name: block.name, input: block.input };
    return block;
  });
  return { blocks, stop_reason, stop_sequence, role, type };
}

const weather = { id: 'toolu_w', name: 'weather', arguments: '{"city":"Zürich","unit":"°C"}' };
const time = { id: 'toolu_t', name: 'time', arguments: '{"city":"Roma"}' };
const fixtures = {
  'plain text': { content: 'It is sunny today.' },
  'one big piece': { content: 'x'.repeat(50_000) },
  'many scripts': { content: 'Grüße, мир, 世界, עולם, नमस्ते 👋🏽 👩‍👩‍👧‍👦 🇩🇪 é' },
  'what JSON must escape': { content: 'a "quote", a \\ backslash,\nlines\r\n\ttabs and \u0001 \u2028 \u007f' },
  'thinking first': { content: 'Forty-two.', reasoning: 'Let me compute…' },
  'one tool': { toolCalls: [weather] },
  'both tools': { toolCalls: [weather, time] },
};

describe.each([
  ['streamed', streamed],
  ['not streamed', whole],
] as const)('%s', (_, asking) => {
  test.each(Object.entries(fixtures))('%s: the SDK reads the same through the gateway', async (what, said) => {
    simulator.onMessage(what, said, { chunkSize: 3 });
    expect(essence(await asking(through, what))).toEqual(essence(await asking(direct, what)));
  });

  test.each([429, 500, 503, 529])('an error of status %i', async (status) => {
    simulator.onMessage('fail', { error: { message: 'so it is', type: 'api_error' }, status });
    const problem = await asking(through, 'fail').catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Anthropic.APIError);
    expect((problem as { status: number }).status).toBe({ 429: 429, 500: 502, 503: 529, 529: 529 }[status]);
  });
});

describe('in other dialects', () => {
  test.each([
    ['streamed', askStreamed],
    ['not streamed', ask],
  ] as const)('OpenAI’s SDK, %s', async (_, asking) => {
    simulator.onMessage('all of it', { content: 'It rains.', reasoning: 'Hm…' }, { chunkSize: 2 });
    simulator.onMessage('both tools', fixtures['both tools'], { chunkSize: 2 });
    const model = 'claude-simulated';
    const asked = (content: string) => ({
      model,
      messages: [{ role: 'user' as const, content }],
      tools: tools.map(({ name }) => ({ type: 'function' as const, function: { name, parameters: {} } })),
    });
    expect(await asking(openai, asked('all of it'))).toMatchObject({
      text: 'It rains.',
      reasoning: 'Hm…',
      finishReason: 'stop',
    });
    expect(await asking(openai, asked('both tools'))).toMatchObject({
      toolCalls: [
        { name: 'weather', arguments: JSON.stringify(JSON.parse(weather.arguments)) },
        { name: 'time', arguments: JSON.stringify(JSON.parse(time.arguments)) },
      ],
      finishReason: 'tool_calls',
    });
  });

  test('our WebSocket, characters cut into halves', async () => {
    simulator.onMessage('halves', { content: 'a👋b🧵c' }, { chunkSize: 1 });
    const chat = await ChatSocket.connectFull(gateway.chatUrl);
    expect((await chat.ask('halves', { id: 'a', model: 'claude-simulated' })).text).toBe('a👋b🧵c');
    await chat.close();
  });
});
