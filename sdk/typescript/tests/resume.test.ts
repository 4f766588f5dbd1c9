import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ScriptedGeneration, Stage } from './scripted_server.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function streaming(stage: Stage) {
  const socket = await stage.opened();
  const answer = stage.client.chat({ content: 'Hello' });
  const asked = socket.last('chat');
  const generation = new ScriptedGeneration();
  socket.says(generation.started(asked));
  socket.says(generation.text(asked, 'one '));
  return { answer, generation };
}

describe('a live answer', () => {
  test('goes on behind the last number that was seen, over any number of broken lines', async () => {
    const stage = new Stage();
    const { answer, generation } = await streaming(stage);
    for (const word of ['two ', 'three ', 'four']) {
      const socket = await stage.reconnected();
      const resumed = socket.last('resume');
      expect(resumed.payload).toEqual({ generation_id: 'gen_1', after: generation.seq });
      socket.says(generation.started(resumed));
      socket.says(generation.text(resumed, word));
    }
    stage.socket.says(generation.done(stage.socket.last('resume')));
    expect(answer.text).toBe('one two three four');
    await expect(answer.done).resolves.toMatchObject({ status: 'completed' });
    await stage.reconnected();
    expect(stage.socket.count('resume')).toBe(0);
    expect(stage.client.live).toEqual([]);
  });

  test('takes the stored message where the log is gone, whatever its numbers', async () => {
    const stage = new Stage();
    const { answer } = await streaming(stage);
    const socket = await stage.reconnected();
    const resumed = socket.last('resume');
    const stored = new ScriptedGeneration('gen_1', 0);
    socket.says(stored.started(resumed));
    socket.says(stored.rewind(resumed, 0));
    socket.says(stored.text(resumed, 'the whole'));
    socket.says(stored.done(resumed));
    expect(answer.text).toBe('the whole');
    expect(answer.state).toBe('done');
  });

  test.each([
    ['failed', '', 'one '],
    ['failed', 'on', 'one '],
    ['failed', 'two', undefined],
    ['failed', 'one two', undefined],
    ['completed', 'on', undefined],
  ])('that is stored as %s with "%s" has lost %o', async (status, content, lost) => {
    const stage = new Stage();
    const { answer } = await streaming(stage);
    const socket = await stage.reconnected();
    const resumed = socket.last('resume');
    const stored = new ScriptedGeneration('gen_1', 0);
    socket.says(stored.started(resumed));
    socket.says(stored.rewind(resumed, 0));
    if (content !== '') socket.says(stored.text(resumed, content));
    expect(answer.lost).toBeUndefined();
    socket.says(stored.done(resumed, status));
    expect(answer.text).toBe(content);
    expect(answer.lost).toEqual(lost === undefined ? undefined : { text: lost, reasoning: '' });
  });

  test('begins anew when the server says that it never was so far', async () => {
    const stage = new Stage();
    const { answer } = await streaming(stage);
    const socket = await stage.reconnected();
    socket.says({ type: 'error', id: socket.last('resume').id, payload: { code: 400, message: 'beyond the end' } });
    expect(socket.last('resume').payload).toEqual({ generation_id: 'gen_1', after: 0 });
    const again = new ScriptedGeneration();
    socket.says(again.started(socket.last('resume')));
    socket.says(again.text(socket.last('resume'), 'anew'));
    expect(answer.text).toBe('anew');
  });

  test('that is unknown by now is refused, and a bad moment is waited out', async () => {
    const stage = new Stage();
    const { answer } = await streaming(stage);
    const socket = await stage.reconnected();
    const busy = { code: 429, message: 'busy', retry_after: 2 };
    socket.says({ type: 'error', id: socket.last('resume').id, payload: busy });
    await stage.pass(2499);
    expect(socket.count('resume')).toBe(1);
    await stage.pass(1);
    expect(socket.count('resume')).toBe(2);
    socket.says({ type: 'error', id: socket.last('resume').id, payload: { code: 404, message: 'unknown' } });
    await expect(answer.done).rejects.toMatchObject({ code: 404 });
    expect(answer.text).toBe('one '); // what was seen was seen
  });

  test('that was asked to stop while the line was broken is stopped on the next', async () => {
    const stage = new Stage();
    const { answer, generation } = await streaming(stage);
    stage.socket.breaks();
    answer.cancel();
    await stage.pass(500);
    stage.socket.hello();
    stage.socket.says(generation.started(stage.socket.last('resume')));
    expect(stage.socket.last('cancel').payload).toEqual({ generation_id: 'gen_1' });
  });

  test('is taken up from elsewhere by its id, once however often it is asked for', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    const answer = stage.client.resume('gen_9');
    expect(stage.client.resume('gen_9')).toBe(answer);
    expect(socket.last('resume').payload).toEqual({ generation_id: 'gen_9', after: 0 });
    expect(socket.count('resume')).toBe(1);
  });
});

describe('a request whose `started` never came', () => {
  async function lost() {
    const stage = new Stage();
    const socket = await stage.opened();
    const answer = stage.client.chat({ content: 'Hello' });
    const { payload } = socket.last('chat');
    await stage.reconnected();
    return { stage, answer, payload };
  }

  test('is sent again under the same key', async () => {
    const { stage, answer, payload } = await lost();
    expect(payload).toMatchObject({ content: 'Hello', idempotency_key: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(stage.socket.last('chat').payload).toEqual(payload);
    expect(stage.socket.count('chat')).toBe(1);
    const generation = new ScriptedGeneration();
    stage.socket.says(generation.started(stage.socket.last('chat')));
    stage.socket.says(generation.done(stage.socket.last('chat')));
    await expect(answer.done).resolves.toMatchObject({ status: 'completed' });
  });

  test('waits out a bad moment, for it may have begun', async () => {
    const { stage, answer, payload } = await lost();
    const busy = { code: 503, message: 'busy', retry_after: 2 };
    stage.socket.says({ type: 'error', id: stage.socket.last('chat').id, payload: busy });
    await stage.pass(2500);
    expect(stage.socket.count('chat')).toBe(2);
    expect(stage.socket.last('chat').payload).toEqual(payload);
    stage.socket.says({ type: 'error', id: stage.socket.last('chat').id, payload: { code: 404, message: 'gone' } });
    await expect(answer.done).rejects.toMatchObject({ code: 404 });
  });

  test.each(['before', 'after'])(
    'and that was asked to stop %s the break is over, and not sent again',
    async (when) => {
      const stage = new Stage();
      await stage.opened();
      const answer = stage.client.chat({ content: 'Hello' });
      if (when === 'before') answer.cancel();
      stage.socket.breaks();
      answer.cancel();
      await expect(answer.done).resolves.toMatchObject({ status: 'cancelled' });
      await stage.pass(500);
      stage.socket.hello();
      expect(stage.socket.sent).toEqual([]);
    },
  );

  test('is not changed by what its caller does with its object', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    const request = { content: 'Hello', metadata: { a: 1 }, idempotency_key: 'k'.repeat(16) };
    stage.client.chat(request);
    request.metadata.a = 2;
    await stage.reconnected();
    expect(stage.socket.last('chat').payload).toEqual(socket.last('chat').payload);
    expect(stage.socket.last('chat').payload).toMatchObject({ metadata: { a: 1 }, idempotency_key: 'k'.repeat(16) });
  });
});

test('a request that is refused at its first attempt is refused', async () => {
  const stage = new Stage();
  const socket = await stage.opened();
  const answer = stage.client.chat({ content: 'Hello' });
  socket.says({ type: 'error', id: socket.last('chat').id, payload: { code: 503, message: 'away' } });
  await expect(answer.done).rejects.toMatchObject({ code: 503 });
});

test('what was not sent waits for a connection', async () => {
  const stage = new Stage();
  const answer = stage.client.chat({ content: 'early' });
  await stage.pass();
  stage.socket.breaks();
  await stage.pass(500);
  stage.socket.hello();
  expect(stage.socket.last('chat').payload).toMatchObject({ content: 'early' });
  expect(answer.state).toBe('submitted');
});

describe('a server that drains', () => {
  const draining = { type: 'notice', payload: { kind: 'draining', within_s: 10 } };

  test('is left within its time, and its answers go on elsewhere', async () => {
    const stage = new Stage();
    const { answer, generation } = await streaming(stage);
    const notices: unknown[] = [];
    stage.client.on('notice', (notice) => notices.push(notice));
    stage.socket.says(draining);
    await stage.pass(4999);
    expect(stage.sockets).toHaveLength(1);
    expect(notices).toEqual([draining.payload]);
    await stage.pass(2);
    expect(stage.sockets).toHaveLength(2);
    stage.socket.hello();
    stage.socket.says(generation.started(stage.socket.last('resume')));
    stage.socket.says(generation.text(stage.socket.last('resume'), 'two'));
    expect(answer.text).toBe('one two');
  });

  test('is asked nothing new', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    socket.says(draining);
    stage.client.chat({ content: 'x' });
    expect(socket.count('chat')).toBe(0);
    await stage.pass(1);
    stage.socket.hello();
    expect(stage.socket.count('chat')).toBe(1);
  });
});
