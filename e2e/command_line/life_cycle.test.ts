import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { within } from '../harness/deadline.ts';
import { Executable, executables } from '../harness/executable.ts';
import { Gateway } from '../harness/gateway.ts';
import { mockText } from '../harness/mock_answer.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

test('started without a file it accepts token 123, with a warning, and answers within a second', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  const begin = performance.now();
  const server = new Executable(executables.sluice, ['serve', '--listen', '127.0.0.1:0'], { cwd: directory });
  try {
    const [, url] = await server.line(/^ready (http:\/\/\S+)$/);
    const ready = performance.now() - begin;
    const chat = await ChatSocket.connect(`${url!.replace('http', 'ws')}/chat?token=123`, { bearer: '' });
    chat.send({ type: 'chat', payload: { content: 'Hello AI' } });
    await chat.deltas(1);
    const answered = performance.now() - begin;
    console.log(`ready after ${ready.toFixed(0)} ms, first delta of an answer after ${answered.toFixed(0)} ms`);
    expect(answered).toBeLessThan(1_000); // the goal is 150 ms; machines that run tests are busy
    expect((await chat.answer()).text).toBe(mockText('Hello AI'));
    expect(server.stderr).toMatch(/123|insecure/i);
    await chat.close();
  } finally {
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    await rm(directory, { recursive: true, force: true });
  }
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s: sockets are told 1001, and it ends with 0', async (how) => {
  const gateway = await Gateway.start();
  const idle = await ChatSocket.connect(gateway.chatUrl);
  const full = await ChatSocket.connectFull(gateway.chatUrl);
  const ended = gateway.executable.stop(how);
  expect((await full.first('notice')).payload).toMatchObject({ kind: 'draining', within_s: 30 });
  expect((await within('the close of the idle socket', idle.closed)).code).toBe(1001);
  expect((await within('the close of the full socket', full.closed)).code).toBe(1001);
  expect(await ended).toEqual({ code: 0, signal: null });
});

test('while it drains, an answer that is being written is finished', async () => {
  const provider = await ScriptedProvider.start();
  const gateway = await Gateway.start({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
  });
  const chat = await ChatSocket.connectFull(gateway.chatUrl);
  chat.send({ type: 'chat', id: 'a', payload: { content: 'x', model: 'scripted' } });
  const call = await provider.call();
  call.text('begun');
  await chat.deltas(1, 'a');
  const ended = gateway.executable.stop();
  await chat.first('notice');
  call.text(', and ended').finish();
  const answer = await chat.answer('a');
  expect(answer).toMatchObject({ text: 'begun, and ended', end: { payload: { status: 'completed' } } });
  expect(await ended).toEqual({ code: 0, signal: null });
  await provider.stop();
});

test('a second signal stops it at once', async () => {
  const provider = await ScriptedProvider.start();
  const gateway = await Gateway.start({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
  });
  const chat = await ChatSocket.connectFull(gateway.chatUrl);
  chat.send({ type: 'chat', id: 'a', payload: { content: 'x', model: 'scripted' } });
  await provider.call(); // which is never answered
  gateway.executable.child.kill('SIGTERM');
  await chat.first('notice');
  const begin = performance.now();
  await gateway.executable.stop('SIGTERM');
  expect(performance.now() - begin).toBeLessThan(2_000);
  await provider.stop();
});
