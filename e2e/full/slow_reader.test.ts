import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChatSocket, fullDialect } from '../harness/chat_socket.ts';
import { within } from '../harness/deadline.ts';
import { Executable, executables } from '../harness/executable.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { Llmsim } from '../harness/llmsim.ts';
import { opcode, RawSocket } from '../harness/raw_socket.ts';

// Peers that do not keep up hurt themselves only.

const plan = 'tokens=200000,size=40'; // 8 MB, more than the kernel holds for a peer that does not read
let simulator: Llmsim;
let gateway: Gateway;

beforeAll(async () => {
  simulator = await Llmsim.start();
  gateway = await startGateway('1s');
});
afterAll(async () => {
  await gateway?.stop();
  await simulator?.stop();
});

function startGateway(write: string): Promise<Gateway> {
  return Gateway.start({
    server: { timeouts: { write, header: '500ms', keep_alive: '1s' } },
    providers: { sim: { type: 'openai', base_url: simulator.baseUrl } },
    models: [{ name: 'flood', targets: [{ provider: 'sim', model: `sim:${plan}` }] }],
  });
}

const full = { 'Sec-WebSocket-Protocol': fullDialect };

async function stopReading(): Promise<RawSocket> {
  const raw = await RawSocket.upgrade(gateway.one.port, full);
  raw.socket.pause();
  return askForFlood(raw);
}

function askForFlood(raw: RawSocket): RawSocket {
  raw.frame({
    opcode: opcode.text,
    payload: Buffer.from(JSON.stringify({ type: 'chat', id: 'a', payload: { content: 'x', model: 'flood' } })),
  });
  return raw;
}

/** A port that leads to another one, over a line that brings so much in a second. */
async function narrowLine(to: number, bytesPerSecond: number): Promise<{ relay: Executable; port: number }> {
  const script = resolve(import.meta.dirname, '../harness/narrow_relay.py');
  const relay = new Executable(executables.python, [script, String(to), String(bytesPerSecond)]);
  const [, port] = await relay.line(/^ready (\d+)$/);
  return { relay, port: Number(port) };
}

test(
  'who stops reading is closed within the write deadline; others do not notice, and the answer can be had again',
  { timeout: 60_000 },
  async () => {
    const deaf = await Promise.all([1, 2, 3].map(stopReading));
    const chat = await ChatSocket.connectFull(gateway.chatUrl);
    const latencies: number[] = [];
    for (let round = 0; round < 50; ++round) {
      const begin = performance.now();
      await chat.ask('still quick?', { id: String(round), model: 'mock' });
      latencies.push(performance.now() - begin);
    }
    expect(latencies.sort((a, b) => a - b)[25]).toBeLessThan(100);
    for (const raw of deaf) {
      // What lies in the kernel's buffers is read first; the end of the connection comes after it.
      await expect.poll(sockets, { timeout: 15_000 }).toBeLessThan(2);
      raw.socket.resume();
      await within('the end of the connection', raw.closed, 15_000);
      const text = raw.received.toString('latin1');
      const generation_id = /"generation_id":"(gen_\w+)"/.exec(text)![1]!;
      expect(text).not.toContain('"type":"done"');
      const id = generation_id;
      chat.send({ type: 'resume', id, payload: { generation_id, after: 0 } });
      const answer = await chat.answer(id, 30_000);
      expect(answer.text).toBe((await simulator.expected(plan, 'x')).text);
    }
    await chat.close();
  },
);

test(
  'who reads slowly, but not slower than the least rate, is waited for as long as it takes',
  { timeout: 60_000 },
  async () => {
    const patient = await startGateway('1s');
    const lines = await Promise.all([0, 1].map(() => narrowLine(patient.one.port, 30_000)));
    const socket = askForFlood(await RawSocket.upgrade(lines[0]!.port, full));
    const stream = await RawSocket.connect(lines[1]!.port);
    const body = JSON.stringify({ model: 'flood', stream: true, messages: [{ role: 'user', content: 'x' }] });
    stream.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    for (const reader of [socket, stream]) {
      const enough = (bytes: Buffer): true | undefined => bytes.length > 150_000 || undefined;
      await reader.until(enough, 'what five seconds bring', 20_000);
    }
    for (const { relay } of lines) await relay.stop();
    await patient.stop();
  },
);

/** How many WebSockets are held, by their holder's account. */
async function sockets(): Promise<number> {
  const text = await gateway.metrics();
  const value = /^sluice_(?:websocket_connections|websockets|sockets)(?:_open)?(?:\{[^}]*\})? (\d+)/m.exec(text);
  if (!value) throw new Error(`no gauge of open sockets in\n${text}`);
  return Number(value[1]);
}

test('a handshake that never ends, and one a byte at a time, are closed', async () => {
  const silent = await RawSocket.connect(gateway.port);
  const begun = await RawSocket.connect(gateway.port);
  begun.write('GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upg');
  const dripping = await RawSocket.connect(gateway.port);
  const drip = setInterval(() => dripping.write('X'), 50);
  await within('the end of a silent connection', silent.closed);
  await within('the end of half a handshake', begun.closed);
  await within('the end of a dripping handshake', dripping.closed);
  clearInterval(drip);
});
