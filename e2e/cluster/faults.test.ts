import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Accounts } from '../harness/accounts.ts';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Cluster } from '../harness/cluster.ts';
import { configuration, keys, token } from '../harness/gateway.ts';
import { ScriptedProvider, type ProviderCall } from '../harness/scripted_provider.ts';

// A lease is 10 s; what depends on its end is waited for a little longer.
const leaseMs = 25_000;

let directory: string;
let cluster: Cluster;
let provider: ScriptedProvider;

const url = (gateway: string): string => cluster.node(gateway).address!;
const chatUrl = (gateway: string): string => `${url(gateway).replace(/^http/, 'ws')}/chat`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-cluster-'));
  provider = await ScriptedProvider.start();
  const file = join(directory, 'sluice.yaml');
  const told = configuration({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
    limits: [
      { name: 'exact', match: { path: '/v1/models' }, by: 'global', algorithm: 'sliding_window', limit: 50, per: '1h' },
    ],
  });
  await writeFile(file, stringify(told));
  cluster = await Cluster.start(file, directory);
}, 90_000);
afterAll(async () => {
  await cluster?.stop();
  await provider?.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Begun {
  chat: ChatSocket;
  call: ProviderCall;
  generation: string;
  conversation: string;
}

async function begin(gateway: string, payload: Record<string, unknown> = {}): Promise<Begun> {
  const chat = await ChatSocket.connectFull(chatUrl(gateway), { bearer: keys.alice });
  chat.send({
    type: 'chat',
    id: 'a',
    payload: { content: 'x', model: 'scripted', conversation_id: 'new', ...payload },
  });
  const call = await provider.call();
  const started = await chat.first('started', 'a');
  return { chat, call, generation: started.generation_id!, conversation: started.payload.conversation_id! };
}

async function resume(gateway: string, generation_id: string, after: number): Promise<ChatSocket> {
  const chat = await ChatSocket.connectFull(chatUrl(gateway), { bearer: keys.alice });
  chat.send({ type: 'resume', id: 'b', payload: { generation_id, after } });
  return chat;
}

const get = async (gateway: string, path: string): Promise<{ status: number; body: any }> => {
  const answer = await fetch(`${url(gateway)}${path}`, { headers: { authorization: `Bearer ${keys.alice}` } });
  return { status: answer.status, body: await answer.json() };
};

test('one limit for all gateways: of 200 requests at once over two, exactly the limit passes', async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) =>
      fetch(`${url(`gateway-${(n % 2) + 1}`)}/v1/models`, { headers: { authorization: `Bearer ${token}` } }),
    ),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  expect(statuses.filter((status) => status === 429)).toHaveLength(150);
});

test('who was told that he is signed out, or that a key is gone, is so on every gateway', async () => {
  const at = (name: string): Accounts => new Accounts({ url: url(name), logs: [], said: '' });
  const [one, two] = [at('gateway-1'), at('gateway-2')];
  await one.signUp('leaver');
  for (let round = 0; round < 10; ++round) {
    const login = await one.signIn('leaver');
    const { id, key } = await one.makeKey(login.token);
    const isKnown = async (bearer: string): Promise<number> => (await two.call('/v1/conversations', { bearer })).status;
    expect([await isKnown(key), await isKnown(login.token)]).toEqual([200, 200]);
    expect((await one.call(`/v1/keys/${id}`, { method: 'DELETE', bearer: login.token })).status).toBe(204);
    expect(await isKnown(key)).toBe(401);
    expect((await one.post('/v1/auth/logout', {}, { bearer: login.token })).status).toBe(204);
    expect(await isKnown(login.token)).toBe(401);
  }
});

describe('any gateway', () => {
  test('takes up an answer that was begun on another one', async () => {
    const { chat, call, generation } = await begin('gateway-1');
    call.text('one');
    await chat.first('chat', 'a');
    const again = await resume('gateway-2', generation, 1);
    call.text(' two').finish();
    expect((await again.answer('b')).text).toBe(' two');
    expect((await chat.answer('a')).end).toMatchObject({ payload: { status: 'completed' } });
  });

  test('cancels it', async () => {
    const { chat, call, generation } = await begin('gateway-1');
    call.text('one');
    await chat.first('chat', 'a');
    const other = await ChatSocket.connectFull(chatUrl('gateway-2'), { bearer: keys.alice });
    other.send({ type: 'cancel', id: 'c', payload: { generation_id: generation } });
    expect((await chat.answer('a')).end).toMatchObject({ payload: { status: 'cancelled' } });
    await call.gone;
  });
});

test('a gateway that is told to stop sends its clients away, and another one goes on with their answers', async () => {
  const { call, chat, generation } = await begin('gateway-1');
  call.text('one');
  await chat.first('chat', 'a');
  const stopped = cluster.kill('gateway-1', 'TERM');
  expect((await chat.first('notice')).payload).toMatchObject({ kind: 'draining' });
  const again = await resume('gateway-2', generation, 1);
  call.text(' two').finish();
  expect(await again.answer('b')).toMatchObject({ text: ' two', end: { payload: { status: 'completed' } } });
  expect((await chat.closed).code).toBe(1001);
  await stopped;
  await cluster.start('gateway-1');
}, 60_000);

describe('killed in mid-answer', () => {
  test('a gateway: its clients go on at the other one, and nothing is lost', async () => {
    const { call, chat, generation } = await begin('gateway-1');
    call.text('one').text(' two');
    await chat.first('chat', 'a');
    await cluster.kill('gateway-1');
    call.text(' three');
    const again = await resume('gateway-2', generation, 1);
    call.text(' four').finish();
    expect((await again.answer('b')).text).toBe(' two three four');
    await cluster.start('gateway-1');
  });

  test('an agent: the answer ends as failed, what was said is there, and the next chat works', async () => {
    const { chat, call, conversation } = await begin('gateway-1');
    call.text('one');
    await chat.first('chat', 'a');
    const live = await Promise.all(
      cluster.of('agent').map(async ({ name, internal }) => {
        const metrics = await (await fetch(`${internal}/metrics`)).text();
        return { name, live: Number(/^sluice_live_generations (\d+)/m.exec(metrics)?.[1] ?? 0) };
      }),
    );
    const writer = live.find((each) => each.live > 0)!.name;
    await cluster.kill(writer);
    const { end } = await chat.answer('a', leaseMs);
    expect(end).toMatchObject({ payload: { status: 'failed', error: { type: 'unavailable' } } });
    const tree = await get('gateway-2', `/v1/conversations/${conversation}`);
    expect(tree.body.messages[0]).toMatchObject({ role: 'user', content: [{ type: 'text', text: 'x' }] });

    const next = await begin('gateway-2');
    next.call.text('fine').finish();
    expect((await next.chat.answer('a')).text).toBe('fine');
    await cluster.start(writer);
    await expect
      .poll(async () => (await get('gateway-2', `/v1/conversations/${conversation}`)).body.messages[1].status, {
        timeout: leaseMs,
      })
      .toBe('interrupted');
  }, 90_000);
});

describe('away for a while, while an answer runs', () => {
  test.each(['redis', 'postgres', 'identity'])(
    '%s: it goes on, and all is well afterwards',
    async (name) => {
      const { chat, call, conversation } = await begin('gateway-1');
      call.text('one');
      await chat.first('chat', 'a');
      await cluster.kill(name);
      call.text(' two');
      await chat.deltas(1, 'a');
      for (const gateway of ['gateway-1', 'gateway-2']) {
        const tree = await get(gateway, `/v1/conversations/${conversation}`);
        if (name === 'postgres') expect(tree.status).toBe(503);
        else expect(tree.status).toBe(200);
      }
      if (name === 'redis') {
        const { status, body } = await get('gateway-1', '/readyz');
        expect(status).toBe(200); // balancers keep the node
        expect(body.checks.serving).toBe('ok');
      }
      call.text(' three').finish();
      expect((await chat.answer('a')).end).toMatchObject({ payload: { status: 'completed' } });
      await cluster.start(name);
      await expect
        .poll(async () => (await get('gateway-2', `/v1/conversations/${conversation}`)).body.messages?.[1], {
          timeout: leaseMs,
        })
        .toMatchObject({ status: 'completed', content: [{ type: 'text', text: 'one two three' }] });
      const next = await begin('gateway-2');
      next.call.text('fine').finish();
      expect((await next.chat.answer('a')).text).toBe('fine');
    },
    60_000,
  );
});
