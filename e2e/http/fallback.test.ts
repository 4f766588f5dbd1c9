import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { UsageRow } from '../conversations/client.ts';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway, keys } from '../harness/gateway.ts';
import { openaiClient } from '../harness/openai_client.ts';
import { nobody, ScriptedProvider, type ProviderCall } from '../harness/scripted_provider.ts';

// A provider that fails before it has said anything is not the client's business, as long as anybody can answer.

let first: ScriptedProvider;
let second: ScriptedProvider;
let gateway: Gateway;
let client: OpenAI;
let chat: ChatSocket;

beforeAll(async () => {
  [first, second] = await Promise.all([ScriptedProvider.start(), ScriptedProvider.start()]);
  const timeouts = { first_token: '600ms', total: '1200ms' };
  gateway = await Gateway.start({
    providers: {
      first: { type: 'openai', base_url: first.baseUrl, timeouts },
      second: { type: 'openai', base_url: second.baseUrl, timeouts },
      nobody: { type: 'openai', base_url: await nobody() },
    },
    models: [
      { name: 'alone', targets: [{ provider: 'first', model: 'm' }] },
      { name: 'spare', targets: [{ provider: 'second', model: 'n' }] },
      { name: 'safe', targets: [{ provider: 'first', model: 'm' }], fallback: ['spare'] },
      { name: 'lost', targets: [{ provider: 'nobody' }], fallback: ['second/x'] },
    ],
    retry: { attempts: 2, base_delay: '20ms', max_delay: '2s' },
  });
  client = openaiClient(gateway);
  chat = await ChatSocket.connectFull(gateway.chatUrl);
});
afterEach(() => {
  for (const provider of [first, second]) provider.always(undefined);
});
afterAll(async () => {
  await chat?.close();
  await gateway?.stop();
  await Promise.all([first?.stop(), second?.stop()]);
});

/** Answers the first calls so, and those after them with text. */
function failing(...failures: ((call: ProviderCall) => void)[]): (call: ProviderCall) => void {
  return (call) => {
    const failure = failures.shift();
    if (failure) failure(call);
    else if (call.request.stream) call.text('Here I am.').finish('stop', { prompt_tokens: 2, completion_tokens: 3 });
    else call.complete('Here I am.');
  };
}
const refuses =
  (status: number, headers = {}) =>
  (call: ProviderCall): void =>
    call.json(status, { error: { message: 'so it is' } }, headers);
const cuts = (call: ProviderCall): void => call.cut();

const ask = (model: string, stream = false): Promise<string> =>
  stream
    ? client.chat.completions
        .create({ model, messages: [{ role: 'user', content: 'x' }], stream })
        .then(async (events) => {
          let text = '';
          for await (const event of events) text += event.choices[0]?.delta.content ?? '';
          return text;
        })
    : client.chat.completions
        .create({ model, messages: [{ role: 'user', content: 'x' }] })
        .then((answer) => answer.choices[0]!.message.content!);

describe.each([true, false])('streamed: %s', (stream) => {
  test.each<[string, (call: ProviderCall) => void]>([
    ['500', refuses(500)],
    ['503 that says when', refuses(503, { 'retry-after-ms': '30' })],
    ['429', refuses(429)],
    ['a cut', cuts],
    ['nonsense', (call) => call.raw('data: {"what": \n\n').end()],
  ])('%s: the same provider is asked again', async (_, failure) => {
    first.always(failing(failure));
    expect(await ask('alone', stream)).toBe('Here I am.');
  });

  test.each<[string, (call: ProviderCall) => void]>([
    ['500', refuses(500)],
    ['our key is wrong', refuses(401)],
    ['no such model', refuses(404)],
    ['a limit that lasts', refuses(429, { 'retry-after': '60' })],
    ['silence', () => {}],
  ])('%s: another one is asked', async (_, failure) => {
    first.always(failing(failure, failure, failure));
    second.always(failing());
    expect(await ask('safe', stream)).toBe('Here I am.');
  });

  test('nobody is there: another one is asked', async () => {
    second.always(failing());
    expect(await ask('lost', stream)).toBe('Here I am.');
  });

  test('the request’s own fault is asked once', async () => {
    let calls = 0;
    first.always((call) => (++calls, refuses(400)(call)));
    await expect(ask('safe', stream)).rejects.toMatchObject({ status: 400 });
    expect(calls).toBe(1);
  });
});

test('all fail: the error that says most, and how often it was tried', async () => {
  first.always(refuses(429, { 'retry-after': '7' }));
  second.always(refuses(500));
  await expect(ask('safe')).rejects.toMatchObject({ status: 429, headers: expect.anything() });
  chat.send({ type: 'chat', id: 'all', payload: { content: 'x', model: 'safe' } });
  const { payload } = await chat.first('done', 'all');
  expect(payload).toMatchObject({ status: 'failed', attempts: 3, error: { code: 429, retry_after: 7 } });
});

test('what has begun is not begun again', async () => {
  first.always((call) => {
    call.text('half');
    setImmediate(() => call.cut());
  });
  second.always(failing());
  chat.send({ type: 'chat', id: 'half', payload: { content: 'x', model: 'safe' } });
  const { payload } = await chat.first('done', 'half');
  expect(payload).toMatchObject({ status: 'failed', attempts: 1 });
});

test('a client that goes away ends the attempts', async () => {
  chat.send({ type: 'chat', id: 'gone', payload: { content: 'x', model: 'alone' } });
  const { generation_id } = await chat.first('started', 'gone');
  const call = await first.call();
  refuses(503, { 'retry-after-ms': '500' })(call);
  await call.gone; // what follows is the pause
  chat.send({ type: 'cancel', payload: { generation_id: generation_id! } });
  expect((await chat.first('done', 'gone')).payload).toMatchObject({ status: 'cancelled', attempts: 1 });
  expect(first.untaken).toBe(0);
});

test('Anthropic’s SDK hears nothing of it, usage counts every attempt once', async () => {
  first.always(failing(refuses(500), refuses(500)));
  second.always(failing(refuses(503)));
  const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: keys.alice, maxRetries: 0 });
  const answer = await anthropic.messages
    .stream({ model: 'safe', max_tokens: 9, messages: [{ role: 'user', content: 'x' }] })
    .finalMessage();
  expect(answer).toMatchObject({ content: [{ text: 'Here I am.' }], usage: { input_tokens: 2, output_tokens: 3 } });
  const headers = { authorization: `Bearer ${keys.alice}` };
  const { usage } = (await (await fetch(`${gateway.url}/v1/usage`, { headers })).json()) as { usage: UsageRow[] };
  const rows = usage.map(({ provider, failed, tokens }) => [
    provider,
    failed,
    tokens.input_tokens,
    tokens.output_tokens,
  ]);
  expect(rows.sort()).toEqual([
    ['first', 0, 0, 0],
    ['second', 0, 2, 3],
  ]);
});
