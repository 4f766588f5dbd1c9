import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { executables, run } from '../harness/executable.ts';

// `sluice chat` at the mercy of a server that is not Sluice, or of a model that was talked into something.
const { sluice } = executables;
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Says hello, then answers the first message with `frames`, as they are. */
async function serverThatSays(frames: (string | Buffer)[]): Promise<string> {
  server = createServer((_, reply) => reply.end('welcome to nginx'));
  new WebSocketServer({ server, handleProtocols: () => 'sluice.v1' }).on('connection', (socket) => {
    socket.on('error', () => {});
    socket.once('message', () => frames.forEach((frame) => socket.send(frame)));
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const frame = (type: unknown, payload?: unknown, more: object = {}): string =>
  JSON.stringify({ type, id: 'chat', payload, ...more });
const done = frame('done', { status: 'completed', finish_reason: 'stop' });
const ask = (url: string) => run(sluice, ['chat', '--url', url, '--token', 'x', 'Hi']);

describe('frames that are none', () => {
  const fields = (value: unknown) => ({ content: value, type: value, status: value, error: value, message: value });

  test.each(['chat', 'done', 'error', 'started', 'rewind'])(
    '%s with anything in it: an exit code and words',
    async (type) => {
      const odd = [
        [frame(type)],
        [frame(type, 7)],
        [frame(type, [1])],
        [frame(type, {}), frame(type, fields(null))],
        [frame(type, fields({ a: 1 }))],
        [-1, 1e300, 'x', {}].map((value) => frame(type, {}, { seq: value, generation_id: value })),
      ];
      for (const frames of odd) {
        const { code, stderr } = await ask(await serverThatSays([...frames, done]));
        expect([0, 69], `${frames.join()}: ${stderr}`).toContain(code);
        if (code === 69) expect(stderr, frames.join()).not.toBe('');
        server!.closeAllConnections();
        server!.close();
      }
    },
  );

  test('what is no frame at all ends it: 69', async () => {
    for (const one of ['', '{', '[]', '{"type":7}', '{}', Buffer.from([0, 1, 2])]) {
      const { code, stderr } = await ask(await serverThatSays([one]));
      expect(code, String(one)).toBe(69);
      expect(stderr).toMatch(/^sluice chat: ./);
      server!.closeAllConnections();
      server!.close();
    }
  });
});

describe('what a model writes', () => {
  const text = 'a\u001b]0;owned\u0007bc\u009b31m\u202Ed';
  const said = [frame('chat', { content: text, type: 'text', model: 'm' }), done];

  test('comes into a pipe as it is', async () => {
    const { code, stdout } = await ask(await serverThatSays(said));
    expect(code).toBe(0);
    expect(stdout.trimEnd()).toBe(text);
  });

  test('ends its line before anything else is said', async () => {
    const words = frame('chat', { content: 'half an ans', type: 'text', model: 'm' });
    const url = await serverThatSays([words, frame('error', { message: 'broken' })]);
    const command = `'${sluice}' chat --url ${url} --token x Hi`;
    const { code, stdout } = await run('script', ['--quiet', '--return', '--command', command, '/dev/null']);
    expect(code).toBe(69);
    expect(stdout.split(/\r?\n/)).toEqual(['half an ans', 'sluice chat: broken']);
  });

  test('cannot command a terminal', async () => {
    const command = `'${sluice}' chat --url ${await serverThatSays(said)} --token x Hi`;
    const { code, stdout } = await run('script', ['--quiet', '--return', '--command', command, '/dev/null']);
    expect(code).toBe(0);
    expect(stdout.trimEnd()).toBe('a\uFFFD]0;owned\uFFFDbc\uFFFD31m\uFFFDd');
  });

  test('nor can what a server says on standard error', async () => {
    const { stderr } = await ask(await serverThatSays([frame('error', { message: 'a\u001b[2Jb\nc' })]));
    expect(stderr).toBe('sluice chat: a\uFFFD[2Jb c\n');
  });
});

test('a message without words is none', async () => {
  for (const message of ['', ' \t']) {
    const { code, stderr } = await run(sluice, ['chat', '--url', 'http://127.0.0.1:1', message]);
    expect(code).toBe(2);
    expect(stderr).toContain('empty');
  }
});

test('healthcheck does not take another server for Sluice', async () => {
  const { code, stderr } = await run(sluice, ['healthcheck', '--url', await serverThatSays([])]);
  expect(code).toBe(69);
  expect(stderr).toContain('is not Sluice');
});
