import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { accessibilityFaults, keepPicture, startBrowser } from '../harness/browser.ts';
import { Gateway } from '../harness/gateway.ts';
import { Line } from '../harness/line.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';
import { password, Visitor } from './visitor.ts';

// What cannot be had or shown says so, in its place, and comes when it can.

let gateway: Gateway;
let provider: ScriptedProvider;
let browser: Browser;
let line: Line;

/** A gateway; with `before`, in the place of that one and on what it has kept. */
const startGateway = (before?: Gateway): Promise<Gateway> =>
  Gateway.start(
    {
      providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
      models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
    },
    {},
    `127.0.0.1:${before?.port ?? 0}`,
    before?.directory,
  );

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await startGateway();
  line = await Line.to(gateway.port);
  browser = await startBrowser();
});
afterEach(() => line.up());
afterAll(async () => {
  await browser?.close();
  await line?.close();
  await gateway?.stop();
  await provider?.stop();
});

/** From another device, over another line. */
async function deleteElsewhere(name: string, conversationId: string): Promise<void> {
  const call = async (method: string, path: string, token?: string, body?: unknown): Promise<Response> => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(gateway.url + path, {
      method,
      headers,
      body: body ? JSON.stringify(body) : undefined,
    });
    expect(response.ok).toBe(true);
    return response;
  };
  const login = await call('POST', '/login', undefined, { username: name, password });
  const { token } = (await login.json()) as { token: string };
  await call('DELETE', `/v1/conversations/${conversationId}`, token);
}

test('an answer that is refused after a break keeps what came, and says why there is no more', async () => {
  const visitor = await Visitor.register(browser, line.url);
  await visitor.chooseModel('scripted');
  const name = await visitor.name();
  await visitor.say('x');
  (await provider.call()).text('one ');
  await visitor.sees('one');
  await visitor.thread('x').waitFor();
  await expect.poll(() => new URL(visitor.page.url()).pathname).toMatch(/^\/c\/conv_/);
  // Its conversation is read from what this window has kept, so that what is said of the answer can be seen.
  await visitor.page.route('**/v1/conversations/*', (route) => route.abort());
  line.down();
  await visitor.page.getByRole('status').getByText('Reconnecting').waitFor();
  await deleteElsewhere(name, new URL(visitor.page.url()).pathname.split('/')[2]!);
  line.up();
  expect(await visitor.answer()).toBe('one');
  await visitor.answers.getByRole('status').getByText('There is no generation').waitFor();
  await keepPicture(visitor.page, 'chat-refused');
  await visitor.page.unroute('**/v1/conversations/*');
  await visitor.leave();
});

test('a page that is opened while the line is down comes when it is back', async () => {
  const visitor = await Visitor.come(browser, line.url, { path: '/register' });
  const isSettings = (url: URL): boolean => /settings_page/.test(url.pathname);
  await visitor.page.route(isSettings, (route) => route.abort());
  await visitor.fillEntry(`late-${process.pid}`);
  await visitor.page.getByRole('button', { name: 'Create account' }).click();
  await visitor.isInside();
  await visitor.page.getByRole('link', { name: /^Settings/ }).click();
  await visitor.page.getByRole('alert').getByText('cannot be shown').waitFor();
  await keepPicture(visitor.page, 'chat-error');
  expect(await accessibilityFaults(visitor.page)).toEqual([]);
  const again = visitor.page.getByRole('button', { name: 'Try again' });
  await Promise.all([visitor.page.waitForEvent('load'), again.click()]);
  await again.waitFor();
  await visitor.page.unroute(isSettings);
  await again.click();
  await visitor.page.getByRole('heading', { name: 'API keys' }).waitFor();
  await visitor.leave();
});

test('the settings are there for who has been inside before the line broke', async () => {
  const visitor = await Visitor.come(browser, line.url, { path: '/register' });
  const arrived = visitor.page.waitForResponse((response) => response.url().includes('settings_page'));
  await visitor.fillEntry(`early-${process.pid}`);
  await visitor.page.getByRole('button', { name: 'Create account' }).click();
  await visitor.isInside();
  await (await arrived).finished();
  line.down();
  await visitor.page.getByRole('link', { name: /^Settings/ }).click();
  await visitor.page.getByRole('heading', { name: 'Appearance' }).waitFor();
  await visitor.leave();
});

test('what was read of an answer stays when its server is killed, and is said to have been interrupted', async () => {
  const visitor = await Visitor.register(browser, line.url);
  await visitor.chooseModel('scripted');
  await visitor.say('x');
  (await provider.call()).text('one ').text('two');
  await visitor.sees('one two');
  await expect.poll(() => new URL(visitor.page.url()).pathname).toMatch(/^\/c\/conv_/);
  await gateway.kill();
  await visitor.page.getByRole('status').getByText('Reconnecting').waitFor();
  await visitor.sees('one two');
  gateway = await startGateway(gateway);
  await gateway.recovered();
  await visitor.answers.getByText(/restarted|interrupted/).waitFor();
  expect(await visitor.answer()).toBe('one two');
  await keepPicture(visitor.page, 'chat-interrupted');
  await visitor.say('y');
  (await provider.call()).text('three').finish();
  expect(await visitor.answer(1)).toBe('three');
  expect(await visitor.answer(0)).toBe('one two');
  await visitor.leave();
});
