import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway, keys } from '../harness/gateway.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';
import { Client, words, type Generation, type Page, type Tree, type UsageRow } from './client.ts';

let gateway: Gateway;
let provider: ScriptedProvider;
let chat: ChatSocket;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
    server: { limits: { sockets_per_user: 100 } },
  });
  chat = await ChatSocket.connectFull(gateway.chatUrl, { bearer: keys.alice });
  alice = new Client(gateway);
  bob = new Client(gateway, keys.bob);
});
afterAll(async () => {
  await chat?.close();
  await gateway?.stop();
  await provider?.stop();
});

let requests = 0;

interface Spoken {
  conversation: string;
  message: string;
  generation: string;
}

async function say(content: string, conversation_id = 'new', parent_id?: string | null): Promise<Spoken> {
  const id = `r${++requests}`;
  chat.send({ type: 'chat', id, payload: { content, conversation_id, parent_id } });
  const { payload, generation_id } = await chat.first('started', id);
  await chat.answer(id);
  return { conversation: payload.conversation_id!, message: payload.message_id!, generation: generation_id! };
}

const titles = ({ conversations }: Page): string[] => conversations.map(({ title }) => title);

test('a conversation is read as a tree, by pages', async () => {
  const first = await say('Hello *there*\nsecond line');
  await say('And now?', first.conversation);
  await say('Another way', first.conversation, first.message);
  const tree = await alice.conversation(first.conversation);
  expect(tree).toMatchObject({ id: first.conversation, title: 'Hello *there*', archived: false, next_cursor: null });
  expect(tree.live_generation_id).toBeNull();
  expect(tree.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(tree.messages.map(({ role, status }) => [role, status])).toEqual(
    [0, 1, 2].flatMap(() => [
      ['user', 'completed'],
      ['assistant', 'completed'],
    ]),
  );
  const [root, answer, , , branch] = tree.messages;
  expect(root).toMatchObject({ parent_id: null, generation_id: null, model: null, usage: null });
  expect(root!.content).toEqual([{ type: 'text', text: 'Hello *there*\nsecond line' }]);
  expect(answer).toMatchObject({
    parent_id: root!.id,
    id: first.message,
    generation_id: first.generation,
    model: 'mock',
  });
  expect(answer!.usage!.output_tokens).toBeGreaterThan(0);
  expect(words(answer!)).toContain('You said: "Hello *there*');
  expect(branch!.parent_id).toBe(answer!.id);

  const pages: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Tree = await alice.get(`/v1/conversations/${first.conversation}?limit=4&cursor=${cursor}`);
    pages.push(...page.messages.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  expect(pages).toEqual(tree.messages.map(({ id }) => id));
});

test('listed by activity, searched, renamed, archived, deleted', async () => {
  const apples = await say('Apples, 50% off');
  const pears = await say('Pears');
  await say('with some cinnamon', apples.conversation);
  const list = await alice.get<Page>('/v1/conversations?limit=2');
  expect(titles(list)).toEqual(['Apples, 50% off', 'Pears']);
  expect(list.next_cursor).not.toBeNull();
  const next = await alice.get<Page>(`/v1/conversations?limit=2&cursor=${encodeURIComponent(list.next_cursor!)}`);
  expect(titles(next)).not.toContain('Pears');
  const find = async (query: string): Promise<string[]> =>
    titles(await alice.get<Page>(`/v1/conversations?query=${encodeURIComponent(query)}`));
  expect(await find('CINNAMON apples')).toEqual(['Apples, 50% off']);
  expect(await find('ÄPFEL')).toEqual([]);
  await say('ein paar äpfel', apples.conversation);
  expect(await find('ÄPFEL')).toEqual(['Apples, 50% off']);
  expect(await find('50%')).toEqual(['Apples, 50% off']);
  expect(await find('_____nothing%')).toEqual([]);

  const renamed = await alice.call('PATCH', `/v1/conversations/${pears.conversation}`, { title: ' Quinces 🍐 ' });
  expect([renamed.status, await renamed.json()]).toMatchObject([200, { title: 'Quinces 🍐', archived: false }]);
  await alice.call('PATCH', `/v1/conversations/${pears.conversation}`, { archived: true });
  expect(titles(await alice.get('/v1/conversations'))).not.toContain('Quinces 🍐');
  expect(titles(await alice.get('/v1/conversations?archived=true'))).toEqual(['Quinces 🍐']);

  expect((await alice.call('DELETE', `/v1/conversations/${pears.conversation}`)).status).toBe(204);
  expect((await alice.refused('GET', `/v1/conversations/${pears.conversation}`)).status).toBe(404);
  expect((await alice.refused('DELETE', `/v1/conversations/${pears.conversation}`)).status).toBe(404);
  const id = `r${++requests}`;
  chat.send({ type: 'chat', id, payload: { content: 'still there?', conversation_id: pears.conversation } });
  expect((await chat.first('error', id)).payload.code).toBe(404);
  // Nor by the way of its answers: of those the usage is left.
  const answer = `/v1/generations/${pears.generation}`;
  await expect.poll(async () => (await alice.get<Generation>(answer)).text).toBe('');
  chat.send({ type: 'resume', id: `${id}r`, payload: { generation_id: pears.generation, after: 0 } });
  expect((await chat.first('error', `${id}r`)).payload.code).toBe(404);
});

test('deleted in mid-answer: the answer is cancelled and forgotten', async () => {
  const id = `r${++requests}`;
  chat.send({ type: 'chat', id, payload: { content: 'wait', model: 'scripted', conversation_id: 'new' } });
  const { payload, generation_id } = await chat.first('started', id);
  const call = await provider.call();
  call.text('a secret');
  await chat.deltas(1, id);
  expect((await alice.call('DELETE', `/v1/conversations/${payload.conversation_id}`)).status).toBe(204);
  expect((await chat.answer(id)).end).toMatchObject({ type: 'done', payload: { status: 'cancelled' } });
  await call.gone;
  await expect
    .poll(async () => (await alice.get<Generation>(`/v1/generations/${generation_id}`)).text, { timeout: 5_000 })
    .toBe('');
});

test('a page ends by its size too: a conversation of megabytes is read in pieces', async () => {
  const { conversation } = await say(`0 ${'x'.repeat(200_000)}`);
  for (let turn = 1; turn < 8; ++turn) await say(`${turn} ${'x'.repeat(200_000)}`, conversation);
  const first = await alice.conversation(conversation);
  expect(first.messages.length).toBeLessThan(16);
  expect(first.next_cursor).not.toBeNull();
  const ids = first.messages.map((message) => message.id);
  for (let cursor = first.next_cursor; cursor !== null;) {
    const page = await alice.get<Tree>(`/v1/conversations/${conversation}?limit=1000&cursor=${cursor}`);
    ids.push(...page.messages.map((message) => message.id));
    cursor = page.next_cursor;
  }
  expect(new Set(ids).size).toBe(16);
});

test('exported as JSON and as Markdown', async () => {
  const first = await say('Question one');
  await say('Forgotten branch', first.conversation);
  await say('Question two', first.conversation, first.message);
  const json = await alice.call('GET', `/v1/conversations/${first.conversation}/export?format=json`);
  expect(json.headers.get('content-disposition')).toBe(`attachment; filename="${first.conversation}.json"`);
  const tree = (await json.json()) as Tree;
  expect(tree.messages).toEqual((await alice.conversation(first.conversation)).messages);
  const markdown = await (
    await alice.call('GET', `/v1/conversations/${first.conversation}/export?format=markdown`)
  ).text();
  expect(markdown).toMatch(/^# Question one\n/);
  expect(markdown).toContain('## User\n\nQuestion two');
  expect(markdown).toContain('## Assistant (mock)');
  expect(markdown).not.toContain('Forgotten');
  expect((await alice.refused('GET', `/v1/conversations/${first.conversation}/export?format=pdf`)).status).toBe(400);
});

test('a generation is read and cancelled while it runs; the conversation names it', async () => {
  const id = `r${++requests}`;
  chat.send({ type: 'chat', id, payload: { content: 'wait', model: 'scripted', conversation_id: 'new' } });
  const { payload, generation_id } = await chat.first('started', id);
  (await provider.call()).text('half an ');
  await chat.deltas(1, id);
  const running = await alice.get<Generation>(`/v1/generations/${generation_id}`);
  expect(running).toMatchObject({ status: 'running', text: 'half an ', conversation_id: payload.conversation_id });
  expect(await alice.conversation(payload.conversation_id!)).toMatchObject({ live_generation_id: generation_id });
  expect((await bob.refused('POST', `/v1/generations/${generation_id}/cancel`)).status).toBe(404);
  expect((await alice.call('POST', `/v1/generations/${generation_id}/cancel`)).status).toBe(202);
  expect((await chat.answer(id)).end).toMatchObject({ payload: { status: 'cancelled' } });
  const tree = await alice.conversation(payload.conversation_id!);
  expect(tree.live_generation_id).toBeNull();
  expect(tree.messages[1]).toMatchObject({ status: 'cancelled', content: [{ type: 'text', text: 'half an ' }] });
  expect((await alice.call('POST', `/v1/generations/${generation_id}/cancel`)).status).toBe(202);
});

test('deleting a conversation stops what is being written in it', async () => {
  const id = `r${++requests}`;
  chat.send({ type: 'chat', id, payload: { content: 'wait', model: 'scripted', conversation_id: 'new' } });
  const { payload } = await chat.first('started', id);
  const call = await provider.call();
  expect((await alice.call('DELETE', `/v1/conversations/${payload.conversation_id}`)).status).toBe(204);
  expect((await chat.answer(id)).end).toMatchObject({ payload: { status: 'cancelled' } });
  await call.gone;
});

test('usage by day, model and provider, with and without conversation', async () => {
  const before = await bob.get<{ usage: UsageRow[] }>('/v1/usage');
  expect(before.usage).toEqual([]);
  const theirs = await ChatSocket.connectFull(gateway.chatUrl, { bearer: keys.bob });
  await theirs.ask('one turn', { id: 'a' });
  await theirs.close();
  const today = new Date().toISOString().slice(0, 10);
  const { usage } = await bob.get<{ usage: UsageRow[] }>(`/v1/usage?from=${today}&to=${today}`);
  expect(usage).toHaveLength(1);
  expect(usage[0]).toMatchObject({ day: today, model: 'mock', provider: 'mock', requests: 1, failed: 0 });
  expect(usage[0]!.tokens).toMatchObject({ input_tokens: 8, source: 'provider' });
});

describe('refused', () => {
  test('without credentials: 401', async () => {
    const nobody = new Client(gateway, 'wrong');
    for (const path of ['/v1/conversations', '/v1/conversations/conv_1', '/v1/generations/gen_1', '/v1/usage'])
      expect((await nobody.refused('GET', path)).status).toBe(401);
  });

  test("another user's conversation: 404 to everything", async () => {
    const mine = await say('mine');
    const path = `/v1/conversations/${mine.conversation}`;
    expect((await bob.refused('GET', path)).status).toBe(404);
    expect((await bob.refused('GET', `${path}/export`)).status).toBe(404);
    expect((await bob.refused('PATCH', path, { title: 'x' })).status).toBe(404);
    expect((await bob.refused('DELETE', path)).status).toBe(404);
    expect((await bob.refused('GET', `/v1/generations/${mine.generation}`)).status).toBe(404);
    expect(titles(await bob.get('/v1/conversations?query=mine'))).toEqual([]);
    expect((await alice.conversation(mine.conversation)).title).toBe('mine');
  });

  test.each([
    ['GET', '/v1/conversations?limit=0', undefined, 'limit'],
    ['GET', '/v1/conversations?limit=x', undefined, 'limit'],
    ['GET', '/v1/conversations?limit=99999999999', undefined, 'limit'],
    ['GET', '/v1/conversations?cursor=x', undefined, 'cursor'],
    ['GET', '/v1/conversations?archived=maybe', undefined, 'archived'],
    ['GET', `/v1/conversations?query=${'x'.repeat(201)}`, undefined, 'query'],
    ['GET', '/v1/usage?from=yesterday', undefined, 'from'],
    ['GET', '/v1/usage?from=2026-01-02&to=2026-01-01', undefined, 'to'],
    ['PATCH', '/v1/conversations/conv_01J00000000000000000000000', {}, 'title'],
    ['PATCH', '/v1/conversations/conv_01J00000000000000000000000', { title: 7 }, 'title'],
    ['PATCH', '/v1/conversations/conv_01J00000000000000000000000', { title: '\n' }, 'title'],
    ['PATCH', '/v1/conversations/conv_01J00000000000000000000000', { title: 'a\u202Elive' }, 'title'],
    ['GET', '/v1/conversations?query=%FF', undefined, null],
    ['GET', '/v1/conversations?query=%00', undefined, null],
    ['GET', '/v1/conversations?limit=1&cursor=%C3', undefined, null],
    ['GET', '/v1/usage?from=%80', undefined, null],
    ['PATCH', '/v1/conversations/conv_01J00000000000000000000000', { archived: 'yes' }, 'archived'],
  ])('%s %s: 400 that names the field', async (method, path, body, param) => {
    expect(await alice.refused(method, path, body)).toMatchObject({ status: 400, param });
  });
});
