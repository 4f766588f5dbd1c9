import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from '../harness/deadline.ts';
import { Gateway, keys, token } from '../harness/gateway.ts';
import { mockReasoning, mockText } from '../harness/mock_answer.ts';
import { ask, askStreamed, openaiClient } from '../harness/openai_client.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

let gateway: Gateway;
let provider: ScriptedProvider;
let client: OpenAI;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start(
    {
      providers: { scripted: { type: 'openai', base_url: provider.baseUrl, api_key: '${UPSTREAM_KEY}' } },
      models: [{ name: 'scripted', targets: [{ provider: 'scripted', model: 'upstream-name' }] }],
    },
    { UPSTREAM_KEY: 'sk-upstream' },
  );
  client = openaiClient(gateway);
});
afterAll(async () => {
  await gateway?.stop();
  await provider?.stop();
});

describe('the mock through the official SDK', () => {
  const question = { model: 'mock', messages: [{ role: 'user' as const, content: 'Hello 你好 👋' }] };
  const spoken = {
    text: mockText('Hello 你好 👋'),
    reasoning: mockReasoning('Hello 你好 👋'),
    finishReason: 'stop',
    toolCalls: [],
  };

  test('not streamed', async () => {
    expect(await ask(client, question)).toMatchObject(spoken);
    expect(await client.chat.completions.create(question)).toMatchObject({
      id: expect.stringMatching(/./),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'mock',
      choices: [{ index: 0, message: { role: 'assistant' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 10, completion_tokens: [...spoken.text, ...spoken.reasoning].length },
    });
  });

  test('streamed: one id, the role first, the finish reason once', async () => {
    const { chunks, ...whole } = await askStreamed(client, question);
    expect(whole).toMatchObject(spoken);
    expect(new Set(chunks.map(({ id, object, model }) => `${id} ${object} ${model}`)).size).toBe(1);
    expect(chunks[0]).toMatchObject({
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { role: 'assistant' } }],
    });
    expect(chunks.filter(({ choices }) => choices[0]?.finish_reason)).toHaveLength(1);
    expect(whole.usage).toBeUndefined(); // nobody asked for it
  });

  test('streamed with usage: last, in a chunk of its own', async () => {
    const { chunks, usage } = await askStreamed(client, { ...question, stream_options: { include_usage: true } });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 10 } });
    expect(chunks.slice(0, -1).every((chunk) => !chunk.usage)).toBe(true);
    expect(usage!.total_tokens).toBe(usage!.prompt_tokens + usage!.completion_tokens);
  });

  test('through the helpers of the SDK', async () => {
    const runner = client.chat.completions.stream(question);
    let text = '';
    runner.on('content', (delta) => (text += delta));
    expect((await runner.finalChatCompletion()).choices[0]!.message.content).toBe(spoken.text);
    expect(text).toBe(spoken.text);
  });

  test('with the limits of the request', async () => {
    const cut = await ask(client, { ...question, max_tokens: 5 });
    expect(cut).toMatchObject({ reasoning: spoken.reasoning.slice(0, 5), text: '', finishReason: 'length' });
    const stopped = await askStreamed(client, { ...question, stop: ['I am the mock'] });
    expect(stopped).toMatchObject({ text: 'You said: "Hello 你好 👋". ', finishReason: 'stop' });
  });

  test('twenty at once', async () => {
    const prompts = Array.from({ length: 20 }, (_, index) => `number ${index}`);
    const answers = await Promise.all(
      prompts.map((content) => askStreamed(client, { model: 'mock', messages: [{ role: 'user', content }] })),
    );
    expect(answers.map(({ text }) => text)).toEqual(prompts.map(mockText));
  });
});

describe('what reaches the provider', () => {
  test('the question, under the provider’s name of the model, with its key and not the client’s', async () => {
    const answer = client.chat.completions.create({
      model: 'scripted',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
          ],
        },
      ],
      temperature: 0.25,
      top_p: 0.5,
      seed: 7,
      stop: ['END'],
      max_completion_tokens: 11,
      presence_penalty: 0.5,
      response_format: { type: 'json_object' },
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }],
      tool_choice: 'auto',
      user: 'u-1',
    });
    const call = await provider.call();
    expect(call.path).toBe('/v1/chat/completions');
    expect(call.headers.authorization).toBe('Bearer sk-upstream');
    expect(JSON.stringify(call.headers) + JSON.stringify(call.request)).not.toContain(`Bearer ${token}`);
    expect(call.request).toMatchObject({
      model: 'upstream-name',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
          ],
        },
      ],
      temperature: 0.25,
      top_p: 0.5,
      seed: 7,
      presence_penalty: 0.5,
      response_format: { type: 'json_object' },
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }],
      tool_choice: 'auto',
    });
    expect([call.request.stop].flat()).toEqual(['END']);
    expect(call.request.max_completion_tokens ?? call.request.max_tokens).toBe(11);
    call.text('{}').finish();
    await answer.catch(() => {}); // how it is answered is for others to test
  });

  test('tool results, with the calls that they answer', async () => {
    const answer = askStreamed(client, {
      model: 'scripted',
      messages: [
        { role: 'user', content: 'weather?' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Köln"}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
      ],
    });
    const call = await provider.call();
    expect(call.request.messages).toMatchObject([
      { role: 'user', content: 'weather?' },
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Köln"}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
    ]);
    call.text('Take an umbrella.').finish();
    expect((await answer).text).toBe('Take an umbrella.');
  });

  test('the client’s going away, streamed', async () => {
    const begun = client.chat.completions.create({
      model: 'scripted',
      messages: [{ role: 'user', content: 'x' }],
      stream: true,
    });
    const call = await provider.call();
    call.text('a'); // the headers wait for it
    for await (const { choices } of await begun) if (choices[0]?.delta.content === 'a') break; // which aborts
    await within('the provider to be let go', call.gone);
  });

  test('the client’s going away, before the first byte and not streamed', async () => {
    for (const stream of [true, false]) {
      const leaving = new AbortController();
      const answer = client.chat.completions.create(
        { model: 'scripted', messages: [{ role: 'user', content: 'x' }], stream },
        { signal: leaving.signal },
      );
      const call = await provider.call();
      leaving.abort();
      await expect(answer).rejects.toThrow(OpenAI.APIUserAbortError);
      await within('the provider to be let go', call.gone);
    }
  });
});

describe('errors in the words of OpenAI', () => {
  const messages = [{ role: 'user' as const, content: 'x' }];

  test('no key and bad keys: AuthenticationError', async () => {
    await expect(ask(openaiClient(gateway, 'sk-wrong'), { model: 'mock', messages })).rejects.toThrow(
      OpenAI.AuthenticationError,
    );
    const response = await fetch(`${gateway.openaiUrl}/chat/completions`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringMatching(/./), type: expect.any(String), param: null },
    });
  });

  test('an unknown model: NotFoundError with code model_not_found', async () => {
    for (const stream of [true, false]) {
      const failure = await client.chat.completions.create({ model: 'gpt-0', messages, stream }).then(
        () => undefined,
        (error) => error,
      );
      expect(failure).toBeInstanceOf(OpenAI.NotFoundError);
      expect(failure).toMatchObject({
        status: 404,
        code: 'model_not_found',
        message: expect.stringContaining('gpt-0'),
      });
      expect(failure.requestID).toMatch(/./);
    }
  });

  test.each([
    ['no messages', { model: 'mock' }, /messages/],
    ['messages of no list', { model: 'mock', messages: 'Hello' }, /messages/],
    ['an empty list', { model: 'mock', messages: [] }, /messages/],
    ['an unknown role', { model: 'mock', messages: [{ role: 'king', content: 'x' }] }, /role/],
    ['content of a wrong type', { model: 'mock', messages: [{ role: 'user', content: 7 }] }, /content/],
    ['a temperature in words', { model: 'mock', messages, temperature: 'hot' }, /temperature/],
    ['a stream that is no boolean', { model: 'mock', messages, stream: 'yes' }, /stream/],
    ['a negative max_tokens', { model: 'mock', messages, max_tokens: -1 }, /max_tokens/],
  ])('%s: BadRequestError that names the place', async (_, body, says) => {
    const failure = await client.chat.completions.create(body as never).then(
      () => undefined,
      (error) => error,
    );
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError);
    expect(failure.type).toBe('invalid_request_error');
    expect(`${failure.message} ${failure.param}`).toMatch(says);
  });

  test.each([
    ['what is not JSON', 'hello', 400],
    ['an array', '[]', 400],
    ['deep nesting', '['.repeat(5_000), 400],
    ['nothing', '', 400],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['more than the limit', `{"a":"${'x'.repeat(11_000_000)}"}`, 413],
  ])('a body of %s', async (_, body, status) => {
    const response = await fetch(`${gateway.openaiUrl}/chat/completions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${keys.alice}`, 'Content-Type': 'application/json' },
      body,
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/./) } });
  });

  test('a wrong method and a wrong path', async () => {
    const headers = { Authorization: `Bearer ${token}` };
    expect((await fetch(`${gateway.openaiUrl}/chat/completions`, { headers })).status).toBe(405);
    expect((await fetch(`${gateway.openaiUrl}/chat/complétions`, { headers })).status).toBe(404);
  });
});

test('models.list names what may be asked for', async () => {
  const models = [];
  for await (const model of client.models.list()) models.push(model);
  expect(models).toEqual(
    expect.arrayContaining(
      ['mock', 'scripted'].map((id) => expect.objectContaining({ id, object: 'model', owned_by: expect.any(String) })),
    ),
  );
  await expect(openaiClient(gateway, 'sk-wrong').models.list()).rejects.toThrow(OpenAI.AuthenticationError);
});
