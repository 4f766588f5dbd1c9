import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { depthOf, writeJson } from '../src/request_text.ts';
import { ScriptedGeneration, Stage } from './scripted_server.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Arrays in arrays, so many levels. */
const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

test('what is written is JSON that strict parsers take, and else as JSON.stringify writes it', () => {
  expect(writeJson({ 'a\ud800': 'x\udfff\ud83dy' })).toBe('{"a\ufffd":"x\ufffd\ufffdy"}');
  const whole = { pair: '👋', escapes: '"\\ud800\\\\\n\u0001', list: [1, null, true] };
  expect(writeJson(whole)).toBe(JSON.stringify(whole));
});

test('depth is counted outside of strings', () => {
  expect(
    [{}, { a: [] }, '[[[', { 'a"[': '\\"[[', b: [[1], [2]] }].map((value) => depthOf(JSON.stringify(value))),
  ).toEqual([1, 2, 0, 3]);
});

describe('a message that is longer than the server takes', () => {
  const around = '{"type":"chat","id":"r1","payload":{"idempotency_key":"kkkkkkkkkkkkkkkk","content":""}}'.length;
  const request = (content: string) => ({ content, idempotency_key: 'k'.repeat(16) });

  test.each([
    ['x', 1],
    ['é', 2],
    ['€', 3],
    ['👋', 4],
  ])('is refused before it is sent, counted in bytes: %s', async (character, bytes) => {
    const stage = new Stage();
    const socket = await stage.opened({ message_bytes: around + 40 * bytes });
    stage.client.chat(request(character.repeat(40)));
    expect(socket.count('chat')).toBe(1);
    const answer = stage.client.chat(request(character.repeat(41)));
    expect(socket.count('chat')).toBe(1);
    expect(answer.state).toBe('refused');
    await expect(answer.done).rejects.toMatchObject({ code: 413, type: 'too_large' });
  });

  test('is refused as soon as the server has told what it takes', async () => {
    const stage = new Stage();
    const answer = stage.client.chat({ content: 'x'.repeat(2000) });
    const other = stage.client.chat({ content: 'short' });
    await stage.opened({ message_bytes: 1024 });
    expect(stage.socket.sent.map(({ payload }) => payload)).toMatchObject([{ content: 'short' }]);
    await expect(answer.done).rejects.toMatchObject({ code: 413 });
    expect(stage.client.live).toEqual([other]);
  });

  test('and closes the socket ends alone, is not sent again, and the others go on', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    const live = stage.client.chat({ content: 'live' });
    const generation = new ScriptedGeneration();
    socket.says(generation.started(socket.last('chat')));
    const short = stage.client.chat({ content: 'short' });
    const long = stage.client.chat({ content: 'x'.repeat(2000) });
    const next = await stage.reconnected(1009);
    await expect(long.done).rejects.toMatchObject({ code: 413, type: 'too_large' });
    expect(next.count('chat')).toBe(1);
    expect(next.last('chat').payload).toMatchObject({ content: 'short' });
    expect(next.last('resume').payload).toMatchObject({ generation_id: 'gen_1' });
    expect(stage.client.live).toEqual([live, short]);
  });

  test('has nothing to do with a socket that is closed so while nothing waits for an answer', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    const live = stage.client.chat({ content: 'live' });
    socket.says(new ScriptedGeneration().started(socket.last('chat')));
    const next = await stage.reconnected(1009);
    expect(next.count('resume')).toBe(1);
    expect(stage.client.live).toEqual([live]);
  });
});

describe('a request that no server can read', () => {
  test('is refused where it nests deeper than the server takes', async () => {
    const stage = new Stage();
    const socket = await stage.opened({ json_depth: 8 });
    const metadata = { a: nested(5) }; // in the frame, the payload, and itself
    stage.client.chat({ content: 'x', metadata });
    expect(depthOf(JSON.stringify(socket.last('chat')))).toBe(8);
    const answer = stage.client.chat({ content: 'x', metadata: { a: nested(6) } });
    expect(socket.count('chat')).toBe(1);
    await expect(answer.done).rejects.toMatchObject({ code: 400, type: 'invalid_argument' });
  });

  test('for it is no JSON is refused at once', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    for (const metadata of [cycle, { n: 1n }]) {
      await expect(stage.client.chat({ content: 'x', metadata }).done).rejects.toMatchObject({ code: 400 });
    }
    expect(socket.sent).toEqual([]);
    expect(stage.client.live).toEqual([]);
  });

  test('ends with an error that names nobody, if it alone is not answered', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    const errors: unknown[] = [];
    stage.client.on('error', (problem) => errors.push(problem));
    const problem = { code: 400, type: 'invalid_argument', message: 'this is not JSON' };
    const [first, second] = [stage.client.chat({ content: 'first' }), stage.client.chat({ content: 'second' })];
    const asked = socket.sent.find(({ payload }) => (payload as { content?: string }).content === 'first')!;
    socket.says({ type: 'error', payload: problem });
    expect(errors).toEqual([problem]); // which of them is not said
    socket.says(new ScriptedGeneration().started(asked));
    socket.says({ type: 'error', payload: problem });
    expect(errors).toHaveLength(1);
    await expect(second.done).rejects.toMatchObject({ code: 400, message: problem.message });
    expect(stage.client.live).toEqual([first]);
    socket.says({ type: 'error', payload: { code: 429, message: 'too many frames' } });
    expect(errors).toHaveLength(2);
  });
});
