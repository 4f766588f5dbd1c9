import { get } from 'node:http';
import { networkInterfaces } from 'node:os';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { signal, within } from '../harness/deadline.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { mockText } from '../harness/mock_answer.ts';
import { RawSocket } from '../harness/raw_socket.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start();
});
afterAll(async () => {
  await gateway?.stop();
});

describe('health', () => {
  test.each(['/livez', '/readyz', '/healthz'])('%s answers 200 without credentials', async (path) => {
    const response = await fetch(`${gateway.url}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toMatch(/no-store|no-cache/);
    expect((await fetch(`${gateway.url}${path}`, { method: 'HEAD' })).status).toBe(200);
  });
});

/** What is answered to a request whose Host is another one than where it goes. */
async function statusUnder(asked: Gateway, path: string, host: string): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = signal<{ status: number; body: string }>();
  const headers = { host, authorization: `Bearer ${token}` };
  get(`${asked.url}${path}`, { headers }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (text: string) => (body += text));
    answer.once('end', () => resolve({ status: answer.statusCode!, body }));
  }).once('error', reject);
  return within('an answer', promise);
}

test('a body may come packed', async () => {
  const asked = { model: 'mock', messages: [{ role: 'user', content: 'x' }] };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const send = (coding: string, body: BodyInit): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { ...headers, 'content-encoding': coding },
      body,
    });
  const packed = await send('gzip', gzipSync(JSON.stringify(asked)));
  expect(await packed.json()).toMatchObject({ choices: [{ message: { content: mockText('x') } }] });
  expect((await send('deflate', deflateSync(JSON.stringify(asked)))).status).toBe(200);
  expect((await send('identity', JSON.stringify(asked))).status).toBe(200);
  const message = async (answer: Response): Promise<string> =>
    ((await answer.json()) as { error: { message: string } }).error.message;
  const unknown = await send('br', brotliCompressSync(JSON.stringify(asked)));
  expect([unknown.status, await message(unknown)]).toEqual([415, expect.stringMatching(/gzip or deflate/)]);
  const broken = await send('gzip', JSON.stringify(asked));
  expect([broken.status, await message(broken)]).toEqual([400, expect.stringMatching(/content-encoding/)]);
  // A bomb: 100 MB of spaces in 100 KB.
  const bomb = await send('gzip', gzipSync(Buffer.alloc(100_000_000, ' ')));
  expect(bomb.status).toBe(413);
});

describe('a name that somebody made to lead here', () => {
  test.each(['/v1/models', '/', '/chat', '/v1/conversations', '/admin'])('%s: 421', async (path) => {
    const port = gateway.port;
    expect((await statusUnder(gateway, path, `evil.example:${port}`)).status).toBe(421);
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `chat.localhost:${port}`, '[::1]']) {
      expect((await statusUnder(gateway, path, host)).status, host).not.toBe(421);
    }
  });

  test('is fine where the configuration knows it, and for probes', async () => {
    const known = await Gateway.start({
      server: { public_url: 'https://chat.example.org', allowed_origins: ['https://other.example'] },
    });
    for (const host of ['chat.example.org', 'other.example:8443']) {
      expect((await statusUnder(known, '/v1/models', host)).status, host).toBe(200);
    }
    const refused = await statusUnder(known, '/v1/models', 'evil.example');
    expect(refused.status).toBe(421);
    expect(refused.body).toMatch(/public_url/);
    expect((await statusUnder(known, '/readyz', 'evil.example')).status).toBe(200);
    await known.stop();
  });

  test('is any name where there are no fixed tokens', async () => {
    const open = await Gateway.start({ auth: { insecure_tokens: [] } });
    expect((await statusUnder(open, '/', 'chat.example.org')).status).toBe(200);
    await open.stop();
  });
});

interface Sample {
  name: string;
  labels: string;
  value: number;
}

/** Reads the Prometheus text format, strictly: whatever is not of the format throws. */
function parseMetrics(text: string): { types: Map<string, string>; samples: Sample[] } {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n').slice(0, -1)) {
    if (/^# HELP [a-zA-Z_:][\w:]* .*$/.test(line)) continue;
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) {
      expect(types.has(type[1]!), `two types of ${type[1]}`).toBe(false);
      types.set(type[1]!, type[2]!);
      continue;
    }
    const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)$/.exec(line);
    if (!sample) throw new Error(`not of the text format: ${line}`);
    const value = Number(sample[3]!.replace('+Inf', 'Infinity'));
    expect(Number.isNaN(value) && sample[3] !== 'NaN', line).toBe(false);
    samples.push({ name: sample[1]!, labels: sample[2] ?? '', value });
  }
  return { types, samples };
}

describe('/metrics', () => {
  test('is Prometheus text, and counts what was done', async () => {
    const chat = await ChatSocket.connect(gateway.chatUrl);
    await chat.ask('count me');
    for (const url of gateway.internalUrls) {
      const response = await fetch(`${url}/metrics`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
      parseMetrics(await response.text());
    }
    const { types, samples } = parseMetrics(await gateway.metrics());
    expect(types.size).toBeGreaterThan(5);
    expect([...types.keys()].every((name) => /^(sluice|process|gen_ai)_/.test(name))).toBe(true);
    for (const pattern of [
      /sockets|connections/,
      /generations/,
      /ttft|first_token|first_chunk/,
      /tokens?/,
      /requests/,
    ]) {
      expect(
        samples.some(({ name }) => pattern.test(name)),
        String(pattern),
      ).toBe(true);
    }
    const open = samples.find(({ name }) => /websocket.*(open|active|connections|sockets)|sockets(_open)?$/.test(name));
    expect(open?.value).toBe(1);
    await chat.close();
  });

  test('is not for peers beyond this machine', async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === 'IPv4' && !address.internal);
    if (!outside) return; // a machine without a network: nothing to ask from
    const open = await Gateway.start(
      { server: { listen: '0.0.0.0:0' }, auth: { insecure_anywhere: true } },
      {},
      '0.0.0.0:0',
    );
    const port = open.port;
    expect((await fetch(`http://${outside.address}:${port}/livez`)).status).toBe(200);
    expect([403, 404]).toContain((await fetch(`http://${outside.address}:${port}/metrics`)).status);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
    await open.stop();
  });

  test('is not for who comes through a proxy of this machine, trusted or not', async () => {
    for (const trusted_proxies of [[], ['127.0.0.1/32']]) {
      const behind = await Gateway.start({ server: { trusted_proxies } });
      for (const field of ['x-forwarded-for', 'x-real-ip']) {
        expect((await fetch(`${behind.url}/metrics`, { headers: { [field]: '203.0.113.9' } })).status).toBe(403);
      }
      expect((await statusUnder(behind, '/metrics', 'metrics.example')).status).toBe(403);
      expect((await fetch(`${behind.url}/metrics`)).status).toBe(200);
      await behind.stop();
    }
  });

  test('moves to server.internal_listen where that is set; health is on both', async () => {
    const split = await Gateway.start({ server: { internal_listen: '127.0.0.1:0' } });
    for (const url of split.internalUrls) expect((await fetch(`${url}/metrics`)).status).toBe(200);
    expect((await fetch(`${split.url}/metrics`)).status).toBe(404);
    for (const url of [...split.internalUrls, split.url]) expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await split.stop();
  });
});

describe('plain HTTP', () => {
  test('an unknown path is 404 with an error of our shape, and every response has a request id', async () => {
    const response = await fetch(`${gateway.url}/nowhere`);
    expect(response.status).toBe(404);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ message: expect.stringMatching(/./), request_id: expect.any(String) });
    expect(response.headers.get('x-request-id')).toBe(error.request_id);
  });

  test('a wrong method is 405 and says which are right', async () => {
    const response = await fetch(`${gateway.url}/livez`, { method: 'DELETE' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toMatch(/GET/);
  });

  test('several requests on one connection, sent at once, are answered in order', async () => {
    const raw = await RawSocket.connect(gateway.port);
    raw.write(
      ['/livez', '/nowhere', '/readyz']
        .map((path) => {
          const last = path === '/readyz' ? 'Connection: close\r\n' : '';
          return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${last}\r\n`;
        })
        .join(''),
    );
    await within('the end of the connection', raw.closed);
    const statuses = [...raw.received.toString().matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
    expect(statuses).toEqual(['200', '404', '200']);
  });

  test.each([
    ['garbage', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n', 400],
    ['no host', 'GET /livez HTTP/1.1\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
      400,
    ],
    [
      'a length and chunks',
      'POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['endless headers', `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(200_000)}`, 431],
    ['an endless target', `GET /${'x'.repeat(200_000)}`, 414],
  ])('%s: refused, and the connection closed', async (_, bytes, status) => {
    const raw = await RawSocket.connect(gateway.port);
    raw.write(Buffer.from(bytes, 'latin1'));
    await within('the end of the connection', raw.closed);
    const head = raw.received.toString('latin1');
    expect(head).toMatch(/^HTTP\/1\.1 4\d\d/);
    if (status !== 400) expect([String(status), '400', '431']).toContain(head.slice(9, 12));
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
  });
});
