import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ChatSocket, fullDialect } from '../harness/chat_socket.ts';
import { Gateway } from '../harness/gateway.ts';
import { mockReasoning, mockText } from '../harness/mock_answer.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

let gateway: Gateway;
let provider: ScriptedProvider;
let chat: ChatSocket;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    server: { limits: { streams_per_socket: 4 } },
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
  });
});
beforeEach(async () => {
  chat = await ChatSocket.connectFull(gateway.chatUrl);
});
afterEach(() => chat.cut());
afterAll(async () => {
  await gateway?.stop();
  await provider?.stop();
});

test('hello is the first frame, and says what a client needs to know', async () => {
  const fresh = await ChatSocket.connect(gateway.chatUrl, { protocols: [fullDialect] });
  expect(await fresh.next()).toEqual({
    type: 'hello',
    payload: {
      connection_id: expect.stringMatching(/./),
      user: expect.anything(),
      limits: expect.objectContaining({}),
      heartbeat_s: expect.any(Number),
      resume_window_s: expect.any(Number),
      models: expect.arrayContaining([]),
    },
  });
  expect(JSON.stringify((await fresh.first('hello')).payload.models)).toContain('scripted');
  await fresh.close();
});

describe('a chat', () => {
  test('is started, then numbered from 1 without a gap, then done under its id', async () => {
    const answer = await chat.ask('Hello', { id: 'a', model: 'mock' });
    const started = await chat.first('started', 'a');
    expect(started).toEqual({
      type: 'started',
      id: 'a',
      generation_id: expect.stringMatching(/^gen_/),
      payload: { conversation_id: null, message_id: null, model: 'mock', provider: 'mock' },
    });
    expect(chat.frames[1]).toBe(started); // after hello, before everything else of it
    let last = 0;
    for (const delta of answer.deltas) {
      expect(delta).toMatchObject({ id: 'a', generation_id: started.generation_id, payload: { model: 'mock' } });
      last += [...delta.payload.content].length; // the mock's delta is one character; neighbours may come merged
      expect(delta.seq).toBe(last);
    }
    expect(answer.reasoning).toBe(mockReasoning('Hello'));
    expect(answer.text).toBe(mockText('Hello'));
    expect(answer.end).toEqual({
      type: 'done',
      id: 'a',
      generation_id: started.generation_id,
      seq: last + 1,
      payload: expect.objectContaining({
        status: 'completed',
        finish_reason: 'stop',
        usage: {
          input_tokens: 5,
          cached_tokens: 0,
          output_tokens: last,
          reasoning_tokens: mockReasoning('Hello').length,
          source: 'provider',
        },
        attempts: 1,
        timing: { queue_ms: expect.any(Number), ttft_ms: expect.any(Number), total_ms: expect.any(Number) },
      }),
    });
    expect(chat.frames.at(-1)).toBe(answer.end);
  });

  test('that runs into max_tokens is incomplete', async () => {
    const answer = await chat.ask('Hello', { id: 'a', model: 'mock', max_tokens: 7 });
    expect(answer.reasoning + answer.text).toBe(mockReasoning('Hello').slice(0, 7));
    expect(answer.end.payload).toMatchObject({
      status: 'incomplete',
      finish_reason: 'length',
      usage: { output_tokens: 7 },
    });
  });

  test('takes the whole list of messages, system text and content in parts', async () => {
    chat.socket.send(
      JSON.stringify({
        type: 'chat',
        id: 'a',
        payload: {
          model: 'scripted',
          system: 'Be brief.',
          messages: [
            { role: 'user', content: 'One' },
            { role: 'assistant', content: 'Two' },
            { role: 'user', content: [{ type: 'text', text: 'Three' }] },
          ],
          temperature: 0.5,
          max_tokens: 9,
        },
      }),
    );
    const call = await provider.call();
    expect(call.request.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(JSON.stringify(call.request.messages)).toMatch(/Be brief\..*One.*Two.*Three/);
    expect(call.request.temperature).toBe(0.5);
    expect(call.request.max_tokens ?? call.request.max_completion_tokens).toBe(9);
    call
      .text('Four')
      .finish('stop', { prompt_tokens: 12, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } });
    const answer = await chat.answer('a');
    expect(answer.text).toBe('Four');
    expect(answer.end.payload).toMatchObject({
      usage: { input_tokens: 12, cached_tokens: 4, output_tokens: 3, reasoning_tokens: 0, source: 'provider' },
    });
  });

  test('passes tool calls on as the provider streams them', async () => {
    chat.send({ type: 'chat', id: 'a', payload: { content: 'weather?', model: 'scripted' } });
    const call = await provider.call();
    call.delta({
      tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }],
    });
    call.delta({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] });
    call.delta({
      tool_calls: [{ index: 1, id: 'call_2', type: 'function', function: { name: 'time', arguments: '{}' } }],
    });
    call.delta({ tool_calls: [{ index: 0, function: { arguments: '"Köln"}' } }] });
    call.finish('tool_calls');
    const { end } = await chat.answer('a');
    expect(end.payload).toMatchObject({ status: 'completed', finish_reason: 'tool_calls' });
    const fragments = chat.frames.filter((frame) => frame.type === 'tool_call');
    const joined = (index: number): string =>
      fragments
        .filter(({ payload }) => payload.index === index)
        .map(({ payload }) => payload.arguments)
        .join('');
    expect([joined(0), joined(1)]).toEqual(['{"city":"Köln"}', '{}']);
    const named = fragments
      .filter(({ payload }) => payload.name)
      .map(({ payload }) => [payload.index, payload.tool_call_id, payload.name]);
    expect(named).toEqual(
      expect.arrayContaining([
        [0, 'call_1', 'weather'],
        [1, 'call_2', 'time'],
      ]),
    );
    for (const fragment of fragments) expect(fragment).toMatchObject({ id: 'a', seq: expect.any(Number) });
  });

  test('several at once keep their ids, and their numbers apart', async () => {
    const prompts = ['eins', 'zwei', 'drei', 'vier'];
    for (const content of prompts) chat.send({ type: 'chat', id: content, payload: { content, model: 'mock' } });
    for (const content of prompts) {
      const answer = await chat.answer(content);
      expect(answer.text).toBe(mockText(content));
      expect(answer.end).toMatchObject({ seq: [...answer.reasoning, ...answer.text].length + 1 });
    }
  });
});

describe('ids', () => {
  test('a second request under a live id: 409, and the first goes on', async () => {
    chat.send({ type: 'chat', id: 'a', payload: { content: 'x', model: 'scripted' } });
    const call = await provider.call();
    call.text('one');
    await chat.deltas(1, 'a');
    chat.send({ type: 'chat', id: 'a', payload: { content: 'y', model: 'scripted' } });
    expect((await chat.first('error')).payload.code).toBe(409);
    call.text(' two').finish();
    await chat.first('done', 'a');
    expect((await chat.deltas(1, 'a')).map(({ payload }) => payload.content).join('')).toBe('one two');
  });

  test('an id is free again once its request has ended', async () => {
    for (let round = 0; round < 3; ++round) {
      chat.forget();
      expect((await chat.ask(`round ${round}`, { id: 'again' })).text).toBe(mockText(`round ${round}`));
    }
  });

  test('of 64 characters is accepted, of 65 refused', async () => {
    expect((await chat.ask('x', { id: 'i'.repeat(64) })).end.type).toBe('done');
    chat.send({ type: 'chat', id: 'i'.repeat(65), payload: { content: 'x' } });
    expect((await chat.first('error')).payload).toMatchObject({ code: 400, message: expect.stringMatching(/id/) });
  });

  test('a refused request gets exactly one error, under its id, and never started', async () => {
    chat.send({ type: 'chat', id: 'a', payload: { content: 'x', model: 'gpt-0' } });
    expect((await chat.first('error', 'a')).payload).toMatchObject({
      code: 404,
      message: expect.stringContaining('gpt-0'),
    });
    await chat.ask('x', { id: 'b' });
    expect(chat.frames.filter((frame) => frame.id === 'a')).toHaveLength(1);
  });
});

test('live generations per socket are capped with 429, and a place is free again after done', async () => {
  const calls = [];
  for (const id of ['a', 'b', 'c', 'd']) {
    chat.send({ type: 'chat', id, payload: { content: 'x', model: 'scripted' } });
    calls.push(await provider.call());
  }
  chat.send({ type: 'chat', id: 'e', payload: { content: 'x', model: 'scripted' } });
  expect((await chat.first('error', 'e')).payload.code).toBe(429);
  for (const call of calls) call.finish();
  for (const id of ['a', 'b', 'c', 'd']) await chat.first('done', id);
  expect((await chat.ask('x', { id: 'f' })).end.type).toBe('done');
});

test('ping repeats its payload', async () => {
  chat.send({ type: 'ping', id: 'p', payload: { at: 12, nested: ['ü'] } });
  expect(await chat.first('pong')).toEqual({ type: 'pong', id: 'p', payload: { at: 12, nested: ['ü'] } });
});

test('a provider that breaks off in mid-answer ends in one done with status failed', async () => {
  chat.send({ type: 'chat', id: 'a', payload: { content: 'x', model: 'scripted' } });
  const call = await provider.call();
  call.text('half an ans');
  await chat.deltas(1, 'a');
  call.cut();
  const { text, end } = await chat.answer('a');
  expect(text).toBe('half an ans');
  expect(end).toMatchObject({
    type: 'done',
    payload: { status: 'failed', error: { code: 502, message: expect.stringMatching(/./) } },
  });
});
