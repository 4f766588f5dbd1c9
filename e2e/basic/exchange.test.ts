import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { signal, within } from '../harness/deadline.ts';
import { Gateway, keys, token } from '../harness/gateway.ts';
import { mockReasoning, mockText } from '../harness/mock_answer.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

let gateway: Gateway;
let provider: ScriptedProvider;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted', model: 'upstream-name' }] }],
  });
});

afterAll(async () => {
  await gateway?.stop();
  await provider?.stop();
});

describe('the basic exchange', () => {
  test('streams reasoning, then an answer to the prompt, one character a frame, and one done', async () => {
    const chat = await ChatSocket.connect(gateway.chatUrl);
    chat.send({ type: 'chat', payload: { content: 'Hello AI', model: 'mock' } });
    const answer = await chat.answer();

    expect(answer.end.type).toBe('done');
    expect(answer.end.payload).toMatchObject({ finish_reason: 'stop' });
    expect(answer.reasoning).toBe(mockReasoning('Hello AI'));
    expect(answer.text).toBe(mockText('Hello AI'));
    for (const delta of answer.deltas) {
      expect(delta).toEqual({
        type: 'chat',
        payload: { content: expect.any(String), type: expect.stringMatching(/^(text|reasoning)$/), model: 'mock' },
      });
      expect([...delta.payload.content]).toHaveLength(1);
    }
    const kinds = answer.deltas.map((delta) => delta.payload.type);
    expect(kinds.lastIndexOf('reasoning')).toBeLessThan(kinds.indexOf('text'));
    expect(chat.frames.filter((frame) => frame.type !== 'chat')).toEqual([answer.end]);
    await chat.close();
  });

  test('is the same on /chat, /v1/chat and /, with ?token= and with a bearer token', async () => {
    for (const path of ['/chat', '/v1/chat', '/']) {
      const base = gateway.chatUrl.replace(/\/chat$/, path);
      for (const chat of [
        await ChatSocket.connect(base),
        await ChatSocket.connect(`${base}?token=${token}`, { bearer: '' }),
        await ChatSocket.connect(base, { bearer: keys.alice }),
      ]) {
        expect((await chat.ask('to everybody')).text).toContain('to everybody');
        await chat.close();
      }
    }
  });

  test('uses the default model where none is named', async () => {
    const chat = await ChatSocket.connect(gateway.chatUrl);
    const answer = await chat.ask('which model?');
    expect(new Set(answer.deltas.map((delta) => delta.payload.model))).toEqual(new Set(['mock']));
    await chat.close();
  });

  test('answers several chats in turn, and speaks any language', async () => {
    const chat = await ChatSocket.connect(gateway.chatUrl);
    for (const prompt of [
      'first',
      '第二个问题',
      'третий',
      '👩‍👩‍👧‍👦 e\u0301',
      'quote " backslash \\ newline \n tab \t null \u0000',
    ]) {
      expect((await chat.ask(prompt)).text).toBe(mockText(prompt));
    }
    await chat.close();
  });

  test('answers ping with pong while an answer is being written', async () => {
    const chat = await ChatSocket.connect(gateway.chatUrl);
    chat.send({ type: 'chat', payload: { content: 'slow', model: 'scripted' } });
    const call = await provider.call();
    call.text('a');
    await chat.deltas(1);
    chat.send({ type: 'ping' });
    expect(await chat.first('pong')).toEqual({ type: 'pong' });
    call.finish();
    expect((await chat.answer()).text).toBe('a');
    await chat.close();
  });

  test('interleaves several chats on one socket, each with its own done', async () => {
    const chat = await ChatSocket.connect(gateway.chatUrl);
    for (const content of ['a', 'b', 'c']) chat.send({ type: 'chat', payload: { content, model: 'scripted' } });
    const calls = [await provider.call(), await provider.call(), await provider.call()];
    let sent = 0;
    for (let round = 0; round < 3; ++round) {
      for (const call of calls) {
        call.text(call.prompt);
        await chat.deltas(++sent); // one delta at a time, so that the order is the test's
      }
    }
    const order = (await chat.deltas(9)).map((delta) => delta.payload.content).join('');
    expect(order).toBe(
      calls
        .map((call) => call.prompt)
        .join('')
        .repeat(3),
    );
    for (const call of calls) call.finish();
    await expect.poll(() => chat.frames.filter((frame) => frame.type === 'done').length).toBe(3);
    await chat.close();
  });

  test('passes deltas on as the provider gives them, without waiting for more', async () => {
    const chat = await ChatSocket.connect(gateway.chatUrl);
    chat.send({ type: 'chat', payload: { content: 'as they come', model: 'scripted' } });
    const call = await provider.call();
    expect(call.request).toMatchObject({ model: 'upstream-name', stream: true });
    for (const [index, piece] of ['one', ' two', ' 三', ' 🧵'].entries()) {
      call.text(piece);
      expect((await chat.deltas(index + 1)).at(-1)).toEqual({
        type: 'chat',
        payload: { content: piece, type: 'text', model: 'scripted' },
      });
    }
    call.finish('length');
    expect((await chat.answer()).end).toMatchObject({ type: 'done', payload: { finish_reason: 'length' } });
    await chat.close();
  });
});

describe('the WebSocket of browsers', () => {
  test('holds the same conversation as npm ws', async () => {
    const socket = new WebSocket(`${gateway.chatUrl}?token=${token}`);
    const done = signal<string>();
    let text = '';
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: 'chat', payload: { content: 'Hello AI', model: 'mock' } }));
    socket.onerror = () => done.reject(new Error('the socket failed'));
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(String(data));
      if (frame.type === 'chat' && frame.payload.type === 'text') text += frame.payload.content;
      if (frame.type === 'done') done.resolve(text);
    };
    expect(await within('done', done.promise)).toBe(mockText('Hello AI'));
    const closed = signal<number>();
    socket.onclose = ({ code }) => closed.resolve(code);
    socket.close(1000);
    expect(await within('close', closed.promise)).toBe(1000);
  });
});
