// Under any number of simultaneous requests exactly the limit passes: not one more, not one less.
import { afterEach, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway, keys, token, type Limit } from '../harness/gateway.ts';

const simultaneous = 200;
const allowed = 50;

let gateway: Gateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

// Neither gives anything back while a test runs.
const rules = {
  token_bucket: { algorithm: 'token_bucket', rate: 0.001, burst: allowed },
  sliding_window: { algorithm: 'sliding_window', limit: allowed, per: '1h' },
} as const;

async function start(limits: Limit[]): Promise<Gateway> {
  gateway = await Gateway.start({ limits, server: { limits: { sockets_per_user: simultaneous } } });
  return gateway;
}

function complete(at: Gateway, key: string = token): Promise<Response> {
  return fetch(`${at.openaiUrl}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mock', messages: [{ role: 'user', content: 'hi' }] }),
  });
}

/** How many of these were answered with each status. */
async function statuses(responses: Promise<Response>[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const response of await Promise.all(responses)) {
    await response.arrayBuffer();
    counts[response.status] = (counts[response.status] ?? 0) + 1;
  }
  return counts;
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

describe.each(['token_bucket', 'sliding_window'] as const)('%s', (algorithm) => {
  const chat: Limit = { name: 'chat', by: 'user', match: { operation: 'chat' }, ...rules[algorithm] };

  test('over HTTP', async () => {
    const at = await start([chat]);
    expect(await statuses(times(simultaneous, () => complete(at)))).toEqual({
      200: allowed,
      429: simultaneous - allowed,
    });
    // Somebody else is not concerned.
    expect((await complete(at, keys.alice)).status).toBe(200);
  });

  test('over sockets, many on each', async () => {
    const at = await start([chat]);
    const sockets = await Promise.all(times(20, () => ChatSocket.connectFull(at.chatUrl)));
    const perSocket = simultaneous / sockets.length;
    for (const socket of sockets) {
      for (let i = 0; i < perSocket; i++) socket.send({ type: 'chat', id: `${i}`, payload: { content: 'hi' } });
    }
    const ends = await Promise.all(sockets.flatMap((socket) => times(perSocket, (i) => socket.answer(`${i}`))));
    expect(ends.filter(({ end }) => end.type === 'done')).toHaveLength(allowed);
    const refused = ends.flatMap(({ end }) => (end.type === 'error' ? [end.payload] : []));
    expect(refused).toHaveLength(simultaneous - allowed);
    for (const error of refused) {
      expect(error).toMatchObject({ code: 429, type: 'rate_limited', retry_after: expect.any(Number) });
      expect(error.message).toContain('"chat"');
    }
    await Promise.all(sockets.map((socket) => socket.close()));
  });

  test('over both at once: one limit', async () => {
    const at = await start([chat]);
    const socket = await ChatSocket.connectFull(at.chatUrl);
    const byHttp = statuses(times(simultaneous / 2, () => complete(at)));
    for (let i = 0; i < 20; i++) socket.send({ type: 'chat', id: `${i}`, payload: { content: 'hi' } });
    const ends = await Promise.all(times(20, (i) => socket.answer(`${i}`)));
    const answered = ends.filter(({ end }) => end.type === 'done').length;
    expect(((await byHttp)[200] ?? 0) + answered).toBe(allowed);
    await socket.close();
  });
});

test('all limits that match apply, and a refusal by one costs nothing under the others', async () => {
  const at = await start([
    { name: 'user', by: 'user', match: { operation: 'chat' }, algorithm: 'sliding_window', limit: 10, per: '1h' },
    { name: 'address', by: 'address', algorithm: 'sliding_window', limit: 30, per: '1h' },
    { name: 'everybody', by: 'global', algorithm: 'token_bucket', rate: 0.001, burst: 35 },
  ]);
  expect(await statuses(times(50, () => complete(at)))).toEqual({ 200: 10, 429: 40 });
  expect(await statuses(times(50, () => complete(at, keys.alice)))).toEqual({ 200: 10, 429: 40 });
  expect(await statuses(times(50, () => complete(at, keys.bob)))).toEqual({ 200: 10, 429: 40 });
  const refused = await complete(at, keys.bob);
  expect(((await refused.json()) as { error: { message: string } }).error.message).toContain('"address"');
});

test('upgrades count as requests of their route', async () => {
  const at = await start([
    { name: 'sockets', by: 'user', match: { path: '/chat' }, algorithm: 'sliding_window', limit: 20, per: '1h' },
  ]);
  const outcomes = await Promise.allSettled(times(100, () => ChatSocket.connect(at.chatUrl)));
  const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(opened).toHaveLength(20);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') {
      expect(outcome.reason).toMatchObject({ status: 429, headers: { 'retry-after': expect.any(String) } });
    }
  }
  await Promise.all(opened.map((socket) => socket.close()));
});
