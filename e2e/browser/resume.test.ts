import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startBrowser } from '../harness/browser.ts';
import { patienceMs } from '../harness/deadline.ts';
import { Gateway } from '../harness/gateway.ts';
import { Line } from '../harness/line.ts';
import { mockText } from '../harness/mock_answer.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';
import { Visitor } from './visitor.ts';

let gateway: Gateway;
let provider: ScriptedProvider;
let browser: Browser;
let line: Line;
let visitor: Visitor;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: { slow: { type: 'mock', delay_ms: 4 }, scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [
      { name: 'scripted', targets: [{ provider: 'scripted' }] },
      { name: 'slow', targets: [{ provider: 'slow' }] },
    ],
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
  await visitor.chooseModel('scripted');
});
afterEach(async () => {
  expect(visitor.troubles).toEqual([]);
  await visitor.leave();
});

test('a reload in mid-answer loses no character', async () => {
  await visitor.say('x');
  const call = (await provider.call()).reasoning('Thinking.').text('one ');
  await visitor.sees('one');
  await visitor.page.reload();
  await visitor.sees('one');
  call.text('two ');
  await visitor.sees('two');
  await visitor.page.reload();
  call.text('three').finish();
  expect(await visitor.answer()).toBe('one two three');
  await visitor.page.reload();
  expect(await visitor.answer()).toBe('one two three');
  await visitor.answers.getByText('Reasoning').click();
  await visitor.answers.getByText('Thinking.').waitFor();
});

test('reloads at any moment of a fast answer lose no character', async () => {
  await visitor.chooseModel('slow');
  const prompt = 'All of it, please. '.repeat(20).trim();
  await visitor.say(prompt);
  await visitor.answers.first().waitFor();
  await expect.poll(() => new URL(visitor.page.url()).pathname).toMatch(/^\/c\//);
  for (let reloads = 0; reloads < 4; ++reloads) {
    await visitor.page.reload();
    await visitor.answers.first().waitFor();
  }
  expect(await visitor.answer(0, 20_000)).toBe(mockText(prompt));
});

test('a second window sees the conversation, and the answer as it is written', async () => {
  await visitor.say('x');
  const call = (await provider.call()).text('one ');
  await visitor.sees('one');
  await expect.poll(() => new URL(visitor.page.url()).pathname).toMatch(/^\/c\//);
  const window = await visitor.secondWindow();
  await window.sees('one');
  call.text('two ');
  await Promise.all([visitor.sees('two'), window.sees('two')]);
  await visitor.page.close();
  call.text('three').finish();
  expect(await window.answer()).toBe('one two three');
});

test('what one window asks, the other shows by itself', async () => {
  await visitor.say('first');
  (await provider.call()).text('1').finish();
  await visitor.answer();
  const window = await visitor.secondWindow();
  await window.answer();
  await visitor.say('second');
  const call = (await provider.call()).text('2');
  await window.questions.getByText('second').waitFor();
  await window.sees('2');
  call.text('!').finish();
  expect(await window.answer(1)).toBe('2!');
});

test('a line that breaks again and again loses no character', async () => {
  await visitor.say('x');
  const call = await provider.call();
  let whole = '';
  for (const word of ['one ', 'two ', 'three ', 'four']) {
    call.text(word);
    whole += word;
    line.cut();
    await visitor.sees(whole.trim());
  }
  call.finish();
  expect(await visitor.answer()).toBe('one two three four');
});

test('a network that is away is said to be, and the answer is there when it is back', async () => {
  await visitor.say('x');
  const call = (await provider.call()).text('one ');
  await visitor.sees('one');
  line.down();
  await visitor.page.getByRole('status').getByText('Reconnecting').waitFor();
  call.text('two ').text('three').finish();
  await visitor.message.fill('written while away');
  line.up();
  expect(await visitor.answer()).toBe('one two three');
  await visitor.page.getByText('Reconnecting').waitFor({ state: 'detached' });
  await visitor.message.press('Enter');
  (await provider.call()).text('four').finish();
  expect(await visitor.answer(1)).toBe('four');
});

test('who does not want to wait for the next attempt need not', async () => {
  // The longest wait every time, so that soon none ends by itself while this test runs.
  await visitor.page.addInitScript('Math.random = () => 0.999');
  await visitor.page.reload();
  await visitor.isInside();
  await visitor.chooseModel('scripted');
  let attempts = 0;
  visitor.page.on('requestfailed', (request) => void (attempts += Number(request.url().endsWith('/v1/ws-tickets'))));
  await visitor.say('x');
  const call = (await provider.call()).text('one ');
  await visitor.sees('one');
  line.down();
  const now = visitor.page.getByRole('button', { name: 'Try now' });
  // Each click fails, and doubles the wait after it: in the end it is longer than anything here has patience.
  for (let wait = 500; wait <= 2 * patienceMs; wait *= 2) {
    const before = attempts;
    await now.click();
    await expect.poll(() => attempts, { timeout: patienceMs }).toBeGreaterThan(before);
  }
  call.text('two').finish();
  line.up();
  await now.click();
  expect(await visitor.answer()).toBe('one two');
});

test('offline and back, as the browser sees it', async () => {
  await visitor.say('x');
  const call = (await provider.call()).text('one ');
  await visitor.sees('one');
  await visitor.context.setOffline(true);
  line.down();
  await visitor.page.getByRole('status').getByText('Offline').waitFor();
  call.text('two').finish();
  line.up();
  await visitor.context.setOffline(false);
  expect(await visitor.answer()).toBe('one two');
});

test('what is sent while the line is down is sent once, when it is back', async () => {
  await visitor.say('first');
  (await provider.call()).text('1').finish();
  await visitor.answer();
  line.down();
  await visitor.page.getByRole('status').getByText('Reconnecting').waitFor();
  await visitor.say('second');
  line.up();
  const call = await provider.call();
  expect(call.prompt).toBe('second');
  call.text('2').finish();
  expect(await visitor.answer(1)).toBe('2');
  await visitor.page.reload();
  expect(await visitor.answer(1)).toBe('2');
  expect(await visitor.questions.count()).toBe(2);
});
