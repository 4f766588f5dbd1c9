import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CredentialsRefused, fullJitterMs } from '../src/index.ts';
import { Stage } from './scripted_server.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('full jitter is anything between 0 and a ceiling that doubles', () => {
  const settings = { firstMs: 100, longestMs: 1000 };
  expect([0, 1, 2, 3, 4, 50].map((attempt) => fullJitterMs(attempt, settings, () => 0.999999))).toEqual(
    [100, 200, 400, 800, 1000, 1000].map((ceiling) => expect.closeTo(ceiling, 1)),
  );
  expect(fullJitterMs(5, settings, () => 0)).toBe(0);
});

describe('a connection', () => {
  test('is opened with the subprotocol and a ticket of its own, over wss', async () => {
    let count = 0;
    const stage = new Stage({ ticket: async () => `t${++count}` });
    await stage.opened();
    expect(stage.socket.url.href).toBe('wss://sluice.example/chat?ticket=t1');
    expect(stage.socket.protocols).toEqual(['sluice.v1']);
    await stage.reconnected();
    expect(stage.socket.url.searchParams.get('ticket')).toBe('t2');
    expect(stage.client.state.name).toBe('open');
  });

  test('that breaks is opened again after longer and longer waits, until it has held', async () => {
    const stage = new Stage();
    await stage.opened();
    for (const wait of [500, 1000, 2000, 4000, 4000]) {
      const before = stage.sockets.length;
      stage.socket.breaks();
      await stage.pass(wait - 1);
      expect(stage.sockets).toHaveLength(before);
      await stage.pass(1);
      expect(stage.sockets).toHaveLength(before + 1);
    }
    stage.socket.hello();
    await stage.pass(10_000);
    stage.socket.breaks();
    expect(stage.client.state).toMatchObject({ name: 'waiting', until: Date.now() + 500 });
  });

  test.each([1013, 4429])('that is closed with %i waits longer than after a broken line', async (code) => {
    const stage = new Stage();
    await stage.opened();
    stage.socket.breaks(code);
    expect(stage.client.state).toMatchObject({ name: 'waiting', until: Date.now() + 4000 });
  });

  test('asks for new credentials after 4401, and stops when there are none', async () => {
    const asked: boolean[] = [];
    let isOver = false;
    const stage = new Stage({
      ticket: async ({ fresh }) => {
        asked.push(fresh);
        if (isOver) throw new CredentialsRefused('signed out');
        return 't';
      },
    });
    await stage.opened();
    stage.socket.breaks(4401);
    await stage.pass(1);
    stage.socket.hello();
    expect(asked).toEqual([false, true]);
    const answer = stage.client.chat({ content: 'x' });
    isOver = true;
    await stage.pass(6000);
    stage.socket.breaks(4401);
    await stage.pass(120_000);
    expect(stage.client.state.name).toBe('signed_out');
    expect(asked).toEqual([false, true, true]);
    await expect(answer.done).rejects.toMatchObject({ type: 'signed_out' });
    isOver = false;
    await stage.opened();
    expect(stage.client.state.name).toBe('open');
  });

  test('that is closed with 4401 and has nobody to ask is signed out', async () => {
    const stage = new Stage();
    await stage.opened();
    stage.socket.breaks(4401);
    await stage.pass(120_000);
    expect(stage.client.state.name).toBe('signed_out');
    expect(stage.sockets).toHaveLength(1);
  });

  test('tries again when no ticket is to be had, and when nobody says hello', async () => {
    let isDown = true;
    const stage = new Stage({ ticket: () => (isDown ? Promise.reject(new Error('down')) : Promise.resolve('t')) });
    stage.client.connect();
    await stage.pass();
    expect(stage.client.state).toMatchObject({ name: 'waiting', reason: 'down' });
    isDown = false;
    await stage.pass(500);
    expect(stage.sockets).toHaveLength(1);
    await stage.pass(15_000);
    expect(stage.sockets[0]!.closedByClient).toBe(true);
    await stage.pass(2000);
    expect(stage.sockets).toHaveLength(2);
  });

  test('is pinged when it is silent, and left when nothing comes back', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    await stage.pass(30_000);
    expect(socket.count('ping')).toBe(1);
    socket.says({ type: 'pong' });
    await stage.pass(29_999);
    expect(socket.count('ping')).toBe(1);
    await stage.pass(10_002);
    expect(socket.closedByClient).toBe(true);
    expect(stage.sockets).toHaveLength(2);
  });

  test('is looked at when the network goes or comes, and tried at once when it is back', async () => {
    const stage = new Stage();
    const socket = await stage.opened();
    stage.events.dispatchEvent(new Event('offline'));
    expect(socket.count('ping')).toBe(1);
    expect(stage.client.state.name).toBe('open');
    await stage.pass(10_000);
    expect(socket.closedByClient).toBe(true);
    stage.socket.breaks();
    expect(stage.client.state.name).toBe('waiting');
    const before = stage.sockets.length;
    stage.events.dispatchEvent(new Event('online'));
    await stage.pass();
    expect(stage.sockets).toHaveLength(before + 1);
  });

  test('says nothing any more once it is left: neither frames nor its end', async () => {
    const stage = new Stage();
    const old = await stage.opened();
    await stage.reconnected();
    old.says({ type: 'notice', payload: { kind: 'draining', within_s: 0 } });
    old.breaks(4401);
    await stage.pass(1);
    expect(stage.client.state.name).toBe('open');
  });

  test('a client that is closed stays closed', async () => {
    const stage = new Stage();
    const answer = stage.client.chat({ content: 'x' });
    await stage.opened();
    stage.client.close();
    stage.events.dispatchEvent(new Event('online'));
    await stage.pass(120_000);
    expect(stage.socket.closedByClient).toBe(true);
    expect(stage.sockets).toHaveLength(1);
    await expect(answer.done).rejects.toMatchObject({ type: 'closed' });
    await expect(stage.client.chat({ content: 'y' }).done).rejects.toMatchObject({ type: 'closed' });
  });
});
