import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { SluiceClient, type WebSocketLike } from '../../sdk/typescript/src/index.ts';
import { Cluster } from '../harness/cluster.ts';
import { PostgresDatabase } from '../harness/database.ts';
import { signal, within } from '../harness/deadline.ts';
import { freePort } from '../harness/free_port.ts';
import { token } from '../harness/gateway.ts';
import { Line, type Way } from '../harness/line.ts';
import { known, Roles, type Role } from '../harness/role.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

// The line between a gateway and the agents breaks while an answer is being asked for: nobody can know whether the
// agent has heard of it. What is asked again under its key is answered once, and paid for once.

let directory: string;
let engines: Cluster;
let roles: Roles;
let provider: ScriptedProvider;
let line: Line;
let gateway: Role;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-lost-'));
  [engines, provider] = await Promise.all([Cluster.engines(directory), ScriptedProvider.start()]);
  roles = new Roles(engines, directory);
  const at = { identity: await freePort(), agent: await freePort() };
  const told = {
    SLUICE_PROVIDERS: JSON.stringify({ scripted: { type: 'openai', base_url: provider.baseUrl } }),
    SLUICE_DEFAULT_MODEL: 'scripted',
    SLUICE_MODELS: JSON.stringify([{ name: 'scripted', targets: [{ provider: 'scripted' }] }]),
  };
  await roles.start('identity', { ...known(at), ...told }, at.identity);
  await roles.start('agent', { ...known(at), ...told }, at.agent);
  line = await Line.to(at.agent);
  gateway = await roles.start('gateway', { ...known({ ...at, agent: Number(new URL(line.url).port) }), ...told });
}, 90_000);
afterEach(() => line.cut());
afterAll(async () => {
  await roles?.killAll();
  await line?.close();
  await provider?.stop();
  await engines?.stop();
  await rm(directory, { recursive: true, force: true });
});

test.each<[string, Way]>([
  ['the call is lost', 'there'],
  ['the answer to the call is lost', 'back'],
])('%s: one answer comes of it', { timeout: 60_000 }, async (_, way) => {
  const client = new SluiceClient({
    url: `${gateway.address}/chat`,
    open: (url, protocols) =>
      new WebSocket(url, protocols, { headers: { Authorization: `Bearer ${token}` } }) as unknown as WebSocketLike,
  });
  const connected = signal();
  client.on('state', ({ name }) => name === 'open' && connected.resolve());
  client.connect();
  await within('a connection', connected.promise);

  // Which goes over the line, so it is there.
  const models = async (): Promise<number> =>
    (await fetch(`${gateway.address}/v1/models`, { headers: { Authorization: `Bearer ${token}` } })).status;
  await expect.poll(models, { timeout: 20_000 }).toBe(200);

  const content = `Is ${way} the way?`;
  line.loses(way);
  const answer = client.chat({ content, model: 'scripted', conversation_id: 'new' });
  const before = way === 'back' ? await provider.call() : await line.hasLost(content);
  line.cut();
  expect(answer.state).toBe('submitted');
  const call = before ?? (await provider.call());
  call.text('one answer').finish();
  await within('the end', answer.done, 30_000);
  expect(answer.error).toBeUndefined();
  expect(answer.text).toBe('one answer');
  expect(provider.untaken).toBe(0);
  client.close();

  const stored = new PostgresDatabase(engines.database);
  const question = { role: 'user', count: 1 };
  const counted = `SELECT role, count(*) AS count FROM messages WHERE conversation_id =
    (SELECT conversation_id FROM messages WHERE words = '${content}') GROUP BY role ORDER BY role`;
  await expect.poll(() => stored.rows(counted)).toEqual([{ role: 'assistant', count: 1 }, question]);
});
