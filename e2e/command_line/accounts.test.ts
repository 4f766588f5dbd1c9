import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { executables, run } from '../harness/executable.ts';
import { within } from '../harness/deadline.ts';
import { Gateway } from '../harness/gateway.ts';

const password = 'korrekt pferd 7 Batterie';

/** `sluice …` on the data of a folder. */
const sluice = (data: string, args: string[], input = '') =>
  run(executables.sluice, [...args, '--data', data], { input });

describe('sluice user and key, without a server', () => {
  let data: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  });
  afterAll(async () => {
    await rm(data, { recursive: true, force: true });
  });

  test('accounts are made, listed and changed', async () => {
    expect(await sluice(data, ['user', 'add', 'alice', '--role', 'admin'], password)).toMatchObject({ code: 0 });
    expect(await sluice(data, ['user', 'add', 'Jörg'], `${password}\n`)).toMatchObject({ code: 0 });
    const listed = await sluice(data, ['user', 'list', '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { username: 'alice', role: 'admin', disabled: false },
      { username: 'Jörg', role: 'user', disabled: false },
    ]);
    expect(await sluice(data, ['user', 'disable', 'jörg'])).toMatchObject({ code: 0, stdout: 'Jörg is disabled' });
    expect((await sluice(data, ['user', 'list'])).stdout).toMatch(/Jörg +user +disabled/);
  });

  test.each([
    ['a name that looks the same', ['user', 'add', 'a1ice'], password, /taken/],
    ['a name of mixed scripts', ['user', 'add', '\u0430lice'], password, /scripts/],
    ['a name of 10,000 characters', ['user', 'add', 'a'.repeat(10_000)], password, /too long/],
    ['a weak password', ['user', 'add', 'bob'], 'password123', /guess/],
    ['a password with NUL', ['user', 'add', 'bob'], 'korrekt\0pferd', /control/],
    ['a huge password', ['user', 'add', 'bob'], 'ab'.repeat(500_000), /too long/],
    ['no password', ['user', 'add', 'bob'], '', /first line/],
    ['an unknown user', ['user', 'passwd', 'nobody'], password, /no user/],
    ['an unknown role', ['user', 'role', 'alice', 'king'], '', /king/],
    ['the last admin', ['user', 'disable', 'alice'], '', /last admin/],
    ['a key without a name', ['key', 'create', 'alice', ''], '', /empty/],
    ['an unknown key', ['key', 'revoke', 'key_01KG0000000000000000000000'], '', /no such key/],
    ['a password as an argument', ['user', 'add', 'bob', password], '', /help/i],
  ])('%s is refused: 2, and why', async (_, args, input, why) => {
    const { code, stdout, stderr } = await sluice(data, args, input);
    expect(stdout + stderr).toMatch(why);
    expect(code).toBe(2);
  });
});

describe('beside a server', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start();
  });
  afterAll(() => gateway.stop());

  const status = async (key: string): Promise<number> =>
    (await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;

  /** The server hears of what another process did within about a second. */
  const untilRefused = async (key: string): Promise<void> => {
    while ((await status(key)) !== 401);
  };

  test('the first start has made an admin, and says so once', async () => {
    const shown = [...gateway.said.matchAll(/first account is admin with the password (\S+)/g)];
    expect(shown).toHaveLength(1);
    expect(shown[0]![1]).toMatch(/^[2-9a-z]{24}$/);
    const { stdout } = await gateway.command(['user', 'list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ username: 'admin', role: 'admin', disabled: false }]);
  });

  test('a key works at once, and no more within two seconds of its end', async () => {
    await gateway.command(['user', 'add', 'carol'], password);
    const made = await gateway.command(['key', 'create', 'carol', 'laptop']);
    expect(made.stdout).toMatch(/^sk-slc-\w{49}$/);
    expect(await status(made.stdout)).toBe(200);
    const listed = await gateway.command(['key', 'list', 'carol', '--json']);
    const [key] = JSON.parse(listed.stdout) as { id: string; name: string; prefix: string }[];
    expect(key).toMatchObject({ name: 'laptop', prefix: made.stdout.slice(0, 13) });
    expect(await gateway.command(['key', 'revoke', key!.id])).toMatchObject({ code: 0 });
    await within('the key to be refused', untilRefused(made.stdout), 2_000);
  });

  test('who is disabled is out, and in again when enabled', async () => {
    await gateway.command(['user', 'add', 'dave'], password);
    const { stdout: key } = await gateway.command(['key', 'create', 'dave', 'k']);
    expect(await status(key)).toBe(200);
    expect(await gateway.command(['user', 'disable', 'dave'])).toMatchObject({ code: 0 });
    await within('the key to be refused', untilRefused(key), 2_000);
    expect(await gateway.command(['user', 'enable', 'dave'])).toMatchObject({ code: 0 });
    expect(await status(key)).toBe(200);
  });
});
