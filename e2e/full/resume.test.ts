import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway, keys } from '../harness/gateway.ts';
import { ScriptedProvider, type ProviderCall } from '../harness/scripted_provider.ts';

let gateway: Gateway;
let provider: ScriptedProvider;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
  });
});
afterAll(async () => {
  await gateway?.stop();
  await provider?.stop();
});

interface Begun {
  chat: ChatSocket;
  call: ProviderCall;
  generation: string;
}

async function begin(bearer?: string): Promise<Begun> {
  const chat = await ChatSocket.connectFull(gateway.chatUrl, { bearer });
  chat.send({ type: 'chat', id: 'a', payload: { content: 'x', model: 'scripted' } });
  const call = await provider.call();
  const { generation_id } = await chat.first('started', 'a');
  return { chat, call, generation: generation_id! };
}

/** Opens a socket of its own and resumes there under the id `b`. */
async function resume(generation_id: string, after: number, bearer?: string): Promise<ChatSocket> {
  const chat = await ChatSocket.connectFull(gateway.chatUrl, { bearer });
  chat.send({ type: 'resume', id: 'b', payload: { generation_id, after } });
  return chat;
}

test('a broken socket does not end its generation; a new one gets what it missed, and what comes', async () => {
  const { chat, call, generation } = await begin();
  call.text('one').text(' two');
  await chat.first('chat', 'a');
  chat.cut();
  call.text(' three');
  const again = await resume(generation, 1);
  expect(await again.first('started', 'b')).toMatchObject({
    generation_id: generation,
    payload: { model: 'scripted' },
  });
  await again.deltas(1, 'b');
  call.text(' four').finish();
  const { text, end } = await again.answer('b');
  expect(text).toBe(' two three four');
  expect(end).toMatchObject({ type: 'done', seq: 5, generation_id: generation, payload: { status: 'completed' } });
  await again.close();
});

test('from every number of an ended generation, the rest and nothing but the rest', async () => {
  const { chat, call, generation } = await begin();
  const pieces = ['a', 'bc', 'déf', '👋', ' '];
  for (const piece of pieces) call.text(piece);
  call.finish();
  const whole = await chat.answer('a');
  await chat.close();
  const last = (whole.end as { seq: number }).seq;
  expect(last).toBe(pieces.length + 1);
  for (let after = 0; after < last; ++after) {
    const again = await resume(generation, after);
    const { text, end } = await again.answer('b');
    expect(text).toBe(pieces.slice(after).join(''));
    expect({ ...end, id: 'a' }).toEqual(whole.end); // the same done, word for word
    await again.close();
  }
  const atEnd = await resume(generation, last);
  expect((await atEnd.answer('b')).end).toMatchObject({ type: 'done', seq: last }); // an end there must be
  await atEnd.close();
});

test('what is caught up with comes merged, and never text with reasoning in one frame', async () => {
  const { chat, call, generation } = await begin();
  for (const piece of ['hm', ', ', 'well']) call.reasoning(piece);
  for (const piece of ['So', ' be', ' it']) call.text(piece);
  call.finish();
  await chat.first('done', 'a');
  const again = await resume(generation, 0);
  const { deltas } = await again.answer('b');
  expect(deltas.map(({ seq, payload }) => [seq, payload.type, payload.content])).toEqual([
    [3, 'reasoning', 'hm, well'],
    [6, 'text', 'So be it'],
  ]);
  await again.close();
  await chat.close();
});

test('two sockets, and two cursors on one socket, follow the same generation to the same end', async () => {
  const { chat, call, generation } = await begin();
  const second = await resume(generation, 0);
  second.send({ type: 'resume', id: 'c', payload: { generation_id: generation, after: 0 } });
  await second.first('started', 'b');
  await second.first('started', 'c');
  for (const piece of ['now', ' for', ' all']) call.text(piece);
  call.finish();
  for (const answer of [await chat.answer('a'), await second.answer('b'), await second.answer('c')]) {
    expect(answer.text).toBe('now for all');
    expect(answer.end).toMatchObject({ type: 'done', seq: 4 });
  }
  await chat.close();
  await second.close();
});

describe('refused, and nothing new is started', () => {
  test.each([
    ['an unknown generation', (): string => 'gen_01J00000000000000000000000'],
    ['what is no id at all', (): string => '../../etc/passwd'],
  ])('%s: 404', async (_, id) => {
    const chat = await resume(id(), 0);
    expect((await chat.first('error', 'b')).payload.code).toBe(404);
    await chat.close();
  });

  test("another user's: 404, as if there were none", async () => {
    const { chat, call, generation } = await begin(keys.alice);
    const bob = await resume(generation, 0, keys.bob);
    const theirs = await bob.first('error', 'b');
    bob.send({
      type: 'resume',
      id: 'c',
      payload: { generation_id: generation.replace(/.$/, (last) => (last === '0' ? '1' : '0')), after: 0 },
    });
    const none = await bob.first('error', 'c');
    expect(theirs.payload.code).toBe(404);
    expect(theirs.payload.message.replaceAll(generation, '')).toBe(none.payload.message.replaceAll(/gen_\w+/g, ''));
    bob.send({ type: 'cancel', id: 'd', payload: { generation_id: generation } });
    expect((await bob.first('error', 'd')).payload.code).toBe(404);
    call.text('still going').finish();
    expect((await chat.answer('a')).text).toBe('still going');
    await bob.close();
    await chat.close();
  });

  test('a number beyond the end: 400', async () => {
    const { chat, call, generation } = await begin();
    call.text('x').finish();
    await chat.first('done', 'a');
    for (const after of [3, 1_000_000, Number.MAX_SAFE_INTEGER]) {
      const again = await resume(generation, after);
      expect((await again.first('error', 'b')).payload.code).toBe(400);
      await again.close();
    }
    await chat.close();
  });

  test.each([[-1], [0.5], ['1'], [true]])('a number that is none (%s): 400', async (after) => {
    const chat = await ChatSocket.connectFull(gateway.chatUrl);
    chat.socket.send(JSON.stringify({ type: 'resume', id: 'b', payload: { generation_id: 'gen_x', after } }));
    expect((await chat.first('error', 'b')).payload.code).toBe(400);
    await chat.close();
  });
});

test('after the grace period an ended generation is gone', async () => {
  const forgetful = await Gateway.start({ generations: { grace: '100ms' } });
  const chat = await ChatSocket.connectFull(forgetful.chatUrl);
  const { end } = await chat.ask('x', { id: 'a' });
  await expect
    .poll(
      async () => {
        const again = await ChatSocket.connectFull(forgetful.chatUrl);
        again.send({ type: 'resume', id: 'b', payload: { generation_id: end.generation_id!, after: 0 } });
        const { end: outcome } = await again.answer('b');
        await again.close();
        return outcome.type === 'error' ? outcome.payload.code : 0;
      },
      { timeout: 10_000 },
    )
    .toBe(404);
  await chat.close();
  await forgetful.stop();
});
