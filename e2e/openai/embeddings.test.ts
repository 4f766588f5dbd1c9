import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Gateway } from '../harness/gateway.ts';
import { openaiClient } from '../harness/openai_client.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

let gateway: Gateway;
let provider: ScriptedProvider;
let client: OpenAI;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: {
      scripted: { type: 'openai', base_url: provider.baseUrl, timeouts: { first_token: '500ms' } },
      google: { type: 'gemini', base_url: provider.baseUrl.replace('/v1', '') },
      claude: { type: 'anthropic', base_url: provider.baseUrl },
    },
    models: [
      { name: 'vectors', targets: [{ provider: 'scripted', model: 'theirs' }], fallback: ['mock'] },
      { name: 'google-vectors', targets: [{ provider: 'google', model: 'gemini-embedding' }] },
    ],
    retry: { attempts: 2, base_delay: '10ms' },
  });
  client = openaiClient(gateway);
});
afterEach(() => provider.always(undefined));
afterAll(async () => {
  await gateway?.stop();
  await provider?.stop();
});

const embed = (body: Partial<OpenAI.EmbeddingCreateParams>): Promise<OpenAI.CreateEmbeddingResponse> =>
  client.embeddings.create({ model: 'mock', input: 'Hello', ...body });

describe('the mock', () => {
  test.each(['float', 'base64', undefined] as const)('in the format %s, the same numbers', async (encoding_format) => {
    const plain = await embed({ input: ['Hello world', 'world Hello', 'Bye'], encoding_format: 'float' });
    const { data, usage, model } = await embed({ input: ['Hello world', 'world Hello', 'Bye'], encoding_format });
    expect([model, usage]).toEqual(['mock', { prompt_tokens: 25, total_tokens: 25 }]);
    expect(data.map(({ index }) => index)).toEqual([0, 1, 2]);
    if (encoding_format === 'base64') {
      const bytes = Buffer.from(data[2]!.embedding as unknown as string, 'base64');
      expect(bytes.length).toBe(4 * 256);
      expect(bytes.readFloatLE(0)).toBeCloseTo(plain.data[2]!.embedding[0]!, 6);
      return;
    }
    for (const [index, { embedding }] of data.entries()) {
      expect(embedding).toHaveLength(256);
      for (const [at, number] of embedding.entries()) expect(number).toBeCloseTo(plain.data[index]!.embedding[at]!, 6);
    }
    expect(data[0]!.embedding).toEqual(data[1]!.embedding);
    expect(data[0]!.embedding).not.toEqual(data[2]!.embedding);
  });

  test('as many numbers as asked for; tokens', async () => {
    const { data, usage } = await embed({ input: [[1, 2, 3]], dimensions: 8 });
    expect(data[0]!.embedding).toHaveLength(8);
    expect(usage.prompt_tokens).toBe(3);
  });
});

describe('a provider behind it', () => {
  test('is asked in its words', async () => {
    const asked = embed({ model: 'vectors', input: ['a', 'b'], dimensions: 2, user: 'u', encoding_format: 'float' });
    const call = await provider.call();
    expect(call.path).toBe('/v1/embeddings');
    expect(call.request).toEqual({
      model: 'theirs',
      input: ['a', 'b'],
      dimensions: 2,
      user: 'u',
      encoding_format: 'float',
    });
    call.json(200, {
      data: [
        { index: 1, embedding: [0.25, -1] },
        { index: 0, embedding: [3.5, 1e-9] },
      ],
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
    const { data, usage, model } = await asked;
    expect(data.map(({ embedding }) => embedding)).toEqual([
      [3.5, 1e-9],
      [0.25, -1],
    ]);
    expect([usage.prompt_tokens, model]).toEqual([7, 'vectors']);
  });

  test('Gemini in its own', async () => {
    const asked = embed({ model: 'google-vectors', input: 'abcde', dimensions: 2 });
    const call = await provider.call();
    expect(call.path).toBe('/v1beta/models/gemini-embedding:batchEmbedContents');
    expect(call.request).toEqual({
      requests: [
        { model: 'models/gemini-embedding', content: { parts: [{ text: 'abcde' }] }, outputDimensionality: 2 },
      ],
    });
    call.json(200, { embeddings: [{ values: [0.5, 0.25] }] });
    const { data, usage } = await asked;
    expect([data[0]!.embedding, usage.prompt_tokens]).toEqual([[0.5, 0.25], 2]);
  });

  test('is asked again, but no other model is', async () => {
    let calls = 0;
    provider.always((call) => (++calls, call.json(500, {})));
    await expect(embed({ model: 'vectors' })).rejects.toMatchObject({ status: 502 });
    expect(calls).toBe(2);
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['too few vectors', { data: [] }],
    ['no numbers', { data: [{ embedding: ['x'] }] }],
  ])('that answers with %s has failed', async (_, body) => {
    provider.always((call) => call.json(200, body));
    await expect(embed({ model: 'vectors' })).rejects.toMatchObject({ status: 502 });
  });

  test('that says nothing has, too', async () => {
    provider.always(() => {});
    await expect(embed({ model: 'vectors' })).rejects.toMatchObject({ status: 504 });
  });
});

test('usage is counted', async () => {
  await embed({ input: 'abc' });
  const usage = await fetch(`${gateway.url}/v1/usage`, { headers: { authorization: 'Bearer 123' } });
  expect(JSON.stringify(await usage.json())).toMatch(/"input_tokens":[1-9]/);
});

test.each<[string, Record<string, unknown>, number, string | null]>([
  ['no input', { input: undefined }, 400, 'input'],
  ['an empty text', { input: '' }, 400, 'input'],
  ['an empty one of several', { input: ['a', ''] }, 400, 'input[1]'],
  ['nothing of several', { input: [] }, 400, 'input'],
  ['something else', { input: { text: 'a' } }, 400, 'input'],
  ['too many', { input: Array<string>(2049).fill('a') }, 413, 'input'],
  ['a format that is none', { encoding_format: 'int8' }, 400, 'encoding_format'],
  ['dimensions that are none', { dimensions: 0 }, 400, 'dimensions'],
  ['a model that is none', { model: 'none' }, 404, 'model'],
  ['a model of a provider that has none', { model: 'claude/x' }, 501, 'model'],
])('%s: refused, and where', async (_, change, status, param) => {
  const problem = await embed(change as never).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(OpenAI.APIError);
  expect(problem).toMatchObject({ status, param });
});
