// What a limited client is told, and that it is true.
import OpenAI from 'openai';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway, keys, token } from '../harness/gateway.ts';
import { openaiClient } from '../harness/openai_client.ts';

const question = { model: 'mock', messages: [{ role: 'user' as const, content: 'hi' }] };

let gateway: Gateway;
beforeAll(async () => {
  gateway = await Gateway.start({
    limits: [
      { name: 'chat', by: 'user', match: { operation: 'chat' }, algorithm: 'token_bucket', rate: 0.5, burst: 2 },
      { name: 'demo', by: 'address', match: { path: '/demo' }, algorithm: 'sliding_window', limit: 2, per: '1500ms' },
    ],
  });
});
afterAll(async () => {
  await gateway?.stop();
});

test('the official SDK sees how it stands, and a RateLimitError that says when to come back', async () => {
  const client = openaiClient(gateway, keys.alice);
  const { response } = await client.chat.completions.create(question).withResponse();
  expect(response.headers.get('x-ratelimit-limit-requests')).toBe('2');
  expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('1');
  expect(response.headers.get('x-ratelimit-reset-requests')).toMatch(/^(2s|1\.\d+s)$/);
  for await (const chunk of await client.chat.completions.create({ ...question, stream: true })) void chunk;

  const refused: unknown = await client.chat.completions.create(question).catch((error: unknown) => error);
  if (!(refused instanceof OpenAI.RateLimitError)) throw new Error(`expected a RateLimitError, got ${String(refused)}`);
  expect(refused).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'rate_limit_error' });
  expect(refused.message).toContain('the limit "chat" allows 2 at once and 0.5 a second; try again in');
  expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0');
  expect(refused.headers.get('retry-after')).toMatch(/^[12]$/);
  await setTimeout(Number(refused.headers.get('retry-after-ms')));
  await client.chat.completions.create(question);
});

test('the official SDK gets through by itself where it may retry', async () => {
  const client = new OpenAI({ baseURL: gateway.openaiUrl, apiKey: keys.bob, maxRetries: 3 });
  for (let i = 0; i < 3; i++) await client.chat.completions.create(question);
});

test('a socket is told in seconds, and may ask again then', async () => {
  const socket = await ChatSocket.connectFull(gateway.chatUrl);
  for (const id of ['a', 'b']) expect((await socket.ask('hi', { id })).end.type).toBe('done');
  const { end } = await socket.ask('hi', { id: 'c' });
  if (end.type !== 'error') throw new Error('expected an error');
  expect(end).toMatchObject({ id: 'c', payload: { code: 429, type: 'rate_limited' } });
  expect(end.payload.retry_after).toBeGreaterThanOrEqual(1);
  expect(end.payload.retry_after).toBeLessThanOrEqual(2);
  await socket.pings();
  await setTimeout(end.payload.retry_after! * 1000);
  expect((await socket.ask('hi', { id: 'd' })).end.type).toBe('done');
  await socket.close();
});

test('other routes say it in their own words', async () => {
  const first = await fetch(`${gateway.url}/demo`);
  expect(first.headers.get('ratelimit-policy')).toBe('"demo";q=2;w=2');
  expect(first.headers.get('ratelimit')).toBe('"demo";r=1;t=2');
  await fetch(`${gateway.url}/demo`);
  const refused = await fetch(`${gateway.url}/demo`);
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ error: { code: 429, type: 'rate_limited' } });
  expect(refused.headers.get('ratelimit')).toMatch(/^"demo";r=0;t=[12]$/);
  await setTimeout(Number(refused.headers.get('retry-after')) * 1000);
  expect((await fetch(`${gateway.url}/demo`)).status).toBe(200);
});

test('a request that no limit concerns hears of none', async () => {
  const response = await fetch(`${gateway.openaiUrl}/models`, { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).toBe(200);
  expect([...response.headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([]);
});

describe('bad credentials', () => {
  test('are not counted for a user', async () => {
    const client = openaiClient(gateway, 'sk-slc-nobody');
    for (let i = 0; i < 5; i++) {
      await expect(client.chat.completions.create(question)).rejects.toMatchObject({ status: 401 });
    }
  });
});
