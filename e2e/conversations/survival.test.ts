import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Executable, executables } from '../harness/executable.ts';
import { configuration, keys } from '../harness/gateway.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';
import { Client, words, type Generation, type UsageRow } from './client.ts';

let provider: ScriptedProvider;
let directory: string;
let process_: Executable;
let url: string;
let alice: Client;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
});
afterAll(async () => {
  await provider?.stop();
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  await start();
});
afterEach(async () => {
  process_.child.kill('SIGKILL');
  await process_.ended;
  await rm(directory, { recursive: true, force: true });
});

/** A process on the folder of this test; `limits` is what a shell says before it. */
async function start(limits = ''): Promise<void> {
  const file = join(directory, 'sluice.yaml');
  const settings = configuration({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
    default_model: 'scripted',
  });
  await writeFile(file, stringify(settings));
  const command = `${limits} exec "$0" serve --listen 127.0.0.1:0 --config "$1"`;
  process_ = new Executable('/bin/bash', ['-c', command, executables.sluice, file], { cwd: directory });
  [, url] = (await process_.line(/^ready (http:\/\/\S+)$/)) as unknown as [string, string];
  alice = new Client({ url });
}

async function kill(): Promise<void> {
  process_.child.kill('SIGKILL');
  await process_.ended;
}

const connect = (): Promise<ChatSocket> =>
  ChatSocket.connectFull(`${url.replace(/^http/, 'ws')}/chat`, { bearer: keys.alice });

const usage = async (): Promise<UsageRow[]> => (await alice.get<{ usage: UsageRow[] }>('/v1/usage')).usage;

test('an answer that has ended is resumed from the record after a restart', async () => {
  const chat = await connect();
  chat.send({ type: 'chat', id: 'a', payload: { content: 'question', conversation_id: 'new' } });
  const begun = await chat.first('started', 'a');
  const call = await provider.call();
  call.reasoning('hm').text('one').text(' two').finish('stop', { prompt_tokens: 3, completion_tokens: 2 });
  const { end } = await chat.answer('a');
  const seq = end.type === 'done' ? end.seq! : 0;
  await kill();
  await start();

  const again = await connect();
  const generation_id = begun.generation_id!;
  for (const [id, after] of [
    ['b', 0],
    ['c', 2],
    ['d', seq],
  ] as const) {
    again.send({ type: 'resume', id, payload: { generation_id, after } });
    expect((await again.first('started', id)).payload).toEqual(begun.payload);
    expect((await again.first('rewind', id)).payload.keep).toEqual({ text: 0, reasoning: 0, tool_calls: [] });
    const { text, reasoning, deltas, end: done } = await again.answer(id);
    expect({ text, reasoning }).toEqual({ text: 'one two', reasoning: 'hm' });
    expect(deltas).toHaveLength(2);
    expect(deltas.every((delta) => delta.seq! > seq)).toBe(true);
    expect(done.payload).toEqual(end.payload);
  }
  again.send({ type: 'resume', id: 'e', payload: { generation_id, after: 1_000_000 } });
  expect((await again.first('error', 'e')).payload.code).toBe(400);
  await again.close();
});

test('killed in mid-answer: the question is there, the answer is interrupted, usage is recorded once', async () => {
  const chat = await connect();
  chat.send({ type: 'chat', id: 'a', payload: { content: 'question', conversation_id: 'new' } });
  const { payload, generation_id } = await chat.first('started', 'a');
  const half = await provider.call();
  for (const word of ['this', ' is', ' half', ' of', ' it']) half.text(word);
  await expect.poll(async () => (await chat.deltas(1, 'a')).at(-1)!.seq).toBe(5);
  for (let restarts = 0; restarts < 2; ++restarts) {
    await kill();
    await start();
    const tree = await alice.conversation(payload.conversation_id!);
    expect(tree.live_generation_id).toBeNull();
    expect(tree.messages.map(({ role, status }) => [role, status])).toEqual([
      ['user', 'completed'],
      ['assistant', 'interrupted'],
    ]);
    expect(words(tree.messages[0]!)).toBe('question');
    expect(await usage()).toMatchObject([{ requests: 1, failed: 1 }]);
  }
  expect(await alice.get<Generation>(`/v1/generations/${generation_id}`)).toMatchObject({ status: 'interrupted' });

  const again = await connect();
  for (const after of [0, 1, 5]) {
    const id = `b${after}`;
    again.send({ type: 'resume', id, payload: { generation_id: generation_id!, after } });
    const rewind = await again.first('rewind', id);
    expect(rewind.seq).toBeGreaterThan(after);
    expect(rewind.payload.keep).toEqual({ text: 0, reasoning: 0, tool_calls: [] });
    expect((await again.answer(id)).end).toMatchObject({ type: 'done', payload: { status: 'failed' } });
  }
  again.send({ type: 'chat', id: 'c', payload: { content: 'again', conversation_id: payload.conversation_id! } });
  const call = await provider.call();
  expect(call.request.messages.map(({ content }) => content)).toEqual(['question', 'again']);
  call.text('whole').finish();
  expect((await again.answer('c')).text).toBe('whole');
  await again.close();
});

test('the database locked by another process: answers go on and end, their records follow', async () => {
  const chat = await connect();
  const conversations: string[] = [];
  const calls = [];
  for (let i = 0; i < 8; ++i) {
    chat.send({ type: 'chat', id: `a${i}`, payload: { content: `question ${i}`, conversation_id: 'new' } });
    conversations.push((await chat.first('started', `a${i}`)).payload.conversation_id!);
    calls.push(await provider.call());
  }
  const holder = spawn('sqlite3', [join(directory, 'data', 'sluice.db')]);
  const held = new Promise<void>((resolve) => holder.stdout.once('data', () => resolve()));
  holder.stdin.write('BEGIN IMMEDIATE;\nSELECT 1;\n');
  await held;
  for (const call of calls) call.text('still ').text('here').finish('stop', { prompt_tokens: 1, completion_tokens: 2 });
  for (let i = 0; i < 8; ++i) {
    const { text, end } = await chat.answer(`a${i}`);
    expect(text).toBe('still here');
    expect(end).toMatchObject({ type: 'done', payload: { status: 'completed' } });
  }
  // Not stored yet, and yet there.
  expect((await alice.conversation(conversations[0]!)).messages[1]!.status).toBe('completed');
  // The lock is held for longer than a write waits for it: a new chat cannot be stored, and says so.
  chat.send({ type: 'chat', id: 'b', payload: { content: 'late', conversation_id: 'new' } });
  expect((await chat.first('error', 'b', 20_000)).payload.code).toBe(503);
  const readiness = async (): Promise<unknown> => (await fetch(`${url}/readyz`)).json();
  await expect.poll(readiness, { timeout: 10_000 }).toMatchObject({ status: 'not ready' });
  expect(await readiness()).toMatchObject({ checks: { serving: 'ok', database: expect.not.stringMatching(/^ok$/) } });
  holder.stdin.end('ROLLBACK;\n');
  await expect.poll(async () => (await usage())[0]?.requests, { timeout: 15_000 }).toBe(8);
  await expect.poll(readiness, { timeout: 10_000 }).toEqual({
    status: 'ready',
    checks: { serving: 'ok', database: 'ok', disk: 'ok', records: 'ok' },
  });
  for (const id of conversations) {
    const tree = await alice.conversation(id);
    expect(tree.messages.map(words)).toEqual([`question ${conversations.indexOf(id)}`, 'still here']);
    expect(tree.messages[1]!.status).toBe('completed');
  }
  await chat.close();
}, 40_000);

test('no room left: who is being answered is answered, nothing is damaged or lost', async () => {
  await kill();
  // No file may grow past this: to the process the same as a full disk.
  await start('ulimit -S -f 700;');
  const chat = await connect();
  const conversations: string[] = [];
  let refused = 0;
  for (let i = 0; i < 40 && refused === 0; ++i) {
    const id = `a${i}`;
    chat.send({ type: 'chat', id, payload: { content: `${i} ${'x'.repeat(50_000)}`, conversation_id: 'new' } });
    const first = await Promise.race([
      chat.first('started', id).then(({ payload }) => payload.conversation_id!),
      chat.first('error', id).then(({ payload }) => payload.code),
    ]);
    if (typeof first === 'number') {
      expect(first).toBe(503);
      ++refused;
      continue;
    }
    const call = await provider.call();
    call.text('y'.repeat(1000)).finish();
    const { end } = await chat.answer(id);
    expect(end).toMatchObject({ payload: { status: 'completed' } });
    conversations.push(first);
  }
  expect(refused).toBe(1);
  expect(conversations.length).toBeGreaterThan(0);
  await kill();
  await start();
  for (const id of conversations) {
    const tree = await alice.conversation(id);
    expect(words(tree.messages[0]!)).toMatch(/^\d+ x{50000}$/);
    expect(['completed', 'interrupted']).toContain(tree.messages[1]!.status);
  }
  expect((await usage())[0]!.requests).toBe(conversations.length);
}, 60_000);
