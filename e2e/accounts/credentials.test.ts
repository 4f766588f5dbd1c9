import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Accounts, password, traced, type Login } from '../harness/accounts.ts';
import { ChatSocket, HandshakeRefused } from '../harness/chat_socket.ts';
import { Gateway } from '../harness/gateway.ts';

let gateway: Gateway;
let foreign: Gateway;
let accounts: Accounts;
let login: Login;

beforeAll(async () => {
  gateway = await Gateway.start({}, traced);
  foreign = await Gateway.start({ server: { public_url: 'https://elsewhere.example' } });
  accounts = new Accounts(gateway);
  login = await accounts.signUp('ann');
});
afterAll(async () => {
  accounts?.expectNoSecretsLogged();
  await gateway?.stop();
  await foreign?.stop();
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string): any => JSON.parse(Buffer.from(part, 'base64url').toString());
const parts = (): [string, string, string] => login.token.split('.') as [string, string, string];

function signed(key: KeyObject, header: object, claims: object): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
}

const forgeries: [string, () => string | Promise<string>][] = [
  ['alg none', () => `${encode({ ...decode(parts()[0]), alg: 'none' })}.${parts()[1]}.`],
  [
    'alg none with the old signature',
    () => `${encode({ ...decode(parts()[0]), alg: 'none' })}.${parts()[1]}.${parts()[2]}`,
  ],
  [
    'HS256 with the key id for a secret',
    () => {
      const header = { ...decode(parts()[0]), alg: 'HS256' };
      const text = `${encode(header)}.${parts()[1]}`;
      return `${text}.${createHmac('sha256', header.kid).update(text).digest('base64url')}`;
    },
  ],
  [
    'another key under our name',
    () => signed(generateKeyPairSync('ed25519').privateKey, decode(parts()[0]), decode(parts()[1])),
  ],
  [
    'another role under the old signature',
    () => `${parts()[0]}.${encode({ ...decode(parts()[1]), role: 'admin' })}.${parts()[2]}`,
  ],
  [
    'prolonged under the old signature',
    () => `${parts()[0]}.${encode({ ...decode(parts()[1]), exp: 4_000_000_000 })}.${parts()[2]}`,
  ],
  [
    'another key, which it brings along',
    () => signed(generateKeyPairSync('ed25519').privateKey, { ...decode(parts()[0]), jwk: {} }, decode(parts()[1])),
  ],
  ['padding behind the signature', () => `${login.token}=`],
  ['empty parts', () => '..'],
  ['an empty signature', () => `${parts()[0]}.${parts()[1]}.`],
  ['no signature', () => `${parts()[0]}.${parts()[1]}`],
  [
    'a signature with a changed bit',
    () => login.token.slice(0, -2) + (login.token.at(-2) === 'A' ? 'B' : 'A') + login.token.at(-1),
  ],
  ['a token of another issuer', async () => (await new Accounts(foreign).signUp('ann')).token],
  ['a refresh token', () => login.refresh_token],
  ['a huge one', () => 'x'.repeat(20_000)],
  ['an API key that was never made', () => `sk-slc-${'0'.repeat(49)}`],
];

describe('what is no credential', () => {
  test.each(forgeries)('%s: 401, over HTTP and before an upgrade', async (_, forge) => {
    const bearer = await forge();
    const reply = await accounts.call('/v1/me', { bearer });
    expect(reply).toMatchObject({ status: 401, body: { error: { type: 'unauthenticated' } } });
    const outcome = await ChatSocket.connect(gateway.chatUrl, { bearer }).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(HandshakeRefused);
    expect(outcome).toMatchObject({ status: 401, error: { type: 'unauthenticated' } });
  });
});

test('a token that has run out is refused; the session it was of goes on', async () => {
  const short = await Gateway.start({ auth: { token_ttl: '3s' } });
  const there = new Accounts(short);
  const { token: bearer, refresh_token } = await there.signUp('ann');
  const chat = await ChatSocket.connectFull(short.chatUrl, { bearer });
  await expect.poll(async () => (await there.call('/v1/me', { bearer })).status, { timeout: 10_000 }).toBe(401);
  const outcome = await ChatSocket.connect(short.chatUrl, { bearer }).catch((error: unknown) => error);
  expect(outcome).toMatchObject({ status: 401 });
  chat.send({ type: 'ping' });
  await chat.first('pong');
  const renewed = await there.post<Login>('/v1/auth/refresh', { refresh_token });
  expect((await there.call('/v1/me', { bearer: renewed.body.token })).status).toBe(200);
  await chat.close();
  await short.stop();
});

describe('API keys', () => {
  test('are shown once, work wherever a token does, and are listed with their last use', async () => {
    const made = await accounts.makeKey(login.token, 'back end');
    expect(made).toEqual({
      id: expect.stringMatching(/^key_/),
      name: 'back end',
      prefix: expect.stringMatching(/^sk-slc-/),
      key: expect.stringMatching(/^sk-slc-/),
      created_at: expect.stringMatching(/Z$/),
    });
    expect(made.key.startsWith(made.prefix)).toBe(true);
    expect((await accounts.call('/v1/me', { bearer: made.key })).body.username).toBe('ann');
    expect((await accounts.call('/v1/models', { headers: { 'x-api-key': made.key } })).status).toBe(200);
    await (await ChatSocket.connectFull(gateway.chatUrl, { bearer: made.key })).close();
    const listed = await accounts.call('/v1/keys', { bearer: login.token });
    expect(listed.body.keys).toContainEqual({
      id: made.id,
      name: 'back end',
      prefix: made.prefix,
      created_at: expect.any(String),
      last_used_at: null,
    });
    expect(JSON.stringify(listed.body)).not.toContain(made.key);
  });

  test('are for the work, not for the account: who has one cannot make another, nor take it over', async () => {
    const { id, key } = await accounts.makeKey(login.token);
    const passwords = { old_password: password, new_password: `${password} new` };
    for (const asked of [
      accounts.call('/v1/keys', { bearer: key }),
      accounts.post('/v1/keys', { name: 'heir' }, { bearer: key }),
      accounts.call(`/v1/keys/${id}`, { method: 'DELETE', bearer: key }),
      accounts.call('/v1/me/password', { method: 'PUT', body: passwords, bearer: key }),
      accounts.post('/v1/auth/logout-all', {}, { bearer: key }),
    ]) {
      expect(await asked).toMatchObject({
        status: 403,
        body: { error: { message: expect.stringMatching(/sign in/) } },
      });
    }
    expect((await accounts.call('/v1/me', { bearer: login.token })).status).toBe(200);
  });

  test('are revoked by their owner and nobody else', async () => {
    const { id, key } = await accounts.makeKey(login.token);
    const other = await accounts.signUp('other');
    const revoke = (bearer: string, which = id) => accounts.call(`/v1/keys/${which}`, { method: 'DELETE', bearer });
    expect((await revoke(other.token)).status).toBe(404);
    expect((await accounts.call('/v1/me', { bearer: key })).status).toBe(200);
    expect((await revoke(login.token)).status).toBe(204);
    expect((await accounts.call('/v1/me', { bearer: key })).status).toBe(401);
    expect((await revoke(login.token)).status).toBe(404);
    expect((await revoke(login.token, '%27%20or%201%3D1')).status).toBe(404);
  });

  test.each([
    ['no name', {}],
    ['an empty one', { name: '' }],
    ['a number', { name: 1 }],
    ['NUL in it', { name: 'a\0' }],
    ['a long one', { name: 'n'.repeat(300) }],
  ])('a key with %s: 400', async (_, body) => {
    expect(await accounts.post('/v1/keys', body, { bearer: login.token })).toMatchObject({
      status: 400,
      body: { error: { param: 'name' } },
    });
  });
});
