import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { within } from '../harness/deadline.ts';
import { Gateway } from '../harness/gateway.ts';
import { ScriptedProvider, type ProviderCall } from '../harness/scripted_provider.ts';

let gateway: Gateway;
let provider: ScriptedProvider;
let chat: ChatSocket;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
    generations: { orphan_timeout: '300ms' },
  });
  chat = await ChatSocket.connectFull(gateway.chatUrl);
});
afterAll(async () => {
  chat?.cut();
  await gateway?.stop();
  await provider?.stop();
});

async function begin(id: string, socket: ChatSocket = chat): Promise<{ call: ProviderCall; generation: string }> {
  socket.send({ type: 'chat', id, payload: { content: id, model: 'scripted' } });
  const call = await provider.call();
  call.text('some').text(' words');
  const { generation_id } = await socket.first('started', id);
  await socket.deltas(1, id);
  return { call, generation: generation_id! };
}

describe('cancel', () => {
  test('by generation: done with status cancelled and the usage so far, and the provider is let go', async () => {
    const { call, generation } = await begin('a');
    chat.send({ type: 'cancel', payload: { generation_id: generation } });
    await within('the provider to be let go', call.gone);
    const { text, end } = await chat.answer('a');
    expect('some words').toContain(text);
    expect(end).toMatchObject({
      type: 'done',
      generation_id: generation,
      payload: {
        status: 'cancelled',
        usage: { output_tokens: expect.any(Number), source: expect.stringMatching(/counted|estimated/) },
      },
    });
  });

  test('by the id of its request, before the provider has said anything', async () => {
    chat.send({ type: 'chat', id: 'b', payload: { content: 'b', model: 'scripted' } });
    const call = await provider.call();
    chat.send({ type: 'cancel', payload: { id: 'b' } });
    await within('the provider to be let go', call.gone);
    expect((await chat.answer('b')).end).toMatchObject({ type: 'done', seq: 1, payload: { status: 'cancelled' } });
  });

  test('ends it for everybody who follows it, and a late resume sees the same end', async () => {
    const { generation } = await begin('c');
    const other = await ChatSocket.connectFull(gateway.chatUrl);
    other.send({ type: 'resume', id: 'c', payload: { generation_id: generation, after: 0 } });
    await other.first('started', 'c');
    other.send({ type: 'cancel', payload: { generation_id: generation } });
    const ends = [(await chat.answer('c')).end, (await other.answer('c')).end];
    expect(ends[0]).toMatchObject({ payload: { status: 'cancelled' } });
    expect(ends[1]).toEqual(ends[0]);
    await other.close();
  });

  test('leaves the others alone', async () => {
    const first = await begin('d');
    const second = await begin('e');
    chat.send({ type: 'cancel', payload: { generation_id: first.generation } });
    await chat.first('done', 'd');
    second.call.text('!').finish();
    expect((await chat.answer('e')).text).toBe('some words!');
  });

  test('of an ended generation changes nothing', async () => {
    const { call, generation } = await begin('f');
    call.finish();
    await chat.first('done', 'f');
    chat.send({ type: 'cancel', payload: { generation_id: generation } });
    await chat.pings();
    chat.send({ type: 'resume', id: 'g', payload: { generation_id: generation, after: 0 } });
    expect((await chat.answer('g')).end).toMatchObject({ payload: { status: 'completed' } });
  });

  test('of what nobody knows: 404', async () => {
    chat.forget();
    chat.send({ type: 'cancel', id: 'h', payload: { generation_id: 'gen_01J00000000000000000000000' } });
    expect((await chat.first('error', 'h')).payload.code).toBe(404);
    chat.send({ type: 'cancel', id: 'i', payload: { id: 'never sent' } });
    expect((await chat.first('error', 'i')).payload.code).toBe(404);
  });
});

describe('a client that vanishes', () => {
  test('and comes back in time: the generation goes on', async () => {
    const lost = await ChatSocket.connectFull(gateway.chatUrl);
    const { call, generation } = await begin('a', lost);
    lost.cut();
    const again = await ChatSocket.connectFull(gateway.chatUrl);
    again.send({ type: 'resume', id: 'a', payload: { generation_id: generation, after: 0 } });
    await again.first('started', 'a');
    // Longer than the orphan timeout, measured by an orphan that begins after this client came back.
    const orphan = await ChatSocket.connectFull(gateway.chatUrl);
    const theirs = await begin('o', orphan);
    orphan.cut();
    await within('the orphan to be ended', theirs.call.gone);
    call.text('!').finish();
    expect((await again.answer('a')).text).toBe('some words!');
    await again.close();
  });

  test('and never comes back: cancelled after the orphan timeout, and the provider is let go', async () => {
    const lost = await ChatSocket.connectFull(gateway.chatUrl);
    const { call, generation } = await begin('a', lost);
    const begun = performance.now();
    lost.cut();
    await within('the provider to be let go', call.gone);
    expect(performance.now() - begun).toBeGreaterThan(250);
    const again = await ChatSocket.connectFull(gateway.chatUrl);
    again.send({ type: 'resume', id: 'a', payload: { generation_id: generation, after: 0 } });
    expect((await again.answer('a')).end).toMatchObject({ payload: { status: 'cancelled' } });
    await again.close();
  });
});
