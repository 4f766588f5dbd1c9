import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket, fullDialect, HandshakeRefused, type ConnectOptions } from '../harness/chat_socket.ts';
import { Gateway, keys, token } from '../harness/gateway.ts';
import { RawSocket } from '../harness/raw_socket.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start({
    server: { allowed_origins: ['https://chat.example.org'], limits: { sockets_per_user: 3 } },
  });
});
afterAll(async () => {
  await gateway?.stop();
});

async function refusal(url: string, options: ConnectOptions = {}): Promise<HandshakeRefused> {
  const outcome = await ChatSocket.connect(url, options).then(
    (chat) => (chat.cut(), undefined),
    (error: unknown) => error,
  );
  if (!(outcome instanceof HandshakeRefused)) throw new Error(`expected a refusal, got ${String(outcome)}`);
  return outcome;
}

describe('credentials, before the upgrade', () => {
  test.each([
    ['none', '', ''],
    ['a wrong token', '?token=124', ''],
    ['an empty token', '?token=', ''],
    ['a wrong bearer', '', 'sk-slc-nobody'],
    ['a ticket nobody gave out', '?ticket=abc', ''],
  ])('%s: 401 with a JSON body', async (_, query, bearer) => {
    const refused = await refusal(`${gateway.chatUrl}${query}`, { bearer });
    expect(refused.status).toBe(401);
    expect(refused.headers['content-type']).toMatch(/^application\/json/);
    expect(refused.error).toMatchObject({
      code: expect.anything(),
      message: expect.stringMatching(/./),
      request_id: expect.any(String),
    });
    expect(refused.headers['x-request-id']).toBe(refused.error.request_id);
    expect(refused.body).not.toContain(token + '"');
  });

  test('?token= can be switched off', async () => {
    const strict = await Gateway.start({ server: { allow_query_token: false } });
    const refused = await refusal(`${strict.chatUrl}?token=${token}`, { bearer: '' });
    expect(refused.status).toBe(401);
    expect(refused.error.message).toContain('server.allow_query_token');
    await (await ChatSocket.connect(strict.chatUrl)).close();
    await strict.stop();
  });
});

describe('origins', () => {
  test('our own host, an allowed one, and none at all may connect', async () => {
    for (const origin of [gateway.url, 'https://chat.example.org', undefined]) {
      await (await ChatSocket.connect(gateway.chatUrl, { origin })).close();
    }
  });

  test.each([
    'https://evil.example',
    'https://chat.example.org.evil.example',
    'http://chat.example.org',
    'not an origin',
  ])('%s: 403', async (origin) => {
    expect((await refusal(gateway.chatUrl, { origin })).status).toBe(403);
  });

  test('null, a page from disk, passes with ?token= only', async () => {
    await (await ChatSocket.connect(`${gateway.chatUrl}?token=${token}`, { bearer: '', origin: 'null' })).close();
    expect((await refusal(gateway.chatUrl, { origin: 'null' })).status).toBe(403);
  });
});

describe('subprotocols', () => {
  test('sluice.v1 is chosen wherever it stands in the list', async () => {
    for (const protocols of [[fullDialect], ['other', fullDialect]]) {
      const chat = await ChatSocket.connect(gateway.chatUrl, { protocols });
      expect(chat.socket.protocol).toBe(fullDialect);
      await chat.close();
    }
  });

  test('only unknown ones: 400', async () => {
    expect((await refusal(gateway.chatUrl, { protocols: ['graphql-ws', 'sluice.v0'] })).status).toBe(400);
  });
});

describe('caps', () => {
  test('sockets per user: 429; another user is unaffected; a closed socket frees its place', async () => {
    const open = await Promise.all(
      [1, 2, 3].map(() => ChatSocket.connect(gateway.one.chatUrl, { bearer: keys.alice })),
    );
    expect((await refusal(gateway.one.chatUrl, { bearer: keys.alice })).status).toBe(429);
    await (await ChatSocket.connect(gateway.one.chatUrl, { bearer: keys.bob })).close();
    await open[0]!.close();
    await expect
      .poll(async () =>
        ChatSocket.connect(gateway.one.chatUrl, { bearer: keys.alice }).then(
          (chat) => chat.close(),
          () => 'refused',
        ),
      )
      .toBeUndefined();
    for (const chat of open.slice(1)) await chat.close();
  });

  test('sockets per address: 429 before the upgrade', async () => {
    const small = await Gateway.start({ server: { limits: { sockets_per_address: 2 } } });
    const open = [
      await ChatSocket.connect(small.one.chatUrl),
      await ChatSocket.connect(small.one.chatUrl, { bearer: keys.bob }),
    ];
    expect((await refusal(small.one.chatUrl, { bearer: keys.alice })).status).toBe(429);
    for (const chat of open) await chat.close();
    await small.stop();
  });

  test('sockets at all: 503 before the upgrade', async () => {
    const small = await Gateway.start({ server: { limits: { sockets: 1 } } });
    const chat = await ChatSocket.connect(small.one.chatUrl);
    expect((await refusal(small.one.chatUrl, { bearer: keys.alice })).status).toBe(503);
    await chat.close();
    await small.stop();
  });
});

describe('handshakes that are not', () => {
  test.each([
    ['a wrong version', { 'Sec-WebSocket-Version': '12' }, 426],
    ['a key of the wrong length', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }, 400],
  ])('%s', async (_, headers, status) => {
    await expect(RawSocket.upgrade(gateway.port, headers)).rejects.toThrow(`HTTP/1.1 ${status}`);
  });

  test('a plain GET of /chat says what it wants', async () => {
    const response = await fetch(`${gateway.url}/chat`, { headers: { Authorization: `Bearer ${token}` } });
    expect(response.status).toBe(426);
  });
});
