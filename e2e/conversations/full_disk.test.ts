import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Executable, executables } from '../harness/executable.ts';
import { configuration, keys } from '../harness/gateway.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';
import { Client, words, type UsageRow } from './client.ts';

// A disk of its own for the data, and that is really full. Where no file system may be mounted there is nothing to see.
const unshare = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
const enter = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--user', '--preserve-credentials'];
const mountable = spawnSync('unshare', [...unshare, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

let provider: ScriptedProvider;
let directory: string;
let disk: Executable;
let server: Executable | undefined;
let url: string;
let alice: Client;

/** Seen from outside of the namespace in which it is mounted. */
const onDisk = (name: string): string => `/proc/${disk.child.pid}/root${join(directory, 'data', name)}`;

function fillDisk(): void {
  const file = openSync(onDisk('ballast'), 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  } finally {
    closeSync(file);
  }
}

async function start(): Promise<void> {
  const args = ['--target', `${disk.child.pid}`, ...enter, `--wdns=${directory}`, '--'];
  const serve = [executables.sluice, 'serve', '--listen', '127.0.0.1:0', '--config', join(directory, 'sluice.yaml')];
  server = new Executable('nsenter', [...args, ...serve]);
  [, url] = (await server.line(/^ready (http:\/\/\S+)$/)) as unknown as [string, string];
  alice = new Client({ url });
}

beforeAll(async () => {
  provider = await ScriptedProvider.start();
});
afterAll(async () => {
  await provider?.stop();
});
beforeEach(async () => {
  if (!mountable) return;
  directory = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  await mkdir(join(directory, 'data'));
  const settings = configuration({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
    default_model: 'scripted',
  });
  await writeFile(join(directory, 'sluice.yaml'), stringify(settings));
  const mount = 'mount -t tmpfs -o size=32m,mode=0700 none "$0" && echo mounted && exec sleep infinity';
  disk = new Executable('unshare', [...unshare, 'bash', '-c', mount, join(directory, 'data')]);
  await disk.line(/^mounted$/);
  await start();
});
afterEach(async () => {
  if (!mountable) return;
  for (const one of [server, disk]) {
    one?.child.kill('SIGKILL');
    await one?.ended;
  }
  await rm(directory, { recursive: true, force: true });
});

async function readiness(): Promise<{ code: number; checks: Record<string, string> }> {
  const response = await fetch(`${url}/readyz`);
  return { code: response.status, checks: ((await response.json()) as { checks: Record<string, string> }).checks };
}
const ready = { code: 200, checks: { serving: 'ok', database: 'ok', disk: 'ok', records: 'ok' } };

test.skipIf(!mountable)(
  'a full disk: answers end and are there after an ordinary stop; /readyz says it and recovers',
  { timeout: 60_000 },
  async () => {
    await expect.poll(readiness, { timeout: 10_000 }).toEqual(ready);
    const chat = await ChatSocket.connectFull(`${url.replace(/^http/, 'ws')}/chat`, { bearer: keys.alice });
    const answers = [];
    for (let i = 0; i < 4; ++i) {
      chat.send({ type: 'chat', id: `a${i}`, payload: { content: `question ${i}`, conversation_id: 'new' } });
      const conversation = (await chat.first('started', `a${i}`)).payload.conversation_id!;
      answers.push({ id: `a${i}`, conversation, call: await provider.call(), text: `${i}`.repeat(100_000) });
    }
    fillDisk();
    await expect
      .poll(readiness, { timeout: 10_000 })
      .toMatchObject({ code: 503, checks: { disk: expect.stringMatching(/is full/), records: 'ok' } });
    for (const { id, call, text } of answers) {
      call.text(text).finish('stop', { prompt_tokens: 1, completion_tokens: 2 });
      expect((await chat.answer(id)).end).toMatchObject({ type: 'done', payload: { status: 'completed' } });
    }
    expect(await server!.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(server!.stderr).not.toContain('lost');

    await rm(onDisk('ballast'));
    await start();
    for (const { conversation, text } of answers) {
      const tree = await alice.conversation(conversation);
      expect(tree.messages[1]!.status).toBe('completed');
      expect(words(tree.messages[1]!)).toBe(text);
    }
    expect((await alice.get<{ usage: UsageRow[] }>('/v1/usage')).usage[0]!.requests).toBe(answers.length);

    await expect.poll(readiness, { timeout: 10_000 }).toEqual(ready);
    fillDisk();
    await expect.poll(readiness, { timeout: 10_000 }).toMatchObject({ code: 503 });
    await rm(onDisk('ballast'));
    await expect.poll(readiness, { timeout: 10_000 }).toEqual(ready);
  },
);
