import { GoogleGenAI, type GenerateContentParameters, type GenerateContentResponse, type Part } from '@google/genai';
import { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { ask, askStreamed, openaiClient } from '../harness/openai_client.ts';

// An independent simulator of Gemini stands behind the gateway. Google's own SDK reads through the gateway what it
// reads from the simulator itself; OpenAI's SDK and our WebSocket read the same words in their own dialects.

const simulator = new LLMock({ port: 0, host: '127.0.0.1' });
const model = 'gemini-simulated';
let gateway: Gateway;
let direct: GoogleGenAI;
let through: GoogleGenAI;
let openai: OpenAI;

beforeAll(async () => {
  await simulator.start();
  gateway = await Gateway.start({
    providers: { simulator: { type: 'gemini', base_url: simulator.url, api_key: 'simulated' } },
    models: [{ name: model, targets: [{ provider: 'simulator' }] }],
  });
  direct = new GoogleGenAI({ apiKey: 'simulated', httpOptions: { baseUrl: simulator.url, apiVersion: 'v1beta' } });
  through = new GoogleGenAI({ apiKey: token, httpOptions: { baseUrl: gateway.url } });
  openai = openaiClient(gateway);
});
afterEach(() => void simulator.clearFixtures());
afterAll(async () => {
  await gateway?.stop();
  await simulator.stop();
});

const functionDeclarations = ['weather', 'time'].map((name) => ({
  name,
  description: name,
  parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } } },
}));
const question = (contents: string): GenerateContentParameters => ({
  model,
  contents,
  config: { tools: [{ functionDeclarations }] },
});

type Asking = (client: GoogleGenAI, contents: string) => Promise<GenerateContentResponse[]>;
const whole: Asking = async (client, contents) => [await client.models.generateContent(question(contents))];
const streamed: Asking = async (client, contents) => {
  const responses = [];
  for await (const response of await client.models.generateContentStream(question(contents))) responses.push(response);
  return responses;
};

/** What is the same whoever asks: texts joined, calls by name. */
function essence(responses: GenerateContentResponse[]): object {
  const parts: Part[] = responses.flatMap((response) => response.candidates?.[0]?.content?.parts ?? []);
  const text = (thought: boolean) =>
    parts
      .filter((part) => part.text !== undefined && (part.thought ?? false) === thought)
      .map((part) => part.text)
      .join('');
  return {
    text: text(false),
    thoughts: text(true),
    calls: parts.flatMap(({ functionCall }) => (functionCall ? [[functionCall.name, functionCall.args]] : [])),
    finishReasons: responses.flatMap((response) => response.candidates?.[0]?.finishReason ?? []),
  };
}

const weather = { id: 'w', name: 'weather', arguments: '{"city":"Zürich","unit":"°C"}' };
const time = { id: 't', name: 'time', arguments: '{"city":"Roma"}' };
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
    const here = essence(await asking(through, what));
    const there = essence(await asking(direct, what)) as { finishReasons: string[] };
    // The simulator says FUNCTION_CALL, a word that Google's API does not have.
    there.finishReasons = there.finishReasons.map((word) => (word === 'FUNCTION_CALL' ? 'STOP' : word));
    expect(here).toEqual(there);
  });

  test.each([400, 429, 500, 503])('an error of status %i', async (status) => {
    simulator.onMessage('fail', { error: { message: 'so it is', type: 'api_error' }, status });
    const problem = (await asking(through, 'fail').catch((error: unknown) => error)) as {
      status: number;
      name: string;
    };
    expect(problem).toMatchObject({ name: 'ApiError', status: { 400: 400, 429: 429, 500: 502, 503: 503 }[status] });
  });
});

describe('in other dialects', () => {
  test.each([
    ['streamed', askStreamed],
    ['not streamed', ask],
  ] as const)('OpenAI’s SDK, %s', async (_, asking) => {
    simulator.onMessage('all of it', { content: 'It rains.', reasoning: 'Hm…' }, { chunkSize: 2 });
    simulator.onMessage('both tools', fixtures['both tools'], { chunkSize: 2 });
    const asked = (content: string) => ({
      model,
      messages: [{ role: 'user' as const, content }],
      tools: functionDeclarations.map(({ name }) => ({
        type: 'function' as const,
        function: { name, parameters: {} },
      })),
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
    expect((await chat.ask('halves', { id: 'a', model })).text).toBe('a👋b🧵c');
    await chat.close();
  });
});
