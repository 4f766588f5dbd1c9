import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Accounts, password, type Reply } from '../harness/accounts.ts';
import { Gateway } from '../harness/gateway.ts';

let gateway: Gateway;
let accounts: Accounts;
beforeAll(async () => {
  gateway = await Gateway.start();
  accounts = new Accounts(gateway);
});
afterAll(() => gateway?.stop());

const register = (username: string) => accounts.post('/register', { username, password });
const login = (username: string, given = password) => accounts.post('/login', { username, password: given });
const refresh = (refresh_token: string) => accounts.post('/v1/auth/refresh', { refresh_token });
const statusOf = async (bearer: string): Promise<number> => (await accounts.call('/v1/me', { bearer })).status;

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
    const said = ({ body }: Reply<any>): unknown => ({ ...body.error, request_id: '' });
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
