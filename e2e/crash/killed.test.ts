import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway, isCluster, type GatewayConfig } from '../harness/gateway.ts';
import { Random } from '../harness/random.ts';
import { Stored } from './stored.ts';
import { Talker, type Claim } from './talker.ts';

// `sluice serve` is killed while many conversations are being written, again and again on the same data: what it has
// told its clients must be there when it comes back. SLUICE_CRASH_ROUNDS says how often.

const rounds = Number(process.env.SLUICE_CRASH_ROUNDS ?? (isCluster ? 2 : 10));
const roundMs = isCluster ? 30_000 : 5_000; // what agents that are gone left is cleared up after a lease
const talkers = 16;
const framesMax = 6_000;
const seed = Number(process.env.SLUICE_TEST_SEED ?? Date.now() % 1_000_000);

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-e2e-crash-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const settings: GatewayConfig = {
  providers: { paced: { type: 'mock', delay_ms: 1 } },
  models: [{ name: 'paced', targets: [{ provider: 'paced' }] }],
};
const start = (): Promise<Gateway> => Gateway.start(settings, {}, '127.0.0.1:0', directory);

/** Kills it at a random frame; returns what the clients had been told by then. */
async function killAmidTalk(gateway: Gateway, random: Random): Promise<Claim[]> {
  let framesLeft = random.between(1, framesMax);
  let killed: Promise<void> | undefined;
  const onFrame = (): void => {
    if (--framesLeft <= 0) killed ??= gateway.kill();
  };
  const connecting = Array.from({ length: talkers }, (_, number) =>
    Talker.connect(gateway.chatUrl, 'paced', new Random(random.between(0, 1e9) + number), onFrame),
  );
  const clients = await Promise.all(connecting);
  await Promise.all(clients.map((client) => client.talk()));
  await killed;
  return clients.flatMap(({ claims }) => claims);
}

/** Comes back for an answer, as a client does whose socket broke. Returns its status and text. */
async function resume(gateway: Gateway, { generationId }: Claim): Promise<{ status?: string; text: string }> {
  const chat = await ChatSocket.connectFull(gateway.chatUrl);
  chat.send({ type: 'resume', id: 'r', payload: { generation_id: generationId, after: 0 } });
  const { text, end } = await chat.answer('r');
  await chat.close();
  return { text, status: end.type === 'done' ? end.payload.status : JSON.stringify(end) };
}

/** What was told before the last kill, and by now is another process' to know. */
async function expectKept(gateway: Gateway, claims: Claim[], context: string): Promise<void> {
  await gateway.recovered();
  const stored = new Stored(gateway.database);
  expect(stored.faults(), context).toEqual([]);
  const broken = claims.flatMap((claim) => stored.broken(claim));
  expect(broken, context).toEqual([]);

  for (const claim of claims.filter(({ done }) => done).slice(-1)) {
    expect(await resume(gateway, claim), context).toEqual({ status: 'completed', text: claim.text });
  }
  for (const claim of claims.filter(({ done }) => !done).slice(-1)) {
    // Its end may have been stored without having been told.
    expect(['completed', 'failed'], context).toContain((await resume(gateway, claim)).status);
  }
}

test(`what was told survives ${rounds} kills (seed ${seed})`, { timeout: 30_000 + rounds * roundMs }, async () => {
  const random = new Random(seed);
  const told: Claim[] = [];
  let newest: Claim[] = [];
  for (let round = 0; round < rounds; ++round) {
    const gateway = await start();
    await expectKept(gateway, newest, `after kill ${round}`);
    newest = await killAmidTalk(gateway, random);
    told.push(...newest);
  }
  const gateway = await start();
  await expectKept(gateway, told, 'at the end');
  await gateway.stop();
  const whole = told.filter(({ done }) => done).length;
  console.log(`${rounds} kills: ${told.length} answers begun, ${whole} of them whole (seed ${seed})`);
  expect(told.length).toBeGreaterThan(0);
});
