import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Cluster } from '../harness/cluster.ts';
import { makeDatabase, PostgresDatabase } from '../harness/database.ts';
import { executables, run } from '../harness/executable.ts';
import { freePort } from '../harness/free_port.ts';
import { mockText } from '../harness/mock_answer.ts';
import { known, Roles, type Role } from '../harness/role.ts';

// Roles that are started by themselves, in any order and with settings that do not fit: each says what it waits for, on
// /readyz and in its log, serves once that is there, and is never one that a supervisor would have to start again.

let directory: string;
let engines: Cluster;
let roles: Roles;

async function chats(gateway: Role): Promise<void> {
  const chat = await ChatSocket.connect(`${gateway.address.replace('http', 'ws')}/chat`);
  expect((await chat.ask('Hello')).text).toBe(mockText('Hello'));
  await chat.close();
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-start-'));
  engines = await Cluster.engines(directory);
  roles = new Roles(engines, directory);
}, 90_000);
afterEach(() => roles.killAll());
afterAll(async () => {
  await engines?.stop();
  await rm(directory, { recursive: true, force: true });
});

test('started in the wrong order, each waits for the others and serves when they are there', async () => {
  const at = { identity: await freePort(), agent: await freePort() };
  const gateway = await roles.start('gateway', known(at));
  const admin = await roles.start('admin', known(at));
  await gateway.says({ status: 503, checks: { identity: 'identity is away', agent: 'agent is away', state: 'ok' } });
  await admin.says({ status: 503, checks: { identity: 'identity is away', database: 'ok' } });
  await gateway.executable.errorLine(/warning not ready check=agent problem="agent is away"/);

  const agent = await roles.start('agent', known(at), at.agent);
  await agent.says({ status: 200 });
  await gateway.says({ status: 503, checks: { identity: 'identity is away', agent: 'ok' } });
  const identity = await roles.start('identity', known(at), at.identity);
  for (const role of [identity, gateway, admin]) await role.says({ status: 200 });
  await gateway.executable.errorLine(/well again check=identity/);
  await chats(gateway);
  for (const role of [gateway, admin, agent, identity]) await role.stop();
});

test('a database that is away at the start is waited for', async () => {
  const at = { identity: await freePort(), agent: await freePort() };
  await engines.kill('postgres');
  const nodes = [
    await roles.start('identity', known(at), at.identity),
    await roles.start('agent', known(at), at.agent),
    await roles.start('admin', known(at)),
  ];
  for (const role of nodes) {
    await role.says({
      status: 503,
      checks: { serving: expect.stringMatching(/^starting: no connection to the data/) },
    });
    await role.executable.errorLine(/warning waiting for what is missing problem="no connection to the database/);
  }
  await engines.start('postgres');
  for (const role of nodes) await role.says({ status: 200 });
  for (const role of nodes.reverse()) await role.stop();
});

test('a Redis that is away at the start keeps nobody from serving', async () => {
  const at = { identity: await freePort(), agent: await freePort() };
  const away = { ...known(at), SLUICE_STATE__URL: `redis://127.0.0.1:${await freePort()}` };
  const agent = await roles.start('agent', away, at.agent);
  const identity = await roles.start('identity', away, at.identity);
  const gateway = await roles.start('gateway', away);
  for (const role of [agent, identity, gateway]) {
    await role.says({
      status: 200,
      checks: { state: expect.stringContaining('cannot be reached: Connection refused') },
    });
    await role.executable.errorLine(/warning Redis is not as it should be .*Connection refused/);
  }
  await chats(gateway);
  for (const role of [gateway, agent, identity]) await role.stop();
});

test('a database of a newer version is not touched: its roles wait for another one, and say so', async () => {
  const url = makeDatabase(engines.database, 'newer');
  const at = { identity: await freePort(), agent: await freePort() };
  const own = { ...known(at), SLUICE_DATABASE__URL: url };
  const startAll = async (): Promise<Role[]> => [
    await roles.start('identity', own, at.identity),
    await roles.start('agent', own, at.agent),
    await roles.start('admin', own),
  ];
  const first = await startAll();
  for (const role of first) await role.says({ status: 200 });
  for (const role of first.reverse()) await role.stop();
  await run(executables.psql, [
    url,
    '--command',
    `INSERT INTO schema_migrations SELECT component, max(number) + 1, 'of_the_future', 'x', 0
     FROM schema_migrations GROUP BY component`,
  ]);
  const late = await startAll();
  for (const role of late) {
    await role.says({
      status: 503,
      checks: { serving: expect.stringMatching(/^starting: the database was written by a newer version/) },
    });
    await role.executable.errorLine(/warning waiting for what is missing problem="the database was written by a newer/);
  }
  await run(executables.psql, [url, '--command', `DELETE FROM schema_migrations WHERE name = 'of_the_future'`]);
  for (const role of late) await role.says({ status: 200 });
  for (const role of late.reverse()) await role.stop();
});

test('a database of an older version is brought up to date by whoever comes first, of many at once', async () => {
  const url = makeDatabase(engines.database, 'older');
  const own = { SLUICE_DATABASE__URL: url };
  const first = await roles.start('agent', own);
  await first.says({ status: 200 });
  await first.stop();
  // As the version before the last step had left it.
  await run(executables.psql, [
    url,
    '--command',
    `DROP TABLE request_keys; DELETE FROM schema_migrations WHERE name = 'create_request_keys'`,
  ]);
  const together = await Promise.all(Array.from({ length: 3 }, () => roles.start('agent', own)));
  for (const role of together) await role.says({ status: 200 });
  expect(new PostgresDatabase(url).rows('SELECT count(*) AS count FROM request_keys')).toEqual([{ count: 0 }]);
  for (const role of together) await role.stop();
});

test('a wrong secret: both sides say so, and nobody else is troubled', async () => {
  const at = { identity: await freePort(), agent: await freePort() };
  const nodes = [
    await roles.start('agent', known(at), at.agent),
    await roles.start('identity', known(at), at.identity),
  ];
  const good = await roles.start('gateway', known(at));
  const stranger = await roles.start('gateway', { ...known(at), SLUICE_SERVICES__SECRET: 'not-what-the-others-know' });
  await stranger.says({
    status: 503,
    checks: {
      identity: 'identity does not accept calls of this node',
      agent: 'agent does not accept calls of this node',
    },
  });
  await stranger.executable.errorLine(/calls of this node are refused: see services\.secret of both nodes peer=agent/);
  await nodes[0]!.executable.errorLine(/the service secret is missing or wrong|refused/);
  await good.says({ status: 200 });
  await chats(good);
  for (const role of [good, stranger, ...nodes]) {
    expect(role.executable.stderr).not.toContain('not-what-the-others-know');
    await role.stop();
  }
});

/** A certificate of that authority for this machine; or the authority. */
async function certify(name: string, by?: string): Promise<void> {
  const file = (of: string, kind: string): string => join(directory, `${of}.${kind}`);
  const made = await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-keyout', file(name, 'key'), '-out', file(name, 'pem')],
    ...(by === undefined
      ? []
      : [
          ...['-CA', file(by, 'pem'), '-CAkey', file(by, 'key')],
          ...['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=CA:FALSE'],
        ]),
  ]);
  expect(made.code, made.stderr).toBe(0);
}

test('mutual TLS in place of a secret: who has no certificate of the authority is refused', async () => {
  await certify('ours');
  await certify('node', 'ours');
  await certify('others');
  await certify('stranger', 'others');
  const shows = (name: string): Record<string, string> => ({
    SLUICE_SERVICES__SECRET: '',
    SLUICE_SERVICES__TLS__CERTIFICATE: join(directory, `${name}.pem`),
    SLUICE_SERVICES__TLS__KEY: join(directory, `${name}.key`),
    SLUICE_SERVICES__TLS__CA: join(directory, 'ours.pem'),
  });
  // Signing keys are sealed with the secret of the other tests.
  const database = { SLUICE_DATABASE__URL: makeDatabase(engines.database, 'certified') };
  const at = { identity: await freePort(), agent: await freePort() };
  const node = { ...known(at), ...shows('node'), ...database };
  const agent = await roles.start('agent', node, at.agent);
  const identity = await roles.start('identity', node, at.identity);
  const gateway = await roles.start('gateway', node);
  const stranger = await roles.start('gateway', { ...node, ...shows('stranger') });
  for (const role of [agent, identity, gateway]) await role.says({ status: 200 });
  await chats(gateway);
  await stranger.says({
    status: 503,
    checks: { identity: expect.stringMatching(/^identity /), agent: expect.stringMatching(/^agent /) },
  });
  await stranger.executable.errorLine(/warning not ready check=agent/);
  for (const role of [stranger, gateway, agent, identity]) await role.stop();
});
