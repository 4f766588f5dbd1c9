import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Accounts, password, traced, type Login } from '../harness/accounts.ts';
import { firstAdmin } from '../harness/admin.ts';
import { Gateway, token } from '../harness/gateway.ts';

let gateway: Gateway;
let accounts: Accounts;

beforeAll(async () => {
  gateway = await Gateway.start({}, traced);
  accounts = new Accounts(gateway);
});
afterAll(async () => {
  accounts?.expectNoSecretsLogged();
  await gateway?.stop();
});

const refusal = (type: string, param?: string) => ({
  error: {
    code: expect.any(Number),
    type,
    message: expect.stringMatching(/./),
    request_id: expect.any(String),
    param: param ?? null,
  },
});

describe('registering and signing in', () => {
  test('an account, its tokens and itself', async () => {
    const made = await accounts.post('/register', { username: 'Ann', password });
    expect(made.status).toBe(200);
    expect(made.headers.get('cache-control')).toBe('no-store');
    expect(made.body).toEqual({ user_id: expect.stringMatching(/^usr_/), message: expect.any(String) });
    const signed = await accounts.post<Login>('/login', { username: 'ann', password });
    expect(signed.headers.get('cache-control')).toBe('no-store');
    expect(signed.body).toEqual({
      token: expect.any(String),
      username: 'Ann',
      role: 'user',
      expires_at: expect.any(String),
      refresh_token: expect.any(String),
    });
    const left = Date.parse(signed.body.expires_at) - Date.now();
    expect(left).toBeGreaterThan(13 * 60_000);
    expect(left).toBeLessThan(16 * 60_000);
    const me = await accounts.call('/v1/me', { bearer: signed.body.token });
    expect(me.body).toEqual({
      user_id: made.body.user_id,
      username: 'Ann',
      role: 'user',
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    const models = await accounts.call('/v1/models', { bearer: signed.body.token });
    expect(models.status).toBe(200);
  });

  test('a name is given once, in whatever letters, also to two who ask at once', async () => {
    await accounts.signUp('straße');
    expect(await accounts.post('/register', { username: 'STRASSE', password })).toMatchObject({
      status: 409,
      body: refusal('conflict', 'username'),
    });
    const both = await Promise.all(
      [1, 2, 3, 4].map(() => accounts.post('/register', { username: 'at_once', password })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
  });

  test('an unknown user and a wrong password are answered alike', async () => {
    await accounts.signUp('known');
    const wrong = await accounts.post('/login', { username: 'known', password: 'wrong horse 1' });
    const unknown = await accounts.post('/login', { username: 'unknown', password: 'wrong horse 1' });
    expect(wrong).toMatchObject({ status: 401, body: refusal('unauthenticated') });
    expect({ ...unknown.body.error, request_id: '' }).toEqual({ ...wrong.body.error, request_id: '' });
    expect(unknown.headers.get('set-cookie')).toBeNull();
  });

  test('who guesses is held back: 429 with Retry-After, and the right password too', async () => {
    await accounts.signUp('guessed');
    const statuses: number[] = [];
    for (let i = 0; i < 12; ++i) {
      statuses.push((await accounts.post('/login', { username: 'guessed', password: `guess ${i} guess` })).status);
    }
    expect(statuses.slice(0, 9)).toEqual(Array(9).fill(401));
    expect(statuses.at(-1)).toBe(429);
    const late = await accounts.post('/login', { username: 'guessed', password });
    expect(late).toMatchObject({ status: 429, body: refusal('rate_limited') });
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('registration can be closed', async () => {
    const closed = await Gateway.start({ auth: { registration: 'closed' } });
    const reply = await new Accounts(closed).post('/register', { username: 'ann', password });
    expect(reply).toMatchObject({ status: 403, body: refusal('permission_denied') });
    await closed.stop();
  });

  test('the first start names the admin and the password, the second does not', async () => {
    const signed = await accounts.post('/login', firstAdmin(gateway));
    expect(signed).toMatchObject({ status: 200, body: { role: 'admin', username: 'admin' } });
  });
});

describe('bad bodies', () => {
  test.each([
    ['no JSON', 'username=ann', 400, undefined],
    ['a list', '[]', 400, undefined],
    ['nothing', '', 400, 'username'],
    ['no password', { username: 'x' }, 400, 'password'],
    ['a number for a name', { username: 7, password }, 400, 'username'],
    ['half a body', '{"username":"x","pass', 400, undefined],
    ['half a surrogate', '{"username":"\\ud800","password":"x"}', 400, undefined],
    ['a raw NUL', '{"username":"a\0b","password":"x"}', 400, undefined],
    ['JSON that is deep', `{"username":${'['.repeat(5000)}`, 400, undefined],
    ['a huge body', JSON.stringify({ username: 'x', password: 'y'.repeat(20_000) }), 413, undefined],
  ])('%s', async (_, body, status, param) => {
    for (const path of ['/register', '/login']) {
      const reply = await accounts.post(path, body);
      expect(reply.status).toBe(status);
      if (param) expect(reply.body.error.param).toBe(param);
    }
  });

  test.each([
    ['an escaped NUL in a name', { username: 'a\0b', password }, 'username'],
    ['a name of 10,000 characters', { username: 'a'.repeat(10_000), password }, 'username'],
    ['a name with a space', { username: 'a b', password }, 'username'],
    ['a Cyrillic look-alike', { username: '\u0430dmin', password }, 'username'],
    ['a weak password', { username: 'weak', password: 'password' }, 'password'],
    ['a password with NUL', { username: 'weak', password: 'korrekt\0pferd' }, 'password'],
    ['a password of 2,000 bytes', { username: 'weak', password: 'ab'.repeat(1_000) }, 'password'],
  ])('%s is refused with 400 and named', async (_, body, param) => {
    expect(await accounts.post('/register', body)).toMatchObject({
      status: 400,
      body: refusal('invalid_argument', param),
    });
  });
});

describe('refreshing', () => {
  test('rotates; a token that was used long ago ends the session', async () => {
    const first = await accounts.signUp('rotating');
    const second = await accounts.post<Login>('/v1/auth/refresh', { refresh_token: first.refresh_token });
    expect(second.status).toBe(200);
    expect(second.headers.get('set-cookie')).toBeNull();
    expect(second.body.refresh_token).not.toBe(first.refresh_token);
    expect(second.body.token).not.toBe(first.token);
    expect((await accounts.call('/v1/me', { bearer: second.body.token })).status).toBe(200);
  });

  test('two refreshes at once both get the one successor', async () => {
    const { refresh_token } = await accounts.signUp('twice');
    const replies = await Promise.all([1, 2].map(() => accounts.post<Login>('/v1/auth/refresh', { refresh_token })));
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(replies[0]!.body.refresh_token).toBe(replies[1]!.body.refresh_token);
  });

  test.each([
    ['nothing', {}],
    ['nonsense', { refresh_token: 'rt_nonsense' }],
    ['an access token', { refresh_token: 'e30.e30.x' }],
  ])('%s: 401', async (_, body) => {
    expect(await accounts.post('/v1/auth/refresh', body)).toMatchObject({
      status: 401,
      body: refusal('unauthenticated'),
    });
  });
});

describe('the cookie of our own pages', () => {
  const cookieOf = (headers: Headers): string => headers.get('set-cookie')!.split(';')[0]!;

  async function signedIn(username: string): Promise<{ cookie: string; login: Login; fields: string }> {
    await accounts.post('/register', { username, password });
    const reply = await accounts.post<Login>('/login', { username, password }, { headers: { origin: gateway.url } });
    return { cookie: cookieOf(reply.headers), login: reply.body, fields: reply.headers.get('set-cookie')! };
  }

  test('cannot be read by scripts or sent by other sites', async () => {
    const { fields, login } = await signedIn('cookie');
    expect(fields).toBe(
      `sluice_refresh=${login.refresh_token}; Path=/v1/auth; Max-Age=2592000; HttpOnly; SameSite=Strict`,
    );
  });

  test('refreshes, and the new token stays in it', async () => {
    const { cookie } = await signedIn('by_cookie');
    const reply = await accounts.call('/v1/auth/refresh', { method: 'POST', headers: { cookie, origin: gateway.url } });
    expect(reply.status).toBe(200);
    expect(reply.body.refresh_token).toBeUndefined();
    expect(cookieOf(reply.headers)).not.toBe(cookie);
    const again = await accounts.call('/v1/auth/refresh', {
      method: 'POST',
      headers: { cookie: `theme=dark; ${cookieOf(reply.headers)}`, origin: gateway.url },
    });
    expect(again.status).toBe(200);
  });

  test.each([
    ['another site', { origin: 'https://evil.example' }],
    ['another site that says it sends JSON', { origin: 'https://evil.example', 'content-type': 'application/json' }],
    ['a page from disk', { origin: 'null', 'content-type': 'application/json' }],
    ['a form of a browser that hides where it stands', { 'content-type': 'text/plain' }],
  ])('%s cannot use it', async (who, headers) => {
    const { cookie, login } = await signedIn(`csrf_${who.length}`);
    for (const path of ['/v1/auth/refresh', '/v1/auth/logout']) {
      const reply = await accounts.call(path, { method: 'POST', headers: { cookie, ...headers } });
      expect(reply).toMatchObject({ status: 403, body: refusal('permission_denied') });
      expect(reply.headers.get('set-cookie')).toBeNull();
    }
    expect((await accounts.call('/v1/me', { bearer: login.token })).status).toBe(200);
  });

  test('another site cannot sign its visitor in', async () => {
    const reply = await accounts.post(
      '/login',
      { username: 'cookie', password },
      { headers: { origin: 'https://evil.example' } },
    );
    expect(reply.headers.get('set-cookie')).toBeNull();
  });

  test('is Secure where clients come by https', async () => {
    const proxied = await Gateway.start({ server: { public_url: 'https://ai.example.org' } });
    const there = new Accounts(proxied);
    await there.post('/register', { username: 'ann', password });
    const reply = await there.post(
      '/login',
      { username: 'ann', password },
      { headers: { origin: 'https://ai.example.org' } },
    );
    expect(reply.headers.get('set-cookie')).toMatch(/; Secure$/);
    await proxied.stop();
  });

  test('alone is enough to sign out, and is taken back', async () => {
    const { cookie, login } = await signedIn('leaving');
    const reply = await accounts.call('/v1/auth/logout', { method: 'POST', headers: { cookie, origin: gateway.url } });
    expect(reply.status).toBe(204);
    expect(reply.headers.get('set-cookie')).toBe(
      'sluice_refresh=; Path=/v1/auth; Max-Age=0; HttpOnly; SameSite=Strict',
    );
    expect((await accounts.call('/v1/me', { bearer: login.token })).status).toBe(401);
  });
});

describe('signing out', () => {
  test('ends this session and no other', async () => {
    const here = await accounts.signUp('leaver');
    const there = await accounts.signIn('leaver');
    expect((await accounts.post('/v1/auth/logout', {}, { bearer: here.token })).status).toBe(204);
    expect((await accounts.call('/v1/me', { bearer: here.token })).status).toBe(401);
    expect((await accounts.post('/v1/auth/refresh', { refresh_token: here.refresh_token })).status).toBe(401);
    expect((await accounts.call('/v1/me', { bearer: there.token })).status).toBe(200);
  });

  test('with nothing but the refresh token, and again', async () => {
    const { token: bearer, refresh_token } = await accounts.signUp('refresher');
    for (let i = 0; i < 2; ++i) expect((await accounts.post('/v1/auth/logout', { refresh_token })).status).toBe(204);
    expect((await accounts.call('/v1/me', { bearer })).status).toBe(401);
    expect((await accounts.post('/v1/auth/logout', {})).status).toBe(401);
  });

  test('everywhere ends all sessions', async () => {
    const logins = [await accounts.signUp('everywhere'), await accounts.signIn('everywhere')];
    expect((await accounts.post('/v1/auth/logout-all', {}, { bearer: logins[0]!.token })).status).toBe(204);
    for (const { token: bearer } of logins) expect((await accounts.call('/v1/me', { bearer })).status).toBe(401);
  });
});

test('a new password needs the old one and ends all other sessions', async () => {
  const here = await accounts.signUp('changer');
  const there = await accounts.signIn('changer');
  const change = (old_password: string, new_password: string) =>
    accounts.call('/v1/me/password', { method: 'PUT', bearer: here.token, body: { old_password, new_password } });
  expect(await change('wrong horse 1', 'neues pferd 8 Batterie')).toMatchObject({
    status: 403,
    body: refusal('permission_denied', 'old_password'),
  });
  expect(await change(password, 'short')).toMatchObject({
    status: 400,
    body: refusal('invalid_argument', 'new_password'),
  });
  expect((await change(password, 'neues pferd 8 Batterie')).status).toBe(204);
  accounts.secrets.add('neues pferd 8 Batterie');
  expect((await accounts.call('/v1/me', { bearer: there.token })).status).toBe(401);
  expect((await accounts.call('/v1/me', { bearer: here.token })).status).toBe(200);
  expect((await accounts.post('/login', { username: 'changer', password })).status).toBe(401);
});

test('who is fixed in the configuration has no account', async () => {
  const me = await accounts.call('/v1/me', { bearer: token });
  expect(me).toMatchObject({ status: 200, body: { username: 'demo', created_at: null } });
  for (const path of ['/v1/keys', '/v1/auth/logout-all']) {
    expect((await accounts.post(path, { name: 'x' }, { bearer: token })).status).toBe(403);
  }
  expect((await accounts.post('/v1/auth/logout', {}, { bearer: token })).status).toBe(400);
});
