// Who a client is: behind proxies that are trusted, behind others, and in pages of other origins.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Executable, executables } from '../harness/executable.ts';
import { Gateway, token, type GatewayConfig } from '../harness/gateway.ts';

let gateway: Gateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

const onePerAddress: GatewayConfig['limits'] = [
  { name: 'address', by: 'address', match: { path: '/demo' }, algorithm: 'sliding_window', limit: 1, per: '1h' },
];

async function statusOf(headers: Record<string, string>): Promise<number> {
  return (await fetch(`${gateway!.url}/demo`, { headers })).status;
}

describe('X-Forwarded-For and Forwarded', () => {
  test('of a stranger change nothing', async () => {
    gateway = await Gateway.start({ limits: onePerAddress, server: { trusted_proxies: ['10.0.0.0/8'] } });
    expect(await statusOf({ 'x-forwarded-for': '203.0.113.1' })).toBe(200);
    expect(await statusOf({ 'x-forwarded-for': '203.0.113.2' })).toBe(429);
    expect(await statusOf({ forwarded: 'for=203.0.113.3' })).toBe(429);
    expect(await statusOf({})).toBe(429);
  });

  test('of a trusted proxy say who the client is', async () => {
    gateway = await Gateway.start({ limits: onePerAddress, server: { trusted_proxies: ['127.0.0.1', '10.0.0.0/8'] } });
    expect(await statusOf({ 'x-forwarded-for': '203.0.113.1' })).toBe(200);
    expect(await statusOf({ 'x-forwarded-for': '203.0.113.1' })).toBe(429);
    expect(await statusOf({ forwarded: 'for="203.0.113.1:4711"' })).toBe(429);
    expect(await statusOf({ 'x-forwarded-for': '203.0.113.2, 10.1.2.3' })).toBe(200);
    // What the client itself has written stands left of what the proxies have.
    expect(await statusOf({ 'x-forwarded-for': '203.0.113.77, 203.0.113.2' })).toBe(429);
    expect(await statusOf({ 'x-forwarded-for': '2001:db8::1' })).toBe(200);
    expect(await statusOf({ 'x-forwarded-for': '2001:db8::2' })).toBe(429);
    // Broken or contradictory: the proxy itself, and it has one request, too.
    expect(await statusOf({ 'x-forwarded-for': 'nonsense' })).toBe(200);
    expect(await statusOf({ 'x-forwarded-for': '203.0.113.3', forwarded: 'for=203.0.113.4' })).toBe(429);
  });

  test('count for the sockets that one address may have open', async () => {
    gateway = await Gateway.start({
      server: { trusted_proxies: ['127.0.0.1'], limits: { sockets_per_address: 2 } },
    });
    const from = (client: string): Promise<ChatSocket> =>
      ChatSocket.connect(gateway!.one.chatUrl, { headers: { 'x-forwarded-for': client } });
    const open = [await from('203.0.113.1'), await from('203.0.113.1'), await from('203.0.113.2')];
    await expect(from('203.0.113.1')).rejects.toMatchObject({ status: 429 });
    await Promise.all(open.map((socket) => socket.close()));
  });
});

describe('pages of other origins', () => {
  const ask = (path: string, origin: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${gateway!.url}${path}`, { ...init, headers: { ...init.headers, origin } });
  const preflight = (path: string, origin: string): Promise<Response> =>
    ask(path, origin, {
      method: 'OPTIONS',
      headers: {
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
      },
    });

  test('that are listed may use the API', async () => {
    const origin = 'https://chat.example.org';
    gateway = await Gateway.start({ server: { cors: { origins: [origin] } } });
    const asked = await preflight('/v1/chat/completions', origin);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(origin);
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
    expect(asked.headers.get('access-control-allow-headers')).toBe('authorization,content-type,x-stainless-lang');
    expect(asked.headers.get('vary')?.toLowerCase()).toContain('origin');

    const read = await ask('/v1/models', origin, { headers: { authorization: `Bearer ${token}` } });
    expect(read.status).toBe(200);
    expect(read.headers.get('access-control-allow-origin')).toBe(origin);
    expect(read.headers.get('access-control-expose-headers')).toMatch(/x-request-id.*retry-after.*x-ratelimit-/);
    for (const [path, status] of [
      ['/v1/models', 401],
      ['/nowhere', 404],
    ] as const) {
      const failed = await ask(path, origin);
      expect(failed.status).toBe(status);
      expect(failed.headers.get('access-control-allow-origin')).toBe(origin);
    }
  });

  test('that are not listed may not', async () => {
    gateway = await Gateway.start({ server: { cors: { origins: ['https://chat.example.org'] } } });
    for (const origin of ['https://evil.example.org', 'http://chat.example.org', 'null']) {
      expect((await preflight('/v1/chat/completions', origin)).headers.has('access-control-allow-origin')).toBe(false);
      const read = await ask('/demo', origin);
      expect(read.headers.has('access-control-allow-origin')).toBe(false);
      expect(read.headers.get('vary')?.toLowerCase()).toContain('origin');
    }
  });

  test('all of them, without credentials, where "*" says so; none where nothing does', async () => {
    gateway = await Gateway.start({ server: { cors: { origins: ['*'] } } });
    const read = await ask('/demo', 'https://anybody.example.org');
    expect(read.headers.get('access-control-allow-origin')).toBe('*');
    expect(read.headers.has('access-control-allow-credentials')).toBe(false);
    await gateway.stop();
    gateway = await Gateway.start();
    const silent = await ask('/demo', 'https://anybody.example.org');
    expect([...silent.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

test('a limit for a path that does not exist is an error at the start', async () => {
  const limits = JSON.stringify([
    { name: 'typo', by: 'address', match: { path: '/dmeo' }, algorithm: 'token_bucket', rate: 1, burst: 1 },
  ]);
  const data = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  const sluice = new Executable(executables.sluice, ['serve', '--listen', '127.0.0.1:0', '--data', data], {
    env: { SLUICE_LIMITS: limits },
  });
  expect(await sluice.ended).toMatchObject({ code: 78 });
  expect(sluice.stderr).toContain('limits[0].match: no route fits /dmeo, did you mean "/demo"?');
  await rm(data, { recursive: true });
});
