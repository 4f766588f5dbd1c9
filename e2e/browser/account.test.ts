import OpenAI from 'openai';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityFaults, keepPicture, startBrowser } from '../harness/browser.ts';
import { signal, within } from '../harness/deadline.ts';
import { Gateway } from '../harness/gateway.ts';
import { mockText } from '../harness/mock_answer.ts';
import { password, somebody, Visitor } from './visitor.ts';

let gateway: Gateway;
let browser: Browser;

beforeAll(async () => {
  gateway = await Gateway.start();
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
});

describe('the way in', () => {
  test('register, sign out, a wrong password, and in again', async () => {
    const name = somebody();
    const visitor = await Visitor.come(browser, gateway.url);
    await visitor.isOutside();
    await visitor.page.getByRole('link', { name: 'Create an account' }).click();
    await visitor.fillEntry(name);
    await visitor.page.getByRole('button', { name: 'Create account' }).click();
    await visitor.page.getByRole('heading', { name: `Hello, ${name}` }).waitFor();
    await visitor.page.getByRole('link', { name: /^Settings/ }).click();
    await visitor.page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await visitor.isOutside();
    await visitor.signIn(name, 'not the password at all');
    await visitor.page.getByRole('alert').waitFor();
    await visitor.signIn(name);
    await visitor.page.getByRole('heading', { name: 'Settings' }).or(visitor.message).first().waitFor();
    expect(visitor.troubles).toEqual([]);
    await visitor.leave();
  });

  test('what is wrong with a name or a password stands beside it', async () => {
    const name = somebody();
    const first = await Visitor.come(browser, gateway.url, { path: '/register' });
    await first.fillEntry(name, 'short');
    await first.page.getByRole('button', { name: 'Create account' }).click();
    await first.page.locator('input[aria-invalid=true][type=password]').waitFor();
    await first.fillEntry(name);
    await first.page.getByRole('button', { name: 'Create account' }).click();
    await first.isInside();
    const second = await Visitor.come(browser, gateway.url, { path: '/register' });
    await second.fillEntry(name);
    await second.page.getByRole('button', { name: 'Create account' }).click();
    await second.page.getByText(/taken/i).waitFor();
    await first.leave();
    await second.leave();
  });

  test('who comes to a page inside is asked who it is, and then brought there and nowhere else', async () => {
    const visitor = await Visitor.register(browser, gateway.url);
    const name = await visitor.name();
    await visitor.leave();
    const again = await Visitor.come(browser, gateway.url, { path: '/settings' });
    await again.signIn(name);
    await again.page.getByRole('heading', { name: 'API keys' }).waitFor();
    await again.leave();
    const lured = await Visitor.come(browser, gateway.url, { path: '/login?next=//evil.example/x' });
    await lured.signIn(name);
    await lured.isInside();
    expect(new URL(lured.page.url()).origin).toBe(gateway.url);
    // Nor is who is inside already.
    for (const next of ['https://evil.example/x', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      await lured.page.goto(`${gateway.url}/login?next=${encodeURIComponent(next)}`);
      await lured.isInside();
      expect(lured.page.url()).toBe(`${gateway.url}/`);
    }
    await lured.page.goto(`${gateway.url}/login?next=%2Fsettings`);
    await lured.page.getByRole('heading', { name: 'API keys' }).waitFor();
    await lured.leave();
  });

  test('a reload stays inside, and no script can read what keeps it there', async () => {
    const visitor = await Visitor.register(browser, gateway.url);
    for (let i = 0; i < 3; ++i) {
      await visitor.page.reload();
      await visitor.isInside();
    }
    const seen = await visitor.page.evaluate('JSON.stringify([document.cookie, localStorage, sessionStorage])');
    expect(seen).not.toMatch(/eyJ|sluice_refresh|token/);
    const cookies = await visitor.context.cookies(`${gateway.url}/v1/auth/refresh`);
    expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }]);
    await visitor.leave();
  });

  test('two windows of one browser that are opened at once both stay inside', async () => {
    const visitor = await Visitor.register(browser, gateway.url);
    const windows = await Promise.all([1, 2, 3].map(() => visitor.secondWindow('/')));
    await Promise.all(windows.map((window) => window.isInside()));
    await Promise.all([visitor, ...windows].map(({ page }) => page.reload()));
    await Promise.all([visitor, ...windows].map((window) => window.isInside()));
    await visitor.leave();
  });
});

test('signing out everywhere closes all sockets within a second, and every window shows the way in', async () => {
  const visitor = await Visitor.register(browser, gateway.url);
  const name = await visitor.name();
  const elsewhere = await Visitor.come(browser, gateway.url);
  const closed = signal<number>();
  elsewhere.page.once('websocket', (socket) => socket.once('close', () => closed.resolve(performance.now())));
  await elsewhere.signIn(name);
  await elsewhere.isInside();
  await elsewhere.say('hello');
  await elsewhere.answer();
  const window = await visitor.secondWindow('/');
  await window.isInside();
  await visitor.page.getByRole('link', { name: /^Settings/ }).click();
  const asked = visitor.page.waitForRequest(/logout-all/).then(() => performance.now());
  await visitor.page.getByRole('button', { name: 'Sign out everywhere' }).click();
  expect((await within('the socket to close', closed.promise)) - (await asked)).toBeLessThan(1000);
  await Promise.all([visitor, elsewhere, window].map((one) => one.isOutside()));
  await elsewhere.page.getByText('Your session has ended').waitFor();
  await elsewhere.page.reload();
  await elsewhere.isOutside();
  await visitor.leave();
  await elsewhere.leave();
});

test('signing out ends this browser only', async () => {
  const visitor = await Visitor.register(browser, gateway.url);
  const name = await visitor.name();
  const elsewhere = await Visitor.come(browser, gateway.url);
  await elsewhere.signIn(name);
  await elsewhere.isInside();
  const window = await visitor.secondWindow('/settings');
  await window.page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await window.isOutside();
  await visitor.isOutside();
  await elsewhere.say('still here');
  expect(await elsewhere.answer()).toBe(mockText('still here'));
  await visitor.leave();
  await elsewhere.leave();
});

test('an API key is shown once, works in the official SDK, and ends when it is revoked', async () => {
  const visitor = await Visitor.register(browser, gateway.url);
  const { page } = visitor;
  await page.goto(`${gateway.url}/settings`);
  await page.getByRole('button', { name: 'Create a key' }).click();
  await page.getByLabel('Name').fill('laptop');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  const key = await page.locator('[data-part=secret]').innerText();
  expect(key).toMatch(/^sk-slc-/);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByText('laptop').waitFor();
  expect(await page.content()).not.toContain(key);

  const sdk = new OpenAI({ apiKey: key, baseURL: gateway.openaiUrl, maxRetries: 0 });
  const ask = () => sdk.chat.completions.create({ model: 'mock', messages: [{ role: 'user', content: 'by key' }] });
  expect((await ask()).choices[0]!.message.content).toBe(mockText('by key'));
  await page.getByRole('button', { name: 'Revoke laptop' }).click();
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByText('There are none yet').waitFor();
  await expect(ask()).rejects.toMatchObject({ status: 401 });
  expect(visitor.troubles).toEqual([]);
  await visitor.leave();
});

test('a new password takes the place of the old one, and other devices are signed out', async () => {
  const visitor = await Visitor.register(browser, gateway.url);
  const name = await visitor.name();
  const elsewhere = await Visitor.come(browser, gateway.url);
  await elsewhere.signIn(name);
  await elsewhere.isInside();
  await visitor.page.goto(`${gateway.url}/settings`);
  await visitor.page.getByLabel('Current password').fill('not the password at all');
  await visitor.page.getByLabel('New password').fill('a new and better password');
  await visitor.page.getByRole('button', { name: 'Change password' }).click();
  await visitor.page.getByText('Current password is wrong.').waitFor();
  await keepPicture(visitor.page, 'settings-wrong-password');
  await visitor.page.getByLabel('Current password').fill(password);
  await visitor.page.getByLabel('New password').fill('short');
  await visitor.page.getByRole('button', { name: 'Change password' }).click();
  await visitor.page.getByText(/^New password is too short/).waitFor();
  await visitor.page.getByLabel('New password').fill('a new and better password');
  await visitor.page.getByRole('button', { name: 'Change password' }).click();
  await visitor.page.getByText('The password is changed').waitFor();
  await elsewhere.isOutside();
  await elsewhere.signIn(name, 'a new and better password');
  await elsewhere.isInside();
  await visitor.page.reload();
  await visitor.page.getByRole('heading', { name: 'API keys' }).waitFor();
  await visitor.leave();
  await elsewhere.leave();
});

test('who takes the place of somebody else in the same window finds nothing of theirs', async () => {
  const visitor = await Visitor.register(browser, gateway.url);
  await visitor.say('a secret of mine');
  await visitor.answer();
  await visitor.thread('a secret of mine').waitFor();
  const name = somebody('other');
  // As a page elsewhere on this host could: the cookie is another user's from now on, and no window hears of it.
  await visitor.page.evaluate(
    async ([username, secret]) => {
      for (const path of ['/register', '/login']) {
        const body = JSON.stringify({ username, password: secret });
        await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      }
    },
    [name, password],
  );
  // The next call finds that its token is no good any more.
  let isRefused = false;
  await visitor.page.route('**/v1/conversations?*', async (route) => {
    if (isRefused) return route.continue();
    isRefused = true;
    await route.fulfill({ status: 401, json: { error: { code: 401, type: 'unauthenticated', message: 'over' } } });
  });
  await visitor.page.keyboard.press('Control+K');
  await visitor.page.keyboard.type('secret');
  await visitor.page.getByRole('link', { name: `Settings · ${name}` }).waitFor();
  await visitor.page.getByText('Your conversations will be here').waitFor();
  expect(await visitor.page.getByText('a secret of mine').count()).toBe(0);
  await visitor.page.getByRole('link', { name: 'New chat' }).click();
  await visitor.say('mine alone');
  await visitor.answer();
  await visitor.thread('mine alone').waitFor();
  expect(await visitor.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link').count()).toBe(1);
  await visitor.leave();
});

test('there is a page that says that there is no such page, for people', async () => {
  const visitor = await Visitor.come(browser, gateway.url, { path: '/nonsense/of/mine?a=1' });
  await visitor.page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  await keepPicture(visitor.page, 'not-found');
  expect(await accessibilityFaults(visitor.page)).toEqual([]);
  await visitor.page.getByRole('link', { name: 'To the chat' }).click();
  await visitor.isOutside();
  expect(visitor.troubles).toEqual([]);
  await visitor.leave();
});
