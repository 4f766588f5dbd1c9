import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gateway } from '../harness/gateway.ts';

const password = 'korrekt pferd 7 Batterie';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await Gateway.start();
});
afterAll(() => gateway.stop());

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, any>;
}

async function post(path: string, body: unknown): Promise<Answer> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

const register = (username: string) => post('/register', { username, password });
const login = (username: string, given = password) => post('/login', { username, password: given });
const refresh = (refresh_token: string) => post('/v1/auth/refresh', { refresh_token });
const statusOf = async (token: string): Promise<number> =>
  (await fetch(`${gateway.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status;

describe('an access token', () => {
  let token: string;
  beforeAll(async () => {
    expect((await register('alice')).status).toBe(200);
    token = (await login('alice')).body.token as string;
    expect(await statusOf(token)).toBe(200);
  });

  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const decode = (segment: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>;
  const ownKey = generateKeyPairSync('ed25519').privateKey;
  const signed = (text: string): string => `${text}.${sign(null, Buffer.from(text), ownKey).toString('base64url')}`;

  const forgeries: [string, (header: string, payload: string, signature: string) => string][] = [
    ['without an algorithm', (h, p) => `${encode({ ...decode(h), alg: 'none' })}.${p}.`],
    ['without a signature', (h, p) => `${h}.${p}.`],
    ['without a signature segment', (h, p) => `${h}.${p}`],
    ['with another payload', (h, p, s) => `${h}.${encode({ ...decode(p), role: 'admin' })}.${s}`],
    ['prolonged', (h, p, s) => `${h}.${encode({ ...decode(p), exp: 4_000_000_000 })}.${s}`],
    ['signed by another key', (h, p) => signed(`${h}.${p}`)],
    ['signed by a key that it brings along', (h, p) => signed(`${encode({ ...decode(h), jwk: {} })}.${p}`)],
    [
      'signed with HMAC under a guessed secret',
      (h, p) => {
        const text = `${encode({ ...decode(h), alg: 'HS256' })}.${p}`;
        return `${text}.${createHmac('sha256', 'secret').update(text).digest('base64url')}`;
      },
    ],
    ['spelt with padding', (h, p, s) => `${h}.${p}.${s}=`],
    ['that is huge', (h, p, s) => `${h}.${p}${'A'.repeat(20_000)}.${s}`],
    ['that is empty segments', () => '..'],
  ];
  test.each(forgeries)('%s is refused', async (_, forge) => {
    const [header, payload, signature] = token.split('.') as [string, string, string];
    expect(await statusOf(forge(header, payload, signature))).toBe(401);
    expect(await statusOf(token)).toBe(200);
  });
});

test('of registrations of one name at once, one is made', async () => {
  const names = ['twin', 'TWIN', 'Twin', 'tw1n', 'twin', 'tWin'];
  const answers = await Promise.all(names.map(register));
  const made = answers.filter(({ status }) => status === 200);
  expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
  expect(made.length).toBeGreaterThanOrEqual(1);
  expect(made.length).toBeLessThanOrEqual(2); // i and 1 need not look the same, the others do
});

test('refreshes of one token at once sign nobody out', async () => {
  await register('bob');
  const { refresh_token } = (await login('bob')).body as { refresh_token: string };
  const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refresh_token)));
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  const next = new Set(answers.map(({ body }) => body.refresh_token as string));
  expect(next.size).toBe(1);
  expect((await refresh([...next][0]!)).status).toBe(200);
  for (const { body } of answers) expect(await statusOf(body.token as string)).toBe(200);
});

describe('a sign-in that fails', () => {
  test('says the same of an unknown name and of a wrong password', async () => {
    await register('carol');
    const wrong = await login('carol', 'not the password');
    const unknown = await login('nobody', 'not the password');
    expect(wrong.status).toBe(401);
    expect(unknown.status).toBe(401);
    const said = ({ body }: Answer): unknown => ({ ...body.error, request_id: '' });
    expect(said(unknown)).toEqual(said(wrong));
  });

  test('takes as long for either', async () => {
    const times: Record<'wrong' | 'unknown', number[]> = { wrong: [], unknown: [] };
    for (let round = 0; round < 8; ++round) {
      await register(`dora-${round}`);
      for (const [kind, name] of [
        ['wrong', `dora-${round}`],
        ['unknown', `nobody-${round}`],
      ] as const) {
        const begin = performance.now();
        expect((await login(name, 'not the password')).status).toBe(401);
        times[kind].push(performance.now() - begin);
      }
    }
    // The fastest of each has the least of the machine's own noise in it; a hash left out would be several times less.
    const [wrong, unknown] = [Math.min(...times.wrong), Math.min(...times.unknown)];
    expect(wrong / unknown).toBeGreaterThan(0.6);
    expect(wrong / unknown).toBeLessThan(1.6);
  });

  test('too often is told to wait, and the account stays open to others', async () => {
    await register('erin');
    const answers = [];
    for (let i = 0; i < 11; ++i) answers.push(await login('erin', `guess ${i}`));
    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(401), 429]);
    const retryAfter = Number(answers.at(-1)!.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(90);
    expect((await login('erin')).status).toBe(429); // right, but from where the guesses come
    expect((await login('bob')).status).toBe(200);
  });
});
