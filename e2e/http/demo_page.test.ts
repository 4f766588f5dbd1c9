import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityFaults, keepPicture, startBrowser } from '../harness/browser.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { mockReasoning, mockText } from '../harness/mock_answer.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

let gateway: Gateway;
let provider: ScriptedProvider;
let browser: Browser;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: { mock: { type: 'mock', delay_ms: 2 }, scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
  });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  await provider?.stop();
});

interface Visit {
  page: Page;
  troubles: string[];
}

async function visit(url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const troubles: string[] = [];
  page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
  page.on('pageerror', (error) => troubles.push(String(error)));
  await page.goto(url);
  return { page, troubles };
}

async function connect(page: Page, secret: string = token): Promise<void> {
  await page.getByLabel('Token').fill(secret);
  await page.getByRole('button', { name: 'Connect' }).click();
}

const connected = (page: Page): Promise<void> =>
  page.getByRole('status').getByText('connected', { exact: true }).waitFor();
const lastAnswer = (page: Page) => page.locator('article.theirs').last();
const words = (page: Page): Promise<string> => lastAnswer(page).locator('p.text').innerText();

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message').fill(text);
  await page.keyboard.press('Enter');
}

async function answered(page: Page): Promise<void> {
  await page.locator('article.theirs:last-child[aria-busy=false]').waitFor();
}

describe('/demo', () => {
  test('token, Connect, a message, and the answer streams in character by character', async () => {
    const { page, troubles } = await visit(`${gateway.url}/demo`);
    await page.evaluate(`
      window.lengths = [];
      new MutationObserver(() => {
        const text = document.querySelector('article.theirs p.text');
        if (text) window.lengths.push(text.textContent.length);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    `);
    await connect(page);
    await connected(page);
    await say(page, 'Hello 你好 👋');
    await answered(page);
    expect(await words(page)).toBe(mockText('Hello 你好 👋'));
    expect(await lastAnswer(page).locator('p.reasoning').innerText()).toBe(mockReasoning('Hello 你好 👋'));
    const lengths = (await page.evaluate('window.lengths')) as number[];
    expect(new Set(lengths).size).toBeGreaterThan(20); // the page was seen growing, not appearing
    await say(page, 'And again');
    await answered(page);
    expect(await words(page)).toBe(mockText('And again'));
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('what the model says is text, never markup', async () => {
    const { page, troubles } = await visit(`${gateway.url}/demo`);
    await connect(page);
    await connected(page);
    await page.getByLabel('Model').selectOption('scripted');
    await say(page, '<img src=x onerror="alert(1)">');
    (await provider.call()).text('<b>bold</b><script>alert(2)</script>').finish();
    await answered(page);
    expect(await words(page)).toBe('<b>bold</b><script>alert(2)</script>');
    expect(await page.locator('article b, article img, article script').count()).toBe(0);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('says what went wrong: a bad token, a failing provider, a lost connection', async () => {
    const { page } = await visit(`${gateway.url}/demo`);
    await connect(page, 'wrong');
    await page
      .getByRole('status')
      .getByText(/refused/)
      .waitFor();
    await connect(page);
    await connected(page);
    await page.getByLabel('Model').selectOption('scripted');
    await say(page, 'x');
    const call = (await provider.call()).text('half');
    await lastAnswer(page).getByText('half').waitFor();
    call.cut();
    await page
      .locator('article.failed')
      .getByText(/\(502\)/)
      .waitFor();
    expect(await words(page)).toBe('half');
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByRole('status').getByText('not connected').waitFor();
    await page.context().close();
  });

  test('works with the keyboard alone', async () => {
    const { page } = await visit(`${gateway.url}/demo`);
    await page.locator('#token:focus').waitFor(); // by itself
    await page.keyboard.type(token);
    await page.keyboard.press('Enter');
    await connected(page);
    await page.keyboard.type('by hand');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('twice');
    await page.keyboard.press('Enter');
    await answered(page);
    expect(await words(page)).toBe(mockText('by hand\ntwice'));
    await page.context().close();
  });

  test('is served with the headers of a careful page, and asks nobody else for anything', async () => {
    const response = await fetch(`${gateway.url}/demo`);
    expect(response.headers.get('content-type')).toMatch(/^text\/html; ?charset=utf-8/i);
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'|default-src 'self'/);
    expect(response.headers.get('content-security-policy')).not.toMatch(/script-src[^;]*'unsafe-(inline|eval)'/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).not.toMatch(/(src|href)="https?:/);
  });

  test('opens from disk, with the address of the server', async () => {
    const file = join(gateway.directory, 'demo.html');
    await writeFile(file, await (await fetch(`${gateway.url}/demo`)).text());
    const { page } = await visit(`file://${file}`);
    await page.getByLabel('Address').fill(gateway.chatUrl);
    await connect(page);
    await connected(page);
    await say(page, 'from disk');
    await answered(page);
    expect(await words(page)).toBe(mockText('from disk'));
    await page.context().close();
  });
});

describe.each([
  ['desktop', { width: 1280, height: 800 }],
  ['phone', { width: 390, height: 844 }],
] as const)('on a %s', (device, viewport) => {
  test.each(['light', 'dark'] as const)('in %s, nothing is hard to read or reach', async (colorScheme) => {
    const { page } = await visit(`${gateway.url}/demo`, {
      viewport,
      colorScheme,
      isMobile: device === 'phone',
      hasTouch: device === 'phone',
    });
    expect(await accessibilityFaults(page)).toEqual([]);
    await keepPicture(page, `demo-${device}-${colorScheme}-first`);
    await connect(page);
    await connected(page);
    await say(page, 'Why is the sky blue?');
    await answered(page);
    await page.getByLabel('Model').selectOption('scripted');
    await say(page, 'And at sunset?');
    const call = await provider.call();
    call
      .reasoning('Longer path through the air.')
      .text('Because the light has come a longer way, and most of the blue is gone');
    await lastAnswer(page).getByText('blue is gone').waitFor();
    await keepPicture(page, `demo-${device}-${colorScheme}-streaming`);
    call.cut();
    await page.locator('article.failed').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await keepPicture(page, `demo-${device}-${colorScheme}-failed`);
    await page.context().close();
  });
});
