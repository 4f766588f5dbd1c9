import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Accounts, traced, type Login } from '../harness/accounts.ts';
import { ChatSocket, HandshakeRefused } from '../harness/chat_socket.ts';
import { within } from '../harness/deadline.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { mockText } from '../harness/mock_answer.ts';

let gateway: Gateway;
let accounts: Accounts;

beforeAll(async () => {
  gateway = await Gateway.start({ providers: { mock: { type: 'mock', delay_ms: 10 } } }, traced);
  accounts = new Accounts(gateway);
});
afterAll(async () => {
  accounts?.expectNoSecretsLogged();
  await gateway?.stop();
});

const sockets = (bearer: string, count: number): Promise<ChatSocket[]> =>
  Promise.all(Array.from({ length: count }, () => ChatSocket.connectFull(gateway.chatUrl, { bearer })));

async function expectOver(all: ChatSocket[], ms: number): Promise<void> {
  for (const chat of all) expect((await within('the close', chat.closed, ms)).code).toBe(4401);
}

async function expectOpen(chat: ChatSocket): Promise<void> {
  chat.send({ type: 'ping', id: 'still' });
  await chat.first('pong', 'still');
}

describe('tickets', () => {
  let ann: Login;
  beforeAll(async () => {
    ann = await accounts.signUp('ann');
  });
  const connect = (ticket: string, localAddress?: string): Promise<ChatSocket | HandshakeRefused> =>
    ChatSocket.connectFull(`${gateway.chatUrl}?ticket=${ticket}`, {
      bearer: '',
      origin: gateway.url,
      localAddress,
    }).catch((error: unknown) => {
      if (error instanceof HandshakeRefused) return error;
      throw error;
    });

  test('open one socket, in the name of who asked for them', async () => {
    const ticket = await accounts.makeTicket(ann.token);
    const chat = (await connect(ticket)) as ChatSocket;
    expect(chat.frames[0]).toMatchObject({ type: 'hello', payload: { user: { name: 'ann', role: 'user' } } });
    expect(await connect(ticket)).toMatchObject({ status: 401 });
    await chat.close();
  });

  test('belong to nobody’s address', async () => {
    const chat = (await connect(await accounts.makeTicket(ann.token), '127.0.0.2')) as ChatSocket;
    await chat.close();
  });

  test('are won by one of many who come at once', async () => {
    const ticket = await accounts.makeTicket(ann.token);
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => connect(ticket)));
    const winners = outcomes.filter((one) => one instanceof ChatSocket);
    expect(winners).toHaveLength(1);
    for (const one of outcomes) if (one instanceof HandshakeRefused) expect(one.status).toBe(401);
    await winners[0]!.close();
  });

  test('end with their session', async () => {
    const login = await accounts.signIn('ann');
    const ticket = await accounts.makeTicket(login.token);
    await accounts.post('/v1/auth/logout', {}, { bearer: login.token });
    expect(await connect(ticket)).toMatchObject({ status: 401 });
  });

  test('are given to keys and fixed tokens too, to nobody else', async () => {
    const { key } = await accounts.makeKey(ann.token);
    for (const bearer of [key, token]) await ((await connect(await accounts.makeTicket(bearer))) as ChatSocket).close();
    expect((await accounts.post('/v1/ws-tickets', {})).status).toBe(401);
    expect(await connect('x'.repeat(10_000))).toMatchObject({ status: 401 });
  });

  test('do not let pages of other sites in', async () => {
    const ticket = await accounts.makeTicket(ann.token);
    const refused = await ChatSocket.connect(`${gateway.chatUrl}?ticket=${ticket}`, {
      bearer: '',
      origin: 'https://evil.example',
    }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ status: 403 });
  });
});

describe('a socket ends with its session', () => {
  test('signing out everywhere closes all of a user’s sockets within a second, and nobody else’s', async () => {
    const bob = await accounts.signUp('bob');
    const again = await accounts.signIn('bob');
    const carol = await accounts.signUp('carol');
    const hers = await ChatSocket.connectFull(gateway.chatUrl, { bearer: carol.token });
    const his = [...(await sockets(bob.token, 2)), ...(await sockets(again.token, 1))];
    const begin = performance.now();
    expect((await accounts.post('/v1/auth/logout-all', {}, { bearer: bob.token })).status).toBe(204);
    await expectOver(his, 1_000);
    console.log(`closed after ${(performance.now() - begin).toFixed(0)} ms`);
    expect(performance.now() - begin).toBeLessThan(1_000);
    await expectOpen(hers);
    await hers.close();
  });

  test('signing out once closes the sockets of that session alone', async () => {
    const here = await accounts.signUp('dora');
    const there = await accounts.signIn('dora');
    const [first] = await sockets(here.token, 1);
    const [second] = await sockets(there.token, 1);
    await accounts.post('/v1/auth/logout', {}, { bearer: here.token });
    await expectOver([first!], 1_000);
    await expectOpen(second!);
    await second!.close();
  });

  test('a revoked key closes the sockets of that key alone', async () => {
    const login = await accounts.signUp('erna');
    const gone = await accounts.makeKey(login.token, 'gone');
    const kept = await accounts.makeKey(login.token, 'kept');
    const ended = await sockets(gone.key, 2);
    const open = [...(await sockets(kept.key, 1)), ...(await sockets(login.token, 1))];
    await accounts.call(`/v1/keys/${gone.id}`, { method: 'DELETE', bearer: login.token });
    await expectOver(ended, 1_000);
    for (const chat of open) {
      await expectOpen(chat);
      await chat.close();
    }
  });

  test('disabling a user from the command line closes all sockets, of keys too', async () => {
    const login = await accounts.signUp('fritz');
    const { key } = await accounts.makeKey(login.token);
    const all = [...(await sockets(login.token, 1)), ...(await sockets(key, 1))];
    expect(await gateway.command(['user', 'disable', 'fritz'])).toMatchObject({ code: 0 });
    await expectOver(all, 5_000);
    for (const bearer of [login.token, key]) expect((await accounts.call('/v1/me', { bearer })).status).toBe(401);
  });

  test('what was being answered goes on and can be resumed', async () => {
    const login = await accounts.signUp('gerd');
    const [chat] = await sockets(login.token, 1);
    const text = 'one two three four five six seven eight nine ten';
    chat!.send({ type: 'chat', id: 'a', payload: { content: text } });
    const { generation_id } = await chat!.first('started', 'a');
    await chat!.deltas(1, 'a');
    await accounts.post('/v1/auth/logout-all', {}, { bearer: login.token });
    await expectOver([chat!], 1_000);
    const [next] = await sockets((await accounts.signIn('gerd')).token, 1);
    next!.send({ type: 'resume', id: 'b', payload: { generation_id: generation_id!, after: 0 } });
    expect((await next!.answer('b')).text).toBe(mockText(text));
    await next!.close();
  });

  test('a session that nobody refreshes runs out, and its sockets with it', async () => {
    const short = await Gateway.start({ auth: { token_ttl: '1s', refresh_ttl: '1s' } });
    const { token: bearer } = await new Accounts(short).signUp('ann');
    const chat = await ChatSocket.connectFull(short.chatUrl, { bearer });
    await expectOver([chat], 5_000);
    await short.stop();
  });
});
