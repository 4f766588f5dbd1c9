import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Accounts, traced } from '../harness/accounts.ts';
import { Admin } from '../harness/admin.ts';
import { Gateway, keys, token } from '../harness/gateway.ts';

let gateway: Gateway;
let accounts: Accounts;
let root: Admin;
let count = 0;
const somebody = (): string => `person-${++count}`;

beforeAll(async () => {
  gateway = await Gateway.start({}, traced);
  accounts = new Accounts(gateway);
  root = await Admin.first(accounts);
});
afterAll(async () => {
  accounts?.expectNoSecretsLogged();
  await gateway?.stop();
});

const routes: [string, string][] = [
  ['GET', '/users'],
  ['POST', '/users'],
  ['GET', '/users/usr_1'],
  ['PATCH', '/users/usr_1'],
  ['POST', '/users/usr_1/password'],
  ['POST', '/users/usr_1/logout'],
  ['GET', '/users/usr_1/keys'],
  ['POST', '/users/usr_1/keys'],
  ['DELETE', '/users/usr_1/keys/key_1'],
  ['GET', '/usage'],
  ['GET', '/nodes'],
  ['GET', '/audit'],
];

describe('who may', () => {
  test.each(routes)('%s %s is for admins only', async (method, path) => {
    const user = await accounts.signUp(somebody());
    const body = method === 'GET' || method === 'DELETE' ? undefined : { username: 'x', role: 'user', name: 'x' };
    const call = (bearer?: string) => accounts.call(`/admin/api/v1${path}`, { method, body, bearer });
    expect((await call()).status).toBe(401);
    expect((await call('nonsense')).status).toBe(401);
    for (const bearer of [user.token, token, keys.alice]) {
      const refused = await call(bearer);
      expect(refused).toMatchObject({ status: 403, body: { error: { type: 'permission_denied' } } });
    }
  });

  test('pages of other origins may not, even with good credentials', async () => {
    const body = { username: somebody() };
    const foreign = await root.call('/users', { body, headers: { origin: 'https://elsewhere.example' } });
    expect(foreign.status).toBe(403);
    const own = await root.call('/users', { body, headers: { origin: gateway.url } });
    expect(own.status).toBe(201);
  });

  test('a cookie alone is nobody', async () => {
    const signed = await accounts.post('/login', { username: root.login.username, password: 'x' });
    expect(signed.status).toBe(401);
    const cookie = `sluice_refresh=${root.login.refresh_token}`;
    const asked = await accounts.call('/admin/api/v1/users', { headers: { cookie } });
    expect(asked.status).toBe(401);
  });

  test('who is demoted in mid-session is refused with the next request', async () => {
    const other = await root.make(somebody(), 'admin');
    const key = await accounts.makeKey(other.admin.login.token);
    expect((await other.admin.call('/users')).status).toBe(200);
    expect((await root.call(`/users/${other.id}`, { method: 'PATCH', body: { role: 'user' } })).status).toBe(200);
    expect((await other.admin.call('/users')).status).toBe(401);
    expect((await other.admin.call('/users', { bearer: key.key })).status).toBe(403);
    const again = await root.call(`/users/${other.id}`, { method: 'PATCH', body: { role: 'admin' } });
    expect(again.body.role).toBe('admin');
    expect((await other.admin.call('/users', { bearer: key.key })).status).toBe(200);
    await root.call(`/users/${other.id}`, { method: 'PATCH', body: { disabled: true } });
    expect((await other.admin.call('/users', { bearer: key.key })).status).toBe(401);
  });
});

describe('users', () => {
  test('are made, found, changed, signed out', async () => {
    const name = somebody();
    const { id, admin: made } = await root.make(name);
    expect((await root.call(`/users/${id}`)).body).toMatchObject({ id, username: name, role: 'user', disabled: false });
    const found = await root.call(`/users?query=${name.toUpperCase()}`);
    expect(found.body.users.map((user: { id: string }) => user.id)).toContain(id);

    expect((await root.call(`/users/${id}/logout`, { method: 'POST' })).status).toBe(204);
    expect((await accounts.call('/v1/me', { bearer: made.login.token })).status).toBe(401);
    const reset = await root.call(`/users/${id}/password`, { method: 'POST' });
    accounts.secrets.add(reset.body.password);
    const back = await Admin.signIn(accounts, { username: name, password: reset.body.password });
    expect((await root.call(`/users/${id}`, { method: 'PATCH', body: { disabled: true } })).body.disabled).toBe(true);
    expect((await accounts.call('/v1/me', { bearer: back.login.token })).status).toBe(401);
    expect((await accounts.post('/login', { username: name, password: reset.body.password })).status).toBe(401);
    expect((await root.call('/users?disabled=true')).body.users).toHaveLength(2);
  });

  test('come in pages, without gaps', async () => {
    for (let i = 0; i < 5; ++i) await root.make(`paged-${i}`);
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await root.call(`/users?query=paged-&limit=2${cursor && `&cursor=${cursor}`}`);
      expect(page.body.users.length).toBeLessThanOrEqual(2);
      seen.push(...page.body.users.map((user: { username: string }) => user.username));
      cursor = page.body.next_cursor ?? '';
    } while (cursor);
    expect(seen).toEqual([0, 1, 2, 3, 4].map((i) => `paged-${i}`));
  });

  test.each([
    ['/users?limit=0', 'limit'],
    ['/users?limit=99999999999999999999', 'limit'],
    ['/users?limit=-1', 'limit'],
    ['/users?limit=1e2', 'limit'],
    ['/users?cursor=usr_', 'cursor'],
    ["/users?cursor='%20OR%201=1", 'cursor'],
    ['/users?role=root', 'role'],
    ['/users?disabled=perhaps', 'disabled'],
    [`/users?query=${'x'.repeat(65)}`, 'query'],
    ['/audit?limit=201', 'limit'],
    ['/audit?cursor=aud_x', 'cursor'],
    ['/usage?from=2026-02-30', 'from'],
    ['/usage?from=2020-01-01&to=2026-01-01', 'to'],
    ['/usage?by=day,weather', 'by'],
  ])('%s is refused', async (path, param) => {
    expect(await root.call(path)).toMatchObject({ status: 400, body: { error: { param } } });
  });

  test('names of every kind of writing; none that pretend', async () => {
    for (const username of ['Ольга', '田中さくら', 'محمد', 'Ñandú', "o'neil@example.org".replace("'", '.')]) {
      const { id } = await root.make(username);
      const found = await root.call(`/users?query=${encodeURIComponent([...username].slice(1, 4).join(''))}`);
      expect(found.body.users.map((user: { id: string }) => user.id)).toContain(id);
    }
    for (const username of ['', ' ', 'a b', 'аdmin', 'x\u202Ey', '\u0000', '<b>', 'z'.repeat(65), '😀', 7, null, {}]) {
      const refused = await root.call('/users', { body: { username } });
      expect([400, 409], JSON.stringify(username)).toContain(refused.status);
    }
  });

  test('unknown ids are not found, and are not written down', async () => {
    const before = (await root.call('/audit?limit=1')).body.events[0]?.id;
    for (const id of ['usr_00000000000000000000000000', 'nobody', '%00', '..%2F..', 'x'.repeat(2000)]) {
      const asked = await root.call(`/users/${id}`, { method: 'PATCH', body: { disabled: true } });
      expect([400, 404], id).toContain(asked.status);
      expect([400, 404], id).toContain((await root.call(`/users/${id}/keys`)).status);
    }
    expect((await root.call('/audit?limit=1')).body.events[0]?.id).toBe(before);
  });

  test('one thing is changed at a time', async () => {
    const { id } = await root.make(somebody());
    for (const body of [{}, { role: 'admin', disabled: true }, { role: 'king' }, { disabled: 'yes' }, [], '{']) {
      expect((await root.call(`/users/${id}`, { method: 'PATCH', body })).status).toBe(400);
    }
    expect((await root.call(`/users/${id}`)).body).toMatchObject({ role: 'user', disabled: false });
  });
});

describe('API keys of others', () => {
  test('are made, listed without their secret, and revoked at once', async () => {
    const { id } = await root.make(somebody());
    const made = await root.call(`/users/${id}/keys`, { body: { name: 'for the batch job' } });
    expect(made.status).toBe(201);
    expect((await accounts.call('/v1/me', { bearer: made.body.key })).body.user_id).toBe(id);
    const listed = await root.call(`/users/${id}/keys`);
    expect(listed.body.keys).toMatchObject([{ id: made.body.id, name: 'for the batch job' }]);
    expect(JSON.stringify(listed.body)).not.toContain(made.body.key);
    const other = await root.make(somebody());
    const gone = (owner: string) => root.call(`/users/${owner}/keys/${made.body.id}`, { method: 'DELETE' });
    expect((await gone(other.id)).status).toBe(404);
    expect((await gone(id)).status).toBe(204);
    expect((await accounts.call('/v1/me', { bearer: made.body.key })).status).toBe(401);
    expect((await gone(id)).status).toBe(404);
  });
});

describe('nobody is locked out', () => {
  test('not by himself', async () => {
    const me = (await accounts.call('/v1/me', { bearer: root.login.token })).body.user_id;
    for (const body of [{ role: 'user' }, { disabled: true }]) {
      expect((await root.call(`/users/${me}`, { method: 'PATCH', body })).status).toBe(409);
    }
    expect((await root.call(`/users/${me}/password`, { method: 'POST' })).status).toBe(409);
    const key = await accounts.makeKey(root.login.token);
    const revoke = (bearer: string) => root.call(`/users/${me}/keys/${key.id}`, { method: 'DELETE', bearer });
    expect((await revoke(key.key)).status).toBe(409);
    expect((await revoke(root.login.token)).status).toBe(204);
  });

  test('two admins who demote each other at once leave one', async () => {
    const pair = [await root.make(somebody(), 'admin'), await root.make(somebody(), 'admin')] as const;
    const me = (await accounts.call('/v1/me', { bearer: root.login.token })).body.user_id;
    expect((await pair[0].admin.call(`/users/${me}`, { method: 'PATCH', body: { disabled: true } })).status).toBe(200);
    try {
      for (const role of ['admin'] as const) {
        const others = (await pair[0].admin.call(`/users?role=${role}&disabled=false`)).body.users as { id: string }[];
        for (const { id } of others) {
          if (pair.some((one) => one.id === id)) continue;
          await pair[0].admin.call(`/users/${id}`, { method: 'PATCH', body: { role: 'user' } });
        }
      }
      const demote = (by: Admin, id: string) => by.call(`/users/${id}`, { method: 'PATCH', body: { role: 'user' } });
      const ends = await Promise.all([demote(pair[0].admin, pair[1].id), demote(pair[1].admin, pair[0].id)]);
      const done = ends.filter(({ status }) => status === 200);
      expect(done).toHaveLength(1);
      // The other one was the last admin by then, or no admin any more.
      expect([401, 403, 409]).toContain(ends.find(({ status }) => status !== 200)!.status);
    } finally {
      for (const { admin } of pair) await admin.call(`/users/${me}`, { method: 'PATCH', body: { disabled: false } });
      root = await Admin.first(accounts);
    }
  });
});

describe('what is seen', () => {
  test('usage by user, model and day, with its total', async () => {
    const user = await accounts.signUp(somebody());
    const me = (await accounts.call('/v1/me', { bearer: user.token })).body.user_id;
    for (let i = 0; i < 3; ++i) {
      const body = { model: 'mock', messages: [{ role: 'user', content: 'Hello' }] };
      expect((await accounts.post('/v1/chat/completions', body, { bearer: user.token })).status).toBe(200);
    }
    await expect.poll(async () => (await root.call(`/usage?by=user,model&user_id=${me}`)).body.total.requests).toBe(3);
    const { body } = await root.call(`/usage?by=day,user,model,provider&user_id=${me}`);
    expect(body.usage).toMatchObject([
      { user_id: me, username: user.username, model: 'mock', provider: 'mock', requests: 3, failed: 0 },
    ]);
    expect(body.usage[0].day).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(body.total.input_tokens).toBe(body.usage[0].input_tokens);
    expect(body.total.output_tokens).toBeGreaterThan(0);
  });

  test('the node, and how many sockets it has', async () => {
    const nodes = await root.call('/nodes');
    type Node = { role: string; connections: number | null; generations: number | null };
    const told = nodes.body.nodes as Node[];
    expect(told.map(({ role }) => role).sort()).toEqual(gateway.roles);
    // Null where a role has none of them.
    for (const { role, connections, generations } of told) {
      expect(connections, role).toBe(['serve', 'gateway'].includes(role) ? 0 : null);
      expect(generations, role).toBe(['serve', 'agent'].includes(role) ? 0 : null);
    }
    expect(nodes.headers.get('cache-control')).toBe('no-store');
  });

  test('who did what, to whom, when and from where; done or refused', async () => {
    const name = somebody();
    const { id } = await root.make(name);
    await root.call(`/users/${id}`, { method: 'PATCH', body: { role: 'admin' } });
    await root.call(`/users/${id}/keys`, { body: { name: 'bad\u0000name' } });
    const { body } = await root.call(`/audit?target_id=${id}`);
    expect(body.events).toMatchObject([
      { action: 'key.create', outcome: 'refused', problem: expect.stringContaining('name') },
      { action: 'user.set_role', outcome: 'done', details: 'role admin', target: { id, name } },
      { action: 'user.create', outcome: 'done', actor: { name: root.login.username }, target: { id, name } },
    ]);
    const [first] = body.events;
    expect(first).toMatchObject({ address: '127.0.0.1', credential_id: expect.stringMatching(/^ses_/) });
    expect(Math.abs(Date.parse(first.at) - Date.now())).toBeLessThan(60_000);
    const page = await root.call('/audit?limit=2&action=user.create');
    expect(page.body.events).toHaveLength(2);
    const next = await root.call(`/audit?limit=2&action=user.create&cursor=${page.body.next_cursor}`);
    expect(next.body.events[0].id < page.body.events[1].id).toBe(true);
    await root.call(`/users/${id}`, { method: 'PATCH', body: { role: 'user' } });
  });
});

test('what cannot be written down is not done: 503, and when to come back', async () => {
  const { id } = await root.make(somebody());
  const lock = await gateway.database.lockWrites();
  const refused = await root.call(`/users/${id}`, { method: 'PATCH', body: { disabled: true } });
  expect(refused).toMatchObject({ status: 503, body: { error: { type: 'unavailable' } } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await root.call(`/users/${id}`)).body.disabled).toBe(false);
  await lock.release();
  const done = await root.call(`/users/${id}`, { method: 'PATCH', body: { disabled: true } });
  expect(done.body.disabled).toBe(true);
});

test('limits of the configuration hold here too', async () => {
  const limited = await Gateway.start({
    limits: [
      { name: 'admin', by: 'user', algorithm: 'token_bucket', rate: 0.01, burst: 2, match: { path: '/admin/*' } },
    ],
  });
  const admin = await Admin.first(new Accounts(limited));
  expect((await admin.call('/users')).status).toBe(200);
  expect((await admin.call('/nodes')).status).toBe(200);
  const refused = await admin.call('/users');
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  await limited.stop();
});
