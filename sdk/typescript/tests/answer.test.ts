import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Delta } from '../src/index.ts';
import { ScriptedGeneration, Stage } from './scripted_server.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function all(deltas: AsyncIterable<Delta>): Promise<Delta[]> {
  const seen: Delta[] = [];
  for await (const delta of deltas) seen.push(delta);
  return seen;
}

/** An answer that was started, and what speaks for it. */
async function begun(stage = new Stage()) {
  const socket = await stage.opened();
  const answer = stage.client.chat({ content: 'Hello' });
  const asked = socket.last('chat');
  const generation = new ScriptedGeneration();
  socket.says(generation.started(asked));
  return { stage, socket, answer, asked, generation };
}

describe('an answer', () => {
  test('is joined from its deltas, and every iterator sees each of them', async () => {
    const { socket, answer, asked, generation } = await begun();
    const early = all(answer);
    socket.says(generation.text(asked, 'Hm.', 'reasoning'));
    socket.says(generation.text(asked, 'Hi'));
    socket.says(generation.text(asked, ' there'));
    expect(answer.state).toBe('streaming');
    socket.says(generation.done(asked));
    expect(answer.text).toBe('Hi there');
    expect(answer.reasoning).toBe('Hm.');
    expect(answer.started?.conversation_id).toBe('conv_1');
    await expect(answer.done).resolves.toMatchObject({ status: 'completed' });
    expect((await early).map((delta) => delta.seq)).toEqual([1, 2, 3]);
    expect(await all(answer)).toEqual(await early);
  });

  test('passes over what it has already, and over what comes after its end', async () => {
    const { socket, answer, asked, generation } = await begun();
    const first = generation.text(asked, 'once');
    socket.says(first);
    socket.says(first);
    socket.says(generation.done(asked));
    socket.says(generation.text(asked, 'late'));
    expect(answer.text).toBe('once');
  });

  test.each([
    ['👋🏽 hi', 1, '👋'],
    ['a👋b', 2, 'a👋'],
    ['é中文', 2, 'é中'],
    ['short', 99, 'short'],
    ['gone', 0, ''],
    ['\ud83dx', 1, '\ud83d'],
  ])('rewinds %j to %i code points', async (said, keep, left) => {
    const { socket, answer, asked, generation } = await begun();
    socket.says(generation.text(asked, said));
    socket.says(generation.rewind(asked, keep));
    socket.says(generation.text(asked, '!'));
    expect(answer.text).toBe(`${left}!`);
  });

  test('rewinds reasoning and the arguments of each tool call by themselves', async () => {
    const { socket, answer, asked, generation } = await begun();
    socket.says(generation.text(asked, 'thinking', 'reasoning'));
    socket.says(generation.tool(asked, { index: 0, tool_call_id: 't0', name: 'find', arguments: '{"a":' }));
    socket.says(generation.tool(asked, { index: 0, arguments: '1}' }));
    socket.says(generation.tool(asked, { index: 1, tool_call_id: 't1', name: 'drop', arguments: '{}' }));
    socket.says(generation.rewind(asked, 0, 5, [5]));
    expect(answer.reasoning).toBe('think');
    expect(answer.toolCalls).toEqual([{ id: 't0', name: 'find', arguments: '{"a":' }]);
  });

  test('that failed is done, with its error; one that was refused never was', async () => {
    const { socket, answer, asked, generation, stage } = await begun();
    const error = { code: 502, message: 'cut' };
    socket.says({ ...generation.done(asked), payload: { status: 'failed', finish_reason: 'error', error } });
    await expect(answer.done).resolves.toMatchObject({ status: 'failed', error });
    const refused = stage.client.chat({ content: 'x' });
    socket.says({
      type: 'error',
      id: socket.last('chat').id,
      payload: { code: 429, type: 'rate_limited', message: 'later', retry_after: 2 },
    });
    await expect(refused.done).rejects.toMatchObject({ code: 429, type: 'rate_limited', retryAfterMs: 2000 });
    await expect(all(refused)).rejects.toThrow('later');
    expect(refused.state).toBe('refused');
  });

  test('is cancelled by its request, and by its generation once it has one', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    const answer = stage.client.chat({ content: 'x' });
    const asked = socket.last('chat');
    answer.cancel();
    answer.cancel();
    expect(socket.count('cancel')).toBe(1);
    expect(socket.last('cancel').payload).toEqual({ id: asked.id });
    const generation = new ScriptedGeneration();
    socket.says(generation.started(asked));
    expect(socket.last('cancel').payload).toEqual({ generation_id: 'gen_1' });
    socket.says(generation.done(asked, 'cancelled'));
    await expect(answer.done).resolves.toMatchObject({ status: 'cancelled' });
  });

  test('that the server does not know is cancelled as soon as that says so', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    const answer = stage.client.chat({ content: 'x' });
    answer.cancel();
    expect(answer.isOver).toBe(false);
    socket.says({ type: 'error', id: socket.last('cancel').id, payload: { code: 404, message: 'no such request' } });
    await expect(answer.done).resolves.toMatchObject({ status: 'cancelled' });
    expect(stage.client.live).toEqual([]);
  });

  test('is cancelled before long though the server says nothing, and what comes then is not heard', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    const answer = stage.client.chat({ content: 'x' });
    const asked = socket.last('chat');
    answer.cancel();
    await stage.pass(2000);
    await expect(answer.done).resolves.toMatchObject({ status: 'cancelled' });
    expect(stage.client.live).toEqual([]);
    const generation = new ScriptedGeneration();
    socket.says(generation.started(asked));
    socket.says(generation.text(asked, 'late'));
    expect(answer.text).toBe('');
    await stage.reconnected();
    expect(stage.socket.sent).toEqual([]);
  });

  test('that was never sent is cancelled without the server', async () => {
    const stage = new Stage();
    const answer = stage.client.chat({ content: 'x' });
    answer.cancel();
    await expect(answer.done).resolves.toMatchObject({ status: 'cancelled' });
    expect((await stage.opened()).count('chat')).toBe(0);
  });

  test('tells its listeners of every change until they leave', async () => {
    const { socket, answer, asked, generation } = await begun();
    const listener = vi.fn();
    const leave = answer.subscribe(listener);
    socket.says(generation.text(asked, 'a'));
    leave();
    socket.says(generation.text(asked, 'b'));
    expect(listener).toHaveBeenCalledTimes(1);
  });
});

test('several answers on one socket do not mix', async () => {
  const stage = new Stage();
  const socket = await stage.opened();
  const answers = ['one', 'two'].map((content) => stage.client.chat({ content }));
  const [first, second] = socket.sent.filter(({ type }) => type === 'chat');
  const generations = [new ScriptedGeneration('gen_1'), new ScriptedGeneration('gen_2')];
  socket.says(generations[1]!.started(second!));
  socket.says(generations[0]!.started(first!));
  socket.says(generations[0]!.text(first!, 'A'));
  socket.says(generations[1]!.text(second!, 'B'));
  expect(answers.map(({ text }) => text)).toEqual(['A', 'B']);
});

test('what is no frame, or of a type that it does not know, is passed over', async () => {
  const stage = new Stage();
  const socket = await stage.opened();
  for (const data of ['', '{', 'null', '[]', '{"type":1}', '{"type":"news","payload":{}}']) {
    socket.onmessage?.({ data } as never);
  }
  expect(stage.client.state.name).toBe('open');
  const errors: unknown[] = [];
  stage.client.on('error', (problem) => errors.push(problem));
  socket.says({ type: 'error', payload: { code: 400, message: 'bad frame' } });
  expect(errors).toEqual([{ code: 400, message: 'bad frame' }]);
});
