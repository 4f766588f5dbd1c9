import Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { within } from '../harness/deadline.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { mockReasoning, mockText } from '../harness/mock_answer.ts';
import { ScriptedProvider, type ProviderCall } from '../harness/scripted_provider.ts';

// Anthropic's official SDK, pointed at the gateway: whichever provider is behind it, it is as if it were Anthropic.

let gateway: Gateway;
let provider: ScriptedProvider;
let client: Anthropic;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: {
      scripted: { type: 'openai', base_url: provider.baseUrl },
      claude: { type: 'anthropic', base_url: provider.baseUrl, api_key: 'sk-upstream' },
    },
    models: [
      { name: 'scripted', targets: [{ provider: 'scripted', model: 'upstream-name' }] },
      { name: 'claude', targets: [{ provider: 'claude', model: 'claude-x' }] },
    ],
    limits: [
      {
        name: 'messages',
        by: 'user',
        match: { path: '/v1/messages' },
        algorithm: 'token_bucket',
        rate: 100,
        burst: 500,
      },
    ],
  });
  client = new Anthropic({ baseURL: gateway.url, apiKey: token, maxRetries: 0 });
});
afterEach(() => provider.always(undefined));
afterAll(async () => {
  await gateway?.stop();
  await provider?.stop();
});

const ask = (content: string, model = 'mock') => ({
  model,
  max_tokens: 1000,
  messages: [{ role: 'user' as const, content }],
});

describe('the mock', () => {
  const prompt = 'Hello 你好 👋';
  const content = [
    { type: 'thinking', thinking: mockReasoning(prompt) },
    { type: 'text', text: mockText(prompt) },
  ];

  test('not streamed', async () => {
    const message = await client.messages.create(ask(prompt));
    expect(message).toMatchObject({
      id: expect.stringMatching(/^msg_\w+$/),
      type: 'message',
      role: 'assistant',
      model: 'mock',
      content,
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 10, output_tokens: [...mockText(prompt), ...mockReasoning(prompt)].length },
    });
    expect(message._request_id).toMatch(/^req_/);
  });

  test('streamed, through the helpers of the SDK', async () => {
    let text = '';
    let thinking = '';
    const stream = client.messages.stream(ask(prompt));
    stream.on('text', (delta) => (text += delta));
    stream.on('thinking', (delta) => (thinking += delta));
    const message = await stream.finalMessage();
    expect(message).toMatchObject({ content, stop_reason: 'end_turn', usage: { input_tokens: 10 } });
    expect({ text, thinking }).toEqual({ text: mockText(prompt), thinking: mockReasoning(prompt) });
  });

  test('streamed: every block begins and ends, one after the other', async () => {
    const events: string[] = [];
    for await (const event of await client.messages.create({ ...ask('Hi'), stream: true })) {
      if (events.at(-1) !== event.type) events.push(event.type);
    }
    const block = ['content_block_start', 'content_block_delta', 'content_block_stop'];
    expect(events).toEqual(['message_start', ...block, ...block, 'message_delta', 'message_stop']);
  });

  test('with the limits of the request', async () => {
    const cut = await client.messages.create({ ...ask('Hello'), max_tokens: 5 });
    expect(cut).toMatchObject({ stop_reason: 'max_tokens', content: [{ type: 'thinking' }] });
    const stopped = await client.messages.create({ ...ask('Hello'), stop_sequences: ['I am the mock'] });
    expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'I am the mock' });
  });

  test('says how the client stands', async () => {
    const { response } = await client.messages.create(ask('x')).withResponse();
    expect(response.headers.get('anthropic-ratelimit-requests-limit')).toBe('500');
    expect(Date.parse(response.headers.get('anthropic-ratelimit-requests-reset')!)).toBeGreaterThan(0);
  });
});

describe('an OpenAI-compatible provider behind it', () => {
  const weather = {
    name: 'get_weather',
    description: 'What the weather is like',
    input_schema: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
  };

  test('a whole round of two tools at once, streamed', async () => {
    const question = {
      ...ask('Rain in Paris or Rome?', 'scripted'),
      tools: [weather],
      tool_choice: { type: 'any' as const },
    };
    const stream = client.messages.stream({ ...question, system: 'Be brief.' });
    const first = await provider.call();
    expect(first.request).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Rain in Paris or Rome?' },
      ],
      tools: [{ type: 'function', function: { name: 'get_weather', parameters: weather.input_schema } }],
      tool_choice: 'required',
    });
    first.text('Let me look.');
    for (const [index, city] of ['Paris', 'Rome'].entries()) {
      first.delta({
        tool_calls: [{ index, id: `call_${city}`, type: 'function', function: { name: 'get_weather', arguments: '' } }],
      });
      for (const piece of ['{"ci', `ty":"${city}"}`])
        first.delta({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
    first.finish('tool_calls', {
      prompt_tokens: 20,
      completion_tokens: 9,
      prompt_tokens_details: { cached_tokens: 15 },
    });
    const said = await stream.finalMessage();
    expect(said).toMatchObject({
      content: [
        { type: 'text', text: 'Let me look.' },
        { type: 'tool_use', id: 'call_Paris', name: 'get_weather', input: { city: 'Paris' } },
        { type: 'tool_use', id: 'call_Rome', name: 'get_weather', input: { city: 'Rome' } },
      ],
      stop_reason: 'tool_use',
      usage: { input_tokens: 5, cache_read_input_tokens: 15, output_tokens: 9 },
    });

    const answer = client.messages.create({
      ...question,
      messages: [
        ...question.messages,
        { role: 'assistant', content: said.content },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_Paris', content: 'dry' },
            { type: 'tool_result', tool_use_id: 'call_Rome', content: [{ type: 'text', text: 'wet' }] },
            { type: 'text', text: 'Well?' },
          ],
        },
      ],
    });
    const second = await provider.call();
    expect(second.request.messages.slice(1)).toMatchObject([
      { role: 'assistant', content: 'Let me look.', tool_calls: [{ id: 'call_Paris' }, { id: 'call_Rome' }] },
      { role: 'tool', tool_call_id: 'call_Paris', content: 'dry' },
      { role: 'tool', tool_call_id: 'call_Rome', content: 'wet' },
      { role: 'user', content: 'Well?' },
    ]);
    second.complete('Rome is wet.');
    expect(await answer).toMatchObject({ content: [{ type: 'text', text: 'Rome is wet.' }], stop_reason: 'end_turn' });
  });

  test('an image, in the words of the provider', async () => {
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data: 'iVBORw0KGgo=' };
    const answer = client.messages.create({
      ...ask('', 'scripted'),
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source },
            { type: 'text', text: 'What is it?' },
          ],
        },
      ],
    });
    const call = await provider.call();
    expect(call.request.messages[0]!.content).toMatchObject([
      { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
      { type: 'text', text: 'What is it?' },
    ]);
    call.complete('A picture.');
    await answer;
  });

  test.each([
    [400, Anthropic.BadRequestError, 'invalid_request_error'],
    [429, Anthropic.RateLimitError, 'rate_limit_error'],
    [500, Anthropic.InternalServerError, 'api_error'],
    [503, Anthropic.InternalServerError, 'overloaded_error'],
  ])('its refusal %i is an error of the SDK', async (status, kind, type) => {
    provider.always((call) => call.json(status, { error: { message: 'so it is' } }, { 'retry-after': '7' }));
    const problem = await client.messages.create(ask('x', 'scripted')).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(kind);
    expect(problem).toMatchObject({ error: { type: 'error', error: { type } } });
  });

  test('a cut in mid-stream ends in an error, not in silence', async () => {
    const stream = client.messages.stream(ask('x', 'scripted'));
    const call = await provider.call();
    call.text('half an ans');
    let text = '';
    stream.on('text', (delta) => {
      text += delta;
      call.cut();
    });
    await expect(stream.finalMessage()).rejects.toThrow(/api_error/);
    expect(text).toBe('half an ans');
  });

  test('a client that goes away is heard of there', async () => {
    const stream = client.messages.stream(ask('x', 'scripted'));
    stream.on('abort', () => {}); // else it would be an unhandled rejection
    const call = await provider.call();
    call.text('begun');
    await within('the first word', new Promise((come) => stream.once('text', come)));
    stream.abort();
    await within('the end of the call', call.gone);
  });
});

describe('a provider that speaks it, too', () => {
  // Thinking with its signature, and then the answer.
  const answer = (call: ProviderCall, text: string): void => {
    const say = (type: string, rest: object = {}): ProviderCall =>
      call.raw(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
    const block = (index: number, content_block: object, ...deltas: object[]): void => {
      say('content_block_start', { index, content_block });
      for (const delta of deltas) say('content_block_delta', { index, delta });
      say('content_block_stop', { index });
    };
    say('message_start', { message: { id: 'msg_1', model: 'claude-x', usage: { input_tokens: 3, output_tokens: 1 } } });
    block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'thinking_delta', thinking: 'Hm…' },
      { type: 'signature_delta', signature: 'c2lnbmVk' },
    );
    block(1, { type: 'text', text: '' }, { type: 'text_delta', text });
    say('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } });
    say('message_stop').end();
  };
  const signed = { type: 'thinking', thinking: 'Hm…', signature: 'c2lnbmVk' };

  test('is asked in its words, with its own key', async () => {
    const stream = client.messages.stream({
      ...ask('Hello', 'claude'),
      thinking: { type: 'enabled', budget_tokens: 1024 },
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    });
    const call = await provider.call();
    expect(call.path).toBe('/v1/messages');
    expect(call.headers).toMatchObject({ 'x-api-key': 'sk-upstream', 'anthropic-version': '2023-06-01' });
    expect(call.headers.authorization).toBeUndefined();
    expect(call.request).toEqual({
      model: 'claude-x',
      max_tokens: 1000,
      stream: true,
      thinking: { type: 'enabled', budget_tokens: 1024 },
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
    });
    answer(call, 'Hi.');
    expect(await stream.finalMessage()).toMatchObject({ content: [signed, { type: 'text', text: 'Hi.' }] });
  });

  test('gets its thinking back, signed, in the next turn of a conversation that is kept here', async () => {
    const chat = await ChatSocket.connectFull(gateway.chatUrl);
    const turn = async (content: string, conversation_id: string, model: string): Promise<[ProviderCall, string]> => {
      chat.send({ type: 'chat', id: content, payload: { content, model, conversation_id } });
      const call = await provider.call();
      return [call, (await chat.first('started', content)).payload.conversation_id!];
    };
    const [first, id] = await turn('one', 'new', 'claude');
    answer(first, 'First.');
    await chat.answer('one');
    const [second] = await turn('two', id, 'claude');
    expect(second.request.messages[1]).toEqual({
      role: 'assistant',
      content: [signed, { type: 'text', text: 'First.' }],
    });
    answer(second, 'Second.');
    await chat.answer('two');
    // It is nobody else's.
    const [third] = await turn('three', id, 'scripted');
    expect(JSON.stringify(third.request)).not.toContain('c2lnbmVk');
    third.text('Third.').finish();
    expect((await chat.answer('three')).text).toBe('Third.');
    await chat.close();
  });
});

describe('how many tokens', () => {
  const request = { model: 'mock', messages: [{ role: 'user' as const, content: 'Hello' }] };

  test('the provider’s word, or an estimate that says so', async () => {
    expect(await client.messages.countTokens(request)).toEqual({ input_tokens: 5 });
    const { data, response } = await client.messages.countTokens({ ...request, model: 'scripted' }).withResponse();
    expect(data).toEqual({ input_tokens: 2 });
    expect(response.headers.get('x-sluice-token-count')).toBe('estimated');
    expect(provider.untaken).toBe(0);
  });

  test('Anthropic is asked in its words', async () => {
    const asked = client.messages.countTokens({ ...request, model: 'claude', system: 'Be brief.' });
    const call = await provider.call();
    expect(call.path).toBe('/v1/messages/count_tokens');
    expect(call.request).toEqual({
      model: 'claude-x',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
      system: [{ type: 'text', text: 'Be brief.' }],
    });
    call.json(200, { input_tokens: 14 });
    expect(await asked).toEqual({ input_tokens: 14 });
    provider.always((again) =>
      again.json(529, { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }),
    );
    await expect(client.messages.countTokens({ ...request, model: 'claude' })).rejects.toMatchObject({ status: 529 });
    await expect(client.messages.countTokens({ ...request, model: 'none' })).rejects.toMatchObject({ status: 404 });
  });
});

describe('what cannot be', () => {
  test.each<[string, object, RegExp]>([
    ['no max_tokens', { max_tokens: undefined }, /max_tokens: is missing/],
    ['no messages', { messages: [] }, /messages: must be a list/],
    [
      'an empty block',
      { messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
      /messages\.0\.content\.0/,
    ],
    ['a role that is none', { messages: [{ role: 'tool', content: 'x' }] }, /messages\.0\.role/],
    ['a tool without a schema', { tools: [{ name: 'x' }] }, /tools\.0\.input_schema: is missing/],
    ['a choice that is none', { tool_choice: { type: 'all' } }, /tool_choice/],
  ])('%s: 400, and where', async (_, change, where) => {
    const problem = await client.messages.create({ ...ask('x'), ...change } as never).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Anthropic.BadRequestError);
    expect((problem as Error).message).toMatch(where);
  });

  test('a wrong key is 401, an unknown model 404, a wrong method 405, all in Anthropic’s shape', async () => {
    const stranger = new Anthropic({ baseURL: gateway.url, apiKey: 'wrong', maxRetries: 0 });
    await expect(stranger.messages.create(ask('x'))).rejects.toMatchObject({ status: 401 });
    await expect(client.messages.create(ask('x', 'no-such'))).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    const wrong = await fetch(`${gateway.url}/v1/messages`);
    expect(wrong.status).toBe(405);
    expect(await wrong.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
  });

  test('`x-api-key` is taken as well as `Authorization`', async () => {
    const body = JSON.stringify(ask('x'));
    const headers = { 'x-api-key': token, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' };
    const answer = await fetch(`${gateway.url}/v1/messages`, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('request-id')).toBe(answer.headers.get('x-request-id'));
  });
});
