import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChatSocket, fullDialect } from '../harness/chat_socket.ts';
import { within } from '../harness/deadline.ts';
import { Gateway } from '../harness/gateway.ts';
import { Llmsim } from '../harness/llmsim.ts';
import { opcode, RawSocket } from '../harness/raw_socket.ts';

// Peers that do not keep up hurt themselves only.

const plan = 'tokens=200000,size=40'; // 8 MB, more than the kernel holds for a peer that does not read
let simulator: Llmsim;
let gateway: Gateway;

beforeAll(async () => {
  simulator = await Llmsim.start();
  gateway = await Gateway.start({
    server: { timeouts: { write: '1s', header: '500ms', keep_alive: '1s' } },
    providers: { sim: { type: 'openai', base_url: simulator.baseUrl } },
    models: [{ name: 'flood', targets: [{ provider: 'sim', model: `sim:${plan}` }] }],
  });
});
afterAll(async () => {
  await gateway?.stop();
  await simulator?.stop();
});

async function stopReading(): Promise<RawSocket> {
  const raw = await RawSocket.upgrade(gateway.one.port, { 'Sec-WebSocket-Protocol': fullDialect });
  raw.socket.pause();
  raw.frame({
    opcode: opcode.text,
    payload: Buffer.from(JSON.stringify({ type: 'chat', id: 'a', payload: { content: 'x', model: 'flood' } })),
  });
  return raw;
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
