import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Accounts } from '../harness/accounts.ts';
import { Admin, firstAdmin } from '../harness/admin.ts';
import { accessibilityFaults, keepPicture, startBrowser } from '../harness/browser.ts';
import { Gateway } from '../harness/gateway.ts';
import { somebody, Visitor } from './visitor.ts';

let gateway: Gateway;
let browser: Browser;
let root: Admin;

beforeAll(async () => {
  gateway = await Gateway.start();
  browser = await startBrowser();
  root = await Admin.first(new Accounts(gateway));
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
});

async function enter(path = '/admin', options = {}): Promise<Visitor> {
  const visitor = await Visitor.come(browser, gateway.url, { path, ...options });
  const { username, password } = firstAdmin(gateway);
  await visitor.signIn(username, password);
  await visitor.page.getByRole('navigation', { name: 'Administration' }).waitFor();
  return visitor;
}

describe('the page of the administration', () => {
  test('is not for everybody', async () => {
    const visitor = await Visitor.register(browser, gateway.url);
    await visitor.page.goto(`${gateway.url}/admin`);
    await visitor.page.getByRole('heading', { name: 'This is for admins' }).waitFor();
    await visitor.page.getByRole('button', { name: 'Sign out' }).click();
    await visitor.isOutside();
    expect(visitor.troubles).toEqual([]);
    await visitor.leave();
  });

  test('its policy allows its own scripts and nothing else', async () => {
    const page = await fetch(`${gateway.url}/admin`);
    expect(page.status).toBe(200);
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  test('a user is made, signs in, is made an admin, disabled, and all of it is in the log', async () => {
    const name = somebody('member');
    const visitor = await enter();
    const { page } = visitor;
    await page.getByRole('button', { name: 'Create a user' }).click();
    await page.getByLabel('Username').fill(name);
    await page.getByLabel('Username').press('Enter');
    const password = await page.locator('[data-part=secret]').innerText();
    await page.getByRole('button', { name: 'Done' }).click();
    const made = await Admin.signIn(root.accounts, { username: name, password });
    expect(made.login.role).toBe('user');

    await page.getByRole('searchbox').fill(name.slice(2).toUpperCase());
    await page.getByRole('list', { name: 'Users' }).getByRole('link', { name }).click();
    await page.getByRole('button', { name: 'Make an admin' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make an admin' }).click();
    await page.getByText('Admin', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
    await page.getByText('Disabled', { exact: true }).waitFor();
    expect((await root.accounts.call('/v1/me', { bearer: made.login.token })).status).toBe(401);
    await page
      .getByRole('listitem')
      .filter({ hasText: `admin disabled ${name}` })
      .waitFor();

    await page.getByRole('link', { name: 'Audit log' }).click();
    await page
      .getByRole('listitem')
      .filter({ hasText: `created the account ${name}` })
      .waitFor();
    expect(visitor.troubles).toEqual([]);
    await visitor.leave();
  });

  test('keys of others, and a password that is shown once', async () => {
    const { id, admin } = await root.make(somebody());
    const visitor = await enter(`/admin#users/${id}`);
    const { page } = visitor;
    await page.getByRole('button', { name: 'Create a key' }).click();
    await page.getByLabel('Name').fill('nightly');
    await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
    const key = await page.locator('[data-part=secret]').innerText();
    expect((await root.accounts.call('/v1/me', { bearer: key })).body.user_id).toBe(id);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Revoke nightly' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('There are none yet.').waitFor();
    expect((await root.accounts.call('/v1/me', { bearer: key })).status).toBe(401);

    await page.getByRole('button', { name: 'Reset the password' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
    const password = await page.locator('[data-part=secret]').innerText();
    await Admin.signIn(root.accounts, { username: admin.login.username, password });
    expect(visitor.troubles).toEqual([]);
    await visitor.leave();
  });

  test('what would lock oneself out is refused in words', async () => {
    const visitor = await enter();
    const { page } = visitor;
    await page
      .getByRole('list', { name: 'Users' })
      .getByRole('link', { name: /^admin/ })
      .click();
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('alert').filter({ hasText: 'You cannot disable yourself' }).waitFor();
    await visitor.leave();
  });

  test('who is demoted finds himself outside', async () => {
    const { id, admin } = await root.make(somebody(), 'admin');
    const reset = await root.call(`/users/${id}/password`, { method: 'POST' });
    const visitor = await Visitor.come(browser, gateway.url, { path: '/admin' });
    await visitor.signIn(admin.login.username, reset.body.password);
    await visitor.page.getByRole('list', { name: 'Users' }).waitFor();
    await root.call(`/users/${id}`, { method: 'PATCH', body: { role: 'user' } });
    await visitor.page.getByRole('link', { name: 'Audit log' }).click();
    await visitor.isOutside();
    await visitor.leave();
  });
});

// What is wider than its place, but for what scrolls by itself.
const wider = `[...document.querySelectorAll('html, header, main, main *, [role=dialog] *')]
  .filter((box) => box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 1)
  .filter((box) => getComputedStyle(box).overflowX === 'visible' || box.tagName === 'HTML')
  .filter((box) => getComputedStyle(box).display !== 'inline' && !box.closest('svg, .sr-only, [role=region]'))
  .map((box) => box.outerHTML.slice(0, 200))`;

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

describe.each(['light', 'dark'] as const)('in the %s', (colorScheme) => {
  test.each(Object.keys(sizes) as (keyof typeof sizes)[])('on a %s', async (size) => {
    const body = { model: 'mock', messages: [{ role: 'user', content: 'Hello' }] };
    await root.accounts.post('/v1/chat/completions', body, { bearer: root.login.token });
    const visitor = await enter('/admin', { colorScheme, viewport: sizes[size] });
    const { page } = visitor;
    const look = async (name: string): Promise<void> => {
      expect(await page.evaluate(wider), name).toEqual([]);
      expect(await accessibilityFaults(page), name).toEqual([]);
      await keepPicture(page, `admin-${name}-${size}-${colorScheme}`);
    };
    const go = (name: string) => page.getByRole('link', { name, exact: true }).click();
    await page.getByRole('list', { name: 'Users' }).waitFor();
    await look('users');
    await page.getByRole('button', { name: 'Create a user' }).click();
    await look('create');
    await page.keyboard.press('Escape');
    await page.getByRole('list', { name: 'Users' }).getByRole('link').first().click();
    await page.getByRole('heading', { name: 'API keys' }).waitFor();
    await look('user');
    await go('Usage');
    await page.getByRole('row', { name: /Total/ }).waitFor();
    await look('usage');
    await go('Nodes');
    await page.getByText('Connections').first().waitFor();
    await look('nodes');
    await go('Audit log');
    await page.getByRole('list', { name: 'Audit log' }).waitFor();
    await look('audit');
    expect(visitor.troubles).toEqual([]);
    await visitor.leave();
  });
});
