import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Stored } from '../crash/stored.ts';
import { Accounts, type Login } from '../harness/accounts.ts';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Cluster } from '../harness/cluster.ts';
import { PostgresDatabase } from '../harness/database.ts';
import { configuration } from '../harness/gateway.ts';
import { ScriptedProvider, type ProviderCall } from '../harness/scripted_provider.ts';
import { BackEnd, Talking, type Customer } from './customer.ts';

// What the roles share is killed under load and stays away for ten seconds: Redis, PostgreSQL, identity.

const outageMs = 10_000;
const conversations = 8;
const backEnds = 4;
// Before and after, for as many answers there is load.
const answersAround = 100;

let directory: string;
let cluster: Cluster;
let provider: ScriptedProvider;
let database: PostgresDatabase;

const urlOf = (gateway: number): string => cluster.node(`gateway-${gateway}`).address!;
const chatUrlOf = (gateway: number): string => `${urlOf(gateway).replace(/^http/, 'ws')}/chat`;
const accountsAt = (gateway: number): Accounts => new Accounts({ url: urlOf(gateway), logs: [], said: '' });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-outage-'));
  provider = await ScriptedProvider.start();
  const file = join(directory, 'sluice.yaml');
  const told = configuration({
    providers: {
      paced: { type: 'mock', delay_ms: 1 },
      scripted: { type: 'openai', base_url: provider.baseUrl },
    },
    models: ['paced', 'scripted'].map((name) => ({ name, targets: [{ provider: name }] })),
    limits: [{ name: 'generous', by: 'user', algorithm: 'token_bucket', rate: 10_000, burst: 10_000 }],
  });
  await writeFile(file, stringify(told));
  cluster = await Cluster.start(file, directory);
  database = new PostgresDatabase(cluster.database);
}, 90_000);
afterAll(async () => {
  await cluster?.stop();
  await provider?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** An answer that runs before, during and after. */
interface Running {
  chat: ChatSocket;
  call: ProviderCall;
  deltas: number;
}

async function beginRunning(gateway: number, bearer: string): Promise<Running> {
  const chat = await ChatSocket.connectFull(chatUrlOf(gateway), { bearer });
  chat.send({ type: 'chat', id: 'long', payload: { content: 'x', model: 'scripted', conversation_id: 'new' } });
  const running = { chat, call: await provider.call(), deltas: 0 };
  await chat.first('started', 'long');
  await grow(running);
  return running;
}

/** A delta goes from the provider to the client. */
async function grow(running: Running): Promise<void> {
  running.call.text(`delta ${running.deltas++} `);
  await running.chat.deltas(running.deltas, 'long');
}

/** Ways in that were closed before. */
interface Revoked {
  key: string;
  login: Login;
}

async function revoke(username: string): Promise<Revoked> {
  const login = await accountsAt(1).signUp(username);
  const { id, key } = await accountsAt(1).makeKey(login.token);
  for (const gateway of [1, 2]) {
    const [byKey, byToken] = await tryRevoked({ key, login }, gateway);
    expect([byKey, byToken]).toEqual([200, 200]); // what is known of it is remembered by now
  }
  expect((await accountsAt(1).call(`/v1/keys/${id}`, { method: 'DELETE', bearer: login.token })).status).toBe(204);
  expect((await accountsAt(1).post('/v1/auth/logout', {}, { bearer: login.token })).status).toBe(204);
  await expect
    .poll(async () => [await tryRevoked({ key, login }, 1), await tryRevoked({ key, login }, 2)])
    .toEqual([
      [401, 401],
      [401, 401],
    ]);
  return { key, login };
}

async function tryRevoked({ key, login }: Revoked, gateway: number): Promise<number[]> {
  const statusOf = async (bearer: string): Promise<number> =>
    (await accountsAt(gateway).call('/v1/models', { bearer })).status;
  return [await statusOf(key), await statusOf(login.token)];
}

const sum = (customers: Customer[]): number => customers.reduce((all, { served }) => all + served, 0);

describe('away for ten seconds under load', () => {
  test.each([
    { name: 'redis', goesOn: ['conversations', 'back ends'] },
    { name: 'postgres', goesOn: ['back ends'] },
    { name: 'identity', goesOn: ['conversations', 'back ends'] },
  ])(
    '$name: running answers go on, what cannot be served is told when to come back, nothing is lost',
    async (fault) => {
      const { name, goesOn } = fault;
      const person = await accountsAt(1).signUp(`person-${name}`);
      const firm = await accountsAt(1).signUp(`firm-${name}`);
      const { key } = await accountsAt(1).makeKey(firm.token);
      const revoked = await revoke(`gone-${name}`);

      const talking = await Promise.all(
        Array.from({ length: conversations }, (_, n) => Talking.connect(chatUrlOf((n % 2) + 1), person.token, 'paced')),
      );
      const asking = Array.from({ length: backEnds }, (_, n) => new BackEnd(urlOf((n % 2) + 1), key, 'mock'));
      const customers = [...talking, ...asking];
      const running: Running[] = [];
      for (const gateway of [1, 2, 1, 2]) running.push(await beginRunning(gateway, person.token));

      let isOver = false;
      const load = Promise.all(customers.map((customer) => customer.work(() => isOver)));
      const over = load.then(
        () => {},
        () => {},
      );
      const untilServed = async (count: number): Promise<void> => {
        await Promise.race([over, expect.poll(() => sum(customers), { timeout: 30_000 }).toBeGreaterThan(count)]);
      };
      await untilServed(answersAround);
      expect(customers.flatMap(({ refusals }) => refusals)).toEqual([]);

      await cluster.kill(name);
      const before = { conversations: sum(talking), 'back ends': sum(asking) };
      const back = pass(outageMs);
      await Promise.all(running.map(grow));
      for (const gateway of [1, 2]) {
        for (const status of await tryRevoked(revoked, gateway)) expect([401, 503]).toContain(status);
      }
      await back;
      await Promise.all(running.map(grow));
      const during = {
        conversations: sum(talking) - before.conversations,
        'back ends': sum(asking) - before['back ends'],
      };
      await cluster.start(name);
      await untilServed(sum(customers) + answersAround);
      isOver = true;
      await load;

      for (const each of running) {
        await grow(each);
        each.call.finish();
        const { end, text } = await each.chat.answer('long');
        expect(end).toMatchObject({ payload: { status: 'completed' } });
        expect(text).toBe(Array.from({ length: each.deltas }, (_, n) => `delta ${n} `).join(''));
      }
      for (const kind of goesOn) expect(during[kind as keyof typeof during], kind).toBeGreaterThan(0);
      for (const refusal of customers.flatMap(({ refusals }) => refusals)) {
        expect(refusal).toMatchObject({ status: 503, type: 'unavailable', retryAfter: expect.any(Number) });
      }
      for (const gateway of [1, 2]) {
        await expect.poll(() => tryRevoked(revoked, gateway)).toEqual([401, 401]);
      }

      const signUp = async (): Promise<number> =>
        (await accountsAt(1).post('/register', { username: `after-${name}`, password: 'long enough for now' })).status;
      await expect.poll(signUp, { timeout: 30_000 }).toBe(200);

      // What was to be recorded meanwhile is recorded now.
      const claims = talking.flatMap((each) => each.claims);
      const wrong = (): string[] => {
        const stored = new Stored(database);
        return [...stored.faults(), ...claims.flatMap((claim) => stored.broken(claim))];
      };
      await expect.poll(wrong, { timeout: 30_000, interval: 500 }).toEqual([]);
      const recorded = (): unknown =>
        database.rows<{ count: number }>(
          `SELECT count(*) AS count FROM usage_events JOIN users ON users.id = usage_events.user_id
           WHERE users.username = 'firm-${name}'`,
        )[0]!.count;
      await expect.poll(recorded, { timeout: 30_000, interval: 500 }).toBe(sum(asking));
    },
    180_000,
  );
});
