import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { within } from '../harness/deadline.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { RawSocket, encodeFrame, opcode } from '../harness/raw_socket.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

let provider: ScriptedProvider;
let gateway: Gateway;

const scripted = (baseUrl: string) => ({
  providers: { scripted: { type: 'openai' as const, base_url: baseUrl } },
  models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
});

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start(
    { ...scripted(provider.baseUrl), server: { timeouts: { body: '300ms' } } },
    {
      SLUICE_TELEMETRY__LOG_LEVEL: 'debug',
      SLUICE_TELEMETRY__LOG_FORMAT: 'json',
    },
  );
});
afterAll(async () => {
  await gateway.stop();
  await provider.stop();
});

const post = (body: string, more = ''): string =>
  `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}` +
  `Content-Length: ${body.length}\r\n\r\n${body}`;
const bearer = `Authorization: Bearer ${token}\r\n`;
const question = (stream: boolean): string =>
  JSON.stringify({ model: 'scripted', stream, messages: [{ role: 'user', content: 'x' }] });

const answered = async (raw: RawSocket): Promise<string> => {
  await within('the end of the connection', raw.closed);
  return raw.received.toString();
};

test('a stranger gets 401 without sending the body', async () => {
  const raw = await RawSocket.connect(gateway.port);
  raw.write('POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n{"model"');
  await raw.until((bytes) => (bytes.includes('"invalid_api_key"') ? true : undefined), 'the refusal');
  expect(raw.received.toString()).toMatch(/^HTTP\/1\.1 401 /);
  raw.destroy();
});

test('a body that stops coming is cut, however fast it began', async () => {
  const raw = await RawSocket.connect(gateway.port);
  const begin = performance.now();
  raw.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n${bearer}Content-Length: 9000000\r\n\r\n`);
  raw.write(Buffer.alloc(4_000_000, ' '));
  expect(await answered(raw)).toMatch(/^HTTP\/1\.1 408 /);
  expect(performance.now() - begin).toBeLessThan(5_000);
});

test('an upgrade with a body is refused: its rest would be taken for frames', async () => {
  const raw = await RawSocket.connect(gateway.port);
  raw.write(
    `GET /chat HTTP/1.1\r\nHost: localhost\r\n${bearer}Connection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 100\r\n\r\n',
  );
  await raw.until((bytes) => (bytes.includes('has no body') ? true : undefined), 'the refusal');
  expect(raw.received.toString()).toMatch(/^HTTP\/1\.1 400 /);
  raw.destroy();
});

test('a client that leaves before its answer is logged as 499, not as our fault', async () => {
  const raw = await RawSocket.connect(gateway.port);
  raw.write(post(question(false), `${bearer}X-Request-Id: left-early\r\n`));
  const call = await provider.call();
  raw.destroy();
  await within('the end of the call at the provider', call.gone);
  const line = await gateway.logged(/"request_id":"left-early".*"status":(\d+)/);
  expect(line[1]).toBe('499');
});

test('a client that closed its sending side only is told how its stream ended', async () => {
  const raw = await RawSocket.connect(gateway.port);
  raw.write(post(question(true), bearer));
  const call = await provider.call();
  call.text('begun');
  await raw.until((bytes) => (bytes.includes('begun') ? true : undefined), 'the first delta');
  raw.socket.end();
  const text = await answered(raw);
  expect(text.match(/closed the connection before/g)).toHaveLength(1);
  expect(text.trimEnd().endsWith('0')).toBe(true); // the last chunk: the stream is whole
  await within('the end of the call at the provider', call.gone);
});

test('a flood of pings on one socket leaves the others their turn', async () => {
  const flood = await RawSocket.upgrade(gateway.port);
  flood.discard();
  let flooding = true;
  const ping = Buffer.concat(Array.from({ length: 2_000 }, () => Buffer.from([0x80 | opcode.ping, 0x80, 0, 0, 0, 0])));
  const pour = (): void => {
    while (flooding && flood.socket.write(ping));
    if (flooding) flood.socket.once('drain', pour);
  };
  pour();
  try {
    for (let round = 0; round < 20; ++round) {
      const begin = performance.now();
      expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
      expect(performance.now() - begin).toBeLessThan(2_000); // a worker that is starved never answers
    }
  } finally {
    flooding = false;
    flood.destroy();
  }
});

test('what the server refuses by itself has the shape of the face that was called', async () => {
  const large = await RawSocket.connect(gateway.port);
  large.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n${bearer}Content-Length: 99000000\r\n\r\n`);
  expect(await answered(large)).toMatch(/^HTTP\/1\.1 413 [^]*"code":"request_too_large"/);
  const late = await RawSocket.connect(gateway.port);
  late.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n${bearer}Content-Length: 9\r\n\r\n`);
  expect(await answered(late)).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request_timeout"/);
  const stranger = await fetch(`${gateway.openaiUrl}/models`);
  expect(stranger.headers.get('www-authenticate')).toBe('Bearer');
});

test('a provider that drips its refusal does not hold the client', async () => {
  const raw = await RawSocket.connect(gateway.port);
  raw.write(post(question(true), `${bearer}Connection: close\r\n`));
  const call = await provider.call();
  call.connection.write('HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\n{"error"');
  const drip = setInterval(() => call.connection.write(' '), 100);
  const begin = performance.now();
  expect(await answered(raw)).toMatch(/^HTTP\/1\.1 502 /);
  expect(performance.now() - begin).toBeLessThan(5_000);
  clearInterval(drip);
});

// AddressSanitizer keeps what was freed, to find who still uses it.
const isSanitized = process.env.UBSAN_OPTIONS !== undefined;

test.skipIf(isSanitized)('a socket that had much to write holds nothing of it afterwards', async () => {
  const burst = Buffer.concat(
    Array.from({ length: 9_000 }, () => encodeFrame({ opcode: opcode.text, payload: Buffer.from('{') })),
  );
  const pour = async (): Promise<RawSocket> => {
    const socket = await RawSocket.upgrade(gateway.port);
    socket.write(burst);
    let errors = 0;
    let from = 0;
    await socket.until((bytes) => {
      for (let at = bytes.indexOf('"error"', from); at !== -1; at = bytes.indexOf('"error"', from)) {
        ++errors;
        from = at + 7;
      }
      return errors === 9_000 ? true : undefined;
    }, 'an answer to each frame');
    return socket;
  };
  const sockets = [];
  for (let count = 0; count < 6; ++count) sockets.push(await pour()); // what the process needs once, on each worker
  const before = await gateway.memory();
  for (let count = 0; count < 15; ++count) sockets.push(await pour());
  expect(await gateway.memory()).toBeLessThan(before + 15 * 200_000); // unsent answers were 1.2 MB for each
  for (const socket of sockets) socket.destroy();
});

test('an internal address that is in use ends the start', async () => {
  const busy = new URL(gateway.url).host;
  await expect(Gateway.start({ server: { internal_listen: busy } })).rejects.toThrow(/in use/);
});

test('told to stop, it ends what runs as failed, to be asked again, then closes the socket', async () => {
  const stopping = await Gateway.start({
    ...scripted(provider.baseUrl),
    server: { timeouts: { drain: '300ms' } },
  });
  const chat = await ChatSocket.connectFull(stopping.chatUrl);
  chat.send({ type: 'chat', id: 'a', payload: { content: 'x', model: 'scripted' } });
  (await provider.call()).text('begun');
  await chat.deltas(1, 'a');
  const ask = (stream: boolean) =>
    fetch(`${stopping.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify({ model: 'scripted', stream, messages: [{ role: 'user', content: 'x' }] }),
    });
  const streamed = ask(true);
  (await provider.call()).text('begun');
  const whole = ask(false);
  await provider.call();
  const stream = await streamed;
  const begin = performance.now();
  const ended = stopping.stop();
  const refused = await whole;
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({
    error: { code: 'unavailable', message: expect.stringContaining('stopped') },
  });
  const events = await stream.text();
  expect(events).toContain('begun');
  expect(events.trimEnd().split('\n').at(-1)).toMatch(/^data: {"error":{.*"code":"unavailable"/);
  const answer = await chat.answer('a');
  expect(answer).toMatchObject({
    text: 'begun',
    end: { payload: { status: 'failed', error: { code: 503, type: 'unavailable', retry_after: 1 } } },
  });
  expect((await within('the close', chat.closed)).code).toBe(1001);
  await ended;
  expect(performance.now() - begin).toBeLessThan(3_000);
});

test('a WebSocket message that comes too slowly ends its socket, one that is only slow does not', async () => {
  const message = Buffer.from(JSON.stringify({ type: 'chat', payload: { content: 'x'.repeat(8_000), model: 'mock' } }));
  const bytes = encodeFrame({ opcode: opcode.text, payload: message });
  const slow = await RawSocket.upgrade(gateway.port);
  const dripping = await RawSocket.upgrade(gateway.port);
  const begun = await RawSocket.upgrade(gateway.port);
  begun.write(bytes.subarray(0, 3));
  let dripped = 0;
  const drip = setInterval(() => dripping.write(bytes.subarray(dripped, ++dripped)), 30);
  for (let at = 0; at < bytes.length; at += 1_024) {
    slow.write(bytes.subarray(at, at + 1_024));
    await new Promise((resolve) => setTimeout(resolve, 100)); // the pace itself: 10 KiB a second
  }
  expect(await begun.closeCode()).toBe(1008);
  expect(await dripping.closeCode()).toBe(1008);
  clearInterval(drip);
  await slow.until((received) => (received.includes('"done"') ? received : undefined), 'the answer to a slow message');
  for (const raw of [slow, dripping, begun]) raw.socket.destroy();
});
