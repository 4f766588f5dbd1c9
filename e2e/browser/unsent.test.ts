import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { accessibilityFaults, keepPicture, startBrowser } from '../harness/browser.ts';
import { Gateway } from '../harness/gateway.ts';
import { Line } from '../harness/line.ts';
import { mockText } from '../harness/mock_answer.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';
import { Visitor } from './visitor.ts';

// What is not sent, or not taken, is not lost, and does not stand in the way of the rest.

let gateway: Gateway;
let provider: ScriptedProvider;
let browser: Browser;
let line: Line;
let visitor: Visitor;
let sockets: number;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
  });
  line = await Line.to(gateway.port);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await line?.close();
  await gateway?.stop();
  await provider?.stop();
});
beforeEach(async () => {
  visitor = await Visitor.register(browser, line.url);
  sockets = 1;
  visitor.page.on('websocket', () => ++sockets);
});
afterEach(async () => {
  line.up();
  expect(visitor.troubles).toEqual([]);
  await visitor.leave();
});

const lineIsDown = async (): Promise<void> => {
  line.down();
  await visitor.page.getByRole('status').getByText('Reconnecting').waitFor();
};

test.each(['begins a conversation', 'goes on with one'])(
  'a message that is too long and %s can be shortened',
  async (where) => {
    const isSecond = where.startsWith('goes');
    if (isSecond) {
      await visitor.say('first');
      await visitor.answer();
      await expect.poll(() => new URL(visitor.page.url()).pathname).toMatch(/^\/c\//);
    }
    const long = 'Too long for words. '.repeat(15_000);
    await visitor.say(long);
    await visitor.page.getByRole('alert').getByText('too long').waitFor();
    expect(await visitor.message.inputValue()).toBe(long);
    await keepPicture(visitor.page, `chat-too-long-${isSecond ? 'second' : 'first'}`);
    expect(await accessibilityFaults(visitor.page)).toEqual([]);
    expect(await visitor.questions.count()).toBe(Number(isSecond));
    sockets = 0;
    await visitor.page.reload();
    if (isSecond) await visitor.answer();
    await expect.poll(() => sockets).toBe(1);
    await expect.poll(() => visitor.message.inputValue()).toBe(long);
    await visitor.message.press('Enter');
    await visitor.page.getByRole('alert').getByText('too long').waitFor();
    await visitor.say('short');
    expect(await visitor.answer(Number(isSecond))).toBe(mockText('short'));
    expect(await visitor.page.getByRole('alert').count()).toBe(0);
    expect(sockets).toBe(1);
    await visitor.page.reload();
    expect(await visitor.answer(Number(isSecond))).toBe(mockText('short'));
    expect(await visitor.message.inputValue()).toBe('');
  },
);

test('half a character is sent as what it is not', async () => {
  await visitor.message.fill('x');
  await visitor.message.evaluate((area) => {
    const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')!;
    set!.call(area, 'half \ud83d of it');
    area.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await visitor.message.press('Enter');
  expect(await visitor.answer()).toBe(mockText('half \ufffd of it'));
});

test('what was sent while the line was down is a draft again for who comes back, and is not sent', async () => {
  await visitor.say('first');
  await visitor.answer();
  await expect.poll(() => new URL(visitor.page.url()).pathname).toMatch(/^\/c\//);
  const address = visitor.page.url();
  await lineIsDown();
  await visitor.say('second');
  await visitor.questions.getByText('second').waitFor();
  await visitor.message.fill('and a third');
  await visitor.page.goto('about:blank');
  line.up();
  await visitor.page.goto(address);
  await visitor.answer();
  await expect.poll(() => visitor.message.inputValue()).toBe('second\n\nand a third');
  expect(await visitor.questions.count()).toBe(1);
  await visitor.page.reload();
  await expect.poll(() => visitor.message.inputValue()).toBe('second\n\nand a third');
  await visitor.message.press('Enter');
  expect(await visitor.answer(1)).toBe(mockText('second\n\nand a third'));
  await visitor.page.reload();
  await visitor.answer(1);
  expect(await visitor.message.inputValue()).toBe('');
});

test('what was sent is no draft any more once it was taken, wherever its writer is by then', async () => {
  await lineIsDown();
  await visitor.say('hello');
  await visitor.page.getByRole('link', { name: /^Settings/ }).click();
  await visitor.page.getByRole('heading', { name: 'Settings' }).waitFor();
  line.up();
  await visitor.thread('hello').waitFor();
  await visitor.page.getByRole('link', { name: 'New chat' }).click();
  await visitor.isInside();
  expect(await visitor.message.inputValue()).toBe('');
});

test('what is stopped before it was sent can be sent after all', async () => {
  await lineIsDown();
  await visitor.say('hello');
  await visitor.page.getByRole('button', { name: /^Stop/ }).click();
  await visitor.answers.getByText('Stopped').waitFor();
  await keepPicture(visitor.page, 'chat-not-sent');
  line.up();
  await visitor.page.getByText('Reconnecting').waitFor({ state: 'detached' });
  expect(await visitor.questions.count()).toBe(1);
  await visitor.page.getByRole('button', { name: 'Try again' }).click();
  expect(await visitor.answer()).toBe(mockText('hello'));
});
