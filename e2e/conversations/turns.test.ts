import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket, type Answer } from '../harness/chat_socket.ts';
import { Gateway, keys } from '../harness/gateway.ts';
import type { ChatPayload } from '../harness/protocol.ts';
import { ScriptedProvider, type ProviderCall } from '../harness/scripted_provider.ts';

let gateway: Gateway;
let provider: ScriptedProvider;
let chat: ChatSocket;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: {
      scripted: { type: 'openai', base_url: provider.baseUrl },
      other: { type: 'openai', base_url: provider.baseUrl },
    },
    models: [
      { name: 'scripted', targets: [{ provider: 'scripted' }], context_tokens: 2000 },
      { name: 'other', targets: [{ provider: 'other' }] },
    ],
    default_model: 'scripted',
  });
  chat = await ChatSocket.connectFull(gateway.chatUrl, { bearer: keys.alice });
});
afterAll(async () => {
  await chat?.close();
  await gateway?.stop();
  await provider?.stop();
});

let requests = 0;

interface Turn {
  id: string;
  call: ProviderCall;
  conversation: string;
  message: string;
}

async function begin(payload: ChatPayload): Promise<Turn> {
  const id = `r${++requests}`;
  chat.send({ type: 'chat', id, payload });
  const started = await chat.first('started', id);
  const call = await provider.call();
  return { id, call, conversation: started.payload.conversation_id!, message: started.payload.message_id! };
}

async function finish({ id, call }: Turn, text: string): Promise<Answer> {
  call.text(text).finish('stop', { prompt_tokens: 1, completion_tokens: 1 });
  return chat.answer(id);
}

const sent = ({ call }: Turn): string[] =>
  call.request.messages.map(({ role, content }) => `${role}: ${String(content)}`);

async function refusal(payload: ChatPayload, socket = chat): Promise<{ code: number; param?: string | null }> {
  const id = `r${++requests}`;
  socket.send({ type: 'chat', id, payload });
  return (await socket.first('error', id)).payload;
}

test('the second turn takes the first one with it, and the prompt', async () => {
  const first = await begin({ content: 'one', conversation_id: 'new', system: 'be kind' });
  expect(first.conversation).toMatch(/^conv_/);
  expect(first.message).toMatch(/^msg_/);
  await finish(first, 'eins');
  const second = await begin({ content: 'two', conversation_id: first.conversation });
  expect(sent(second)).toEqual(['system: be kind', 'user: one', 'assistant: eins', 'user: two']);
  await finish(second, 'zwei');
  const third = await begin({ content: 'three', conversation_id: first.conversation, system: 'be brief' });
  expect(sent(third)[0]).toBe('system: be brief');
  await finish(third, 'drei');
});

test('a branch and an edit see their own way only', async () => {
  const first = await begin({ content: 'one', conversation_id: 'new' });
  await finish(first, 'eins');
  const second = await begin({ content: 'two', conversation_id: first.conversation });
  await finish(second, 'zwei');
  const branch = await begin({ content: 'other', conversation_id: first.conversation, parent_id: first.message });
  expect(sent(branch)).toEqual(['user: one', 'assistant: eins', 'user: other']);
  await finish(branch, 'anders');
  const edit = await begin({ content: 'ONE', conversation_id: first.conversation, parent_id: null });
  expect(sent(edit)).toEqual(['user: ONE']);
  await finish(edit, 'EINS');
});

test('two at once are siblings: neither waits for the other, neither sees it', async () => {
  const first = await begin({ content: 'one', conversation_id: 'new' });
  await finish(first, 'eins');
  const left = await begin({ content: 'left', conversation_id: first.conversation });
  const right = await begin({ content: 'right', conversation_id: first.conversation });
  expect(sent(right)).toEqual(['user: one', 'assistant: eins', 'user: right']);
  await finish(right, 'rechts');
  await finish(left, 'links');
  const onto = await begin({ content: 'on', conversation_id: first.conversation, parent_id: left.message });
  expect(sent(onto)).toEqual(['user: one', 'assistant: eins', 'user: left', 'assistant: links', 'user: on']);
  expect(await refusal({ content: 'x', conversation_id: first.conversation, parent_id: onto.message })).toMatchObject({
    code: 409,
    param: 'parent_id',
  });
  await finish(onto, 'weiter');
});

test('tools: their results are added to the conversation, behind the call', async () => {
  const first = await begin({ content: 'what time is it?', conversation_id: 'new' });
  first.call.delta({
    tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'clock', arguments: '{}' } }],
  });
  first.call.finish('tool_calls');
  await chat.answer(first.id);
  const second = await begin({
    messages: [{ role: 'tool', content: 'noon', tool_call_id: 'c1' }],
    conversation_id: first.conversation,
  });
  expect(second.call.request.messages).toMatchObject([
    { role: 'user' },
    { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'clock', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: 'c1', content: 'noon' },
  ]);
  await finish(second, 'It is noon.');
});

test('a tool call goes back to its own provider with all that came with it', async () => {
  const extra_content = { google: { thought_signature: 'SIG==' } };
  const first = await begin({ content: 'what time is it?', conversation_id: 'new' });
  first.call.delta({
    tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'clock', arguments: '{}' }, extra_content }],
  });
  first.call.finish('tool_calls');
  expect((await chat.first('tool_call', first.id)).payload).toMatchObject({ extensions: { extra_content } });
  await chat.answer(first.id);
  const result = {
    messages: [{ role: 'tool', content: 'noon', tool_call_id: 'c1' }],
    conversation_id: first.conversation,
    parent_id: first.message,
  };
  const second = await begin(result);
  expect(second.call.request.messages[1]).toMatchObject({ tool_calls: [{ id: 'c1', extra_content }] });
  await finish(second, 'It is noon.');
  const elsewhere = await begin({ ...result, model: 'other' });
  expect(elsewhere.call.request.messages[1]).toMatchObject({ tool_calls: [{ id: 'c1' }] });
  expect(JSON.stringify(elsewhere.call.request)).not.toContain('extra_content');
  await finish(elsewhere, 'Noon.');
});

test('a long conversation is cut to what the model can take, from the front, by whole turns', async () => {
  let turn = await begin({ content: `0 ${'x'.repeat(1000)}`, conversation_id: 'new', system: 'stay' });
  for (let i = 1; i < 8; ++i) {
    await finish(turn, `a${i - 1}`);
    turn = await begin({ content: `${i} ${'x'.repeat(1000)}`, conversation_id: turn.conversation });
  }
  const roles = turn.call.request.messages.map(({ role }) => role);
  expect(roles.slice(0, 2)).toEqual(['system', 'user']);
  expect(roles.length).toBeLessThan(15);
  expect(JSON.stringify(turn.call.request.messages).length).toBeLessThan(4 * 2000);
  await finish(turn, 'end');
});

test('a provider that fails leaves the question and what was answered', async () => {
  const first = await begin({ content: 'one', conversation_id: 'new' });
  first.call.text('half');
  await chat.deltas(1, first.id);
  first.call.cut();
  const { end } = await chat.answer(first.id);
  expect(end).toMatchObject({ type: 'done', payload: { status: 'failed' } });
  const second = await begin({ content: 'two', conversation_id: first.conversation });
  expect(sent(second)).toEqual(['user: one', 'assistant: half', 'user: two']);
  await finish(second, 'zwei');
});

describe('refused, and the provider is not asked', () => {
  test("another user's conversation, an unknown one, and what is no id: 404", async () => {
    const mine = await begin({ content: 'secret', conversation_id: 'new' });
    await finish(mine, 'psst');
    const bob = await ChatSocket.connectFull(gateway.chatUrl, { bearer: keys.bob });
    expect(await refusal({ content: 'x', conversation_id: mine.conversation }, bob)).toMatchObject({ code: 404 });
    for (const id of ['conv_01J00000000000000000000000', "'; DROP TABLE messages; --"])
      expect(await refusal({ content: 'x', conversation_id: id })).toMatchObject({
        code: 404,
        param: 'conversation_id',
      });
    expect(await refusal({ content: 'x', conversation_id: mine.conversation, parent_id: 'msg_no' })).toMatchObject({
      code: 404,
      param: 'parent_id',
    });
    await bob.close();
  });

  test('the whole list of messages beside a conversation: 400', async () => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ];
    expect(await refusal({ messages, conversation_id: 'new' })).toMatchObject({ code: 400, param: 'messages' });
  });

  test('conversations on a basic socket: 400', async () => {
    const basic = await ChatSocket.connect(gateway.chatUrl);
    basic.send({ type: 'chat', payload: { content: 'x', conversation_id: 'new' } });
    expect((await basic.first('error')).payload).toMatchObject({ code: 400, param: 'conversation_id' });
    await basic.close();
  });
});
