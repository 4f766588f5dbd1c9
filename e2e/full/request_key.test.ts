import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { SluiceClient, type WebSocketLike } from '../../sdk/typescript/src/index.ts';
import { ChatSocket } from '../harness/chat_socket.ts';
import { signal, within } from '../harness/deadline.ts';
import { Gateway, keys, token, type GatewayConfig } from '../harness/gateway.ts';
import { Line } from '../harness/line.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

// A request whose fate its client cannot know, because the line or the server broke before the word that it had come,
// is sent again under its key: never lost, never answered twice, never paid for twice.

let provider: ScriptedProvider;
let gateway: Gateway;
let settings: GatewayConfig;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  settings = {
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
  };
  gateway = await Gateway.start(settings);
});
afterAll(async () => {
  await gateway?.stop();
  await provider?.stop();
});

let count = 0;
const newKey = (): string => `e2e-${Date.now()}-${String(++count).padStart(8, '0')}`;
const chat = (id: string, key: string, more: object = {}) => ({
  type: 'chat' as const,
  id,
  payload: { content: 'Hello', model: 'scripted', conversation_id: 'new', idempotency_key: key, ...more },
});

describe.each([
  ['the request never came', 'there'],
  ['the word that it had come was lost', 'back'],
] as const)('%s', (_, way) => {
  test('the client sends it again, and there is one answer', async () => {
    const line = await Line.to(gateway.port);
    const client = new SluiceClient({
      url: `${line.url}/chat`,
      backoff: { firstMs: 2, longestMs: 20 },
      open: (url, protocols) =>
        new WebSocket(url, protocols, {
          headers: { Authorization: `Bearer ${token}` },
        }) as unknown as WebSocketLike,
    });
    const connected = signal();
    client.on('state', ({ name }) => name === 'open' && connected.resolve());
    client.connect();
    await within('a connection', connected.promise);
    line.loses(way);
    const answer = client.chat({ content: 'Hello', model: 'scripted', conversation_id: 'new' });
    const before = way === 'back' ? await provider.call() : undefined;
    expect(answer.state).toBe('submitted');
    line.cut();
    const call = before ?? (await provider.call());
    call.text('one answer').finish();
    await within('the end', answer.done);
    expect(answer.text).toBe('one answer');
    expect(provider.untaken).toBe(0);
    client.close();
    await line.close();
  });
});

test('of twenty at once one is begun, and all read it', async () => {
  const sockets = await Promise.all(Array.from({ length: 20 }, () => ChatSocket.connectFull(gateway.chatUrl)));
  const key = newKey();
  for (const socket of sockets) socket.send(chat('a', key));
  const begun = await Promise.all(sockets.map((socket) => socket.first('started', 'a')));
  expect(new Set(begun.map(({ generation_id }) => generation_id)).size).toBe(1);
  expect(new Set(begun.map(({ payload }) => JSON.stringify(payload))).size).toBe(1);
  (await provider.call()).text('for all').finish();
  for (const socket of sockets) expect(await socket.answer('a')).toMatchObject({ text: 'for all' });
  expect(provider.untaken).toBe(0);
  await Promise.all(sockets.map((socket) => socket.close()));
});

test('a key is its request’s and its user’s', async () => {
  provider.always((call) => call.text('x').finish());
  const [alice, bob] = await Promise.all(
    [keys.alice, keys.bob].map((bearer) => ChatSocket.connectFull(gateway.chatUrl, { bearer })),
  );
  const key = newKey();
  alice!.send(chat('a', key));
  bob!.send(chat('b', key));
  const hers = await alice!.first('started', 'a');
  expect((await bob!.first('started', 'b')).generation_id).not.toBe(hers.generation_id);
  await alice!.answer('a');

  alice!.send(chat('other', key, { content: 'Something else' }));
  expect((await alice!.first('error', 'other')).payload).toMatchObject({ code: 409, param: 'idempotency_key' });
  alice!.send(chat('again', key));
  expect((await alice!.first('started', 'again')).generation_id).toBe(hers.generation_id);
  expect(await alice!.answer('again')).toMatchObject({ text: 'x', end: { payload: { status: 'completed' } } });

  const refused = newKey();
  alice!.send(chat('r1', refused, { conversation_id: 'conv_01ARZ3NDEKTSV4RRFFQ69G5FAV' }));
  expect((await alice!.first('error', 'r1')).payload).toMatchObject({ code: 404 });
  alice!.send(chat('r2', refused)); // a refused request used nothing up
  await alice!.answer('r2');
  for (const bad of ['', 'short', 'x'.repeat(129), 'with a blank in it!', 7]) {
    alice!.send(chat('bad', bad as string));
    expect((await alice!.first('error', 'bad')).payload).toMatchObject({ code: 400, param: 'idempotency_key' });
    alice!.forget();
  }
  await alice!.close();
  await bob!.close();
  provider.always(undefined);
});

test('is known after the server was killed', { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-e2e-key-'));
  const killed = await Gateway.start(settings, {}, '127.0.0.1:0', directory);
  const before = await ChatSocket.connectFull(killed.chatUrl);
  const key = newKey();
  before.send(chat('a', key));
  const { generation_id } = await before.first('started', 'a');
  await provider.call();
  await killed.kill();
  const again = await Gateway.start(settings, {}, '127.0.0.1:0', directory);
  await again.recovered();
  const after = await ChatSocket.connectFull(again.chatUrl);
  after.send(chat('b', key));
  expect((await after.first('started', 'b')).generation_id).toBe(generation_id);
  expect((await after.answer('b')).end.payload).toMatchObject({ status: 'failed' });
  expect(provider.untaken).toBe(0);
  await after.close();
  await again.stop();
  await rm(directory, { recursive: true, force: true });
});
