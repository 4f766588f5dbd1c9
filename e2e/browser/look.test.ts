import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityFaults, keepPicture, startBrowser } from '../harness/browser.ts';
import { Gateway } from '../harness/gateway.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';
import { Visitor } from './visitor.ts';

// Pictures of every page and state, for people to look at, and what axe says to each.

let gateway: Gateway;
let provider: ScriptedProvider;
let browser: Browser;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [
      { name: 'scripted', targets: [{ provider: 'scripted' }] },
      { name: 'careful', targets: [{ provider: 'scripted' }] },
    ],
  });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  await provider?.stop();
});

const answer = `A gateway does **three** things:

1. It *authenticates* who asks.
2. It routes, and falls back when a provider fails:
   - by weight
   - by health
3. It streams what comes.

\`\`\`python
async def main(name: str = "world") -> None:
    # Greets.
    print(f"Hello, {name}!", 42)
\`\`\`

| Provider | First token | Price |
|---|---:|---:|
| OpenAI | 320 ms | $0.25 |
| Mock | 1 ms | free |

> A consumer is a cursor in a log.

See [the documentation](https://example.org) and \`sluice serve\`.`;

// What is wider than its place, but for code and tables, which scroll by themselves.
const wider = `[...document.querySelectorAll('html, main, main *, [role=dialog] *')]
  .filter((box) => box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 1)
  .filter((box) => ['auto', 'scroll', 'visible'].includes(getComputedStyle(box).overflowX))
  .filter((box) => getComputedStyle(box).display !== 'inline' && !box.closest('pre, .table, svg, .sr-only'))
  .map((box) => box.outerHTML.slice(0, 200))`;

describe.each([
  ['desktop', { width: 1280, height: 800 }],
  ['phone', { width: 390, height: 844 }],
] as const)('on a %s', (device, viewport) => {
  test.each(['light', 'dark'] as const)('in %s, nothing is hard to read or reach', async (colorScheme) => {
    const options = { viewport, colorScheme, isMobile: device === 'phone', hasTouch: device === 'phone' };
    const stranger = await Visitor.come(browser, gateway.url, options);
    const look = async ({ page }: Visitor, name: string): Promise<void> => {
      await page.evaluate('document.fonts.ready');
      await keepPicture(page, `chat-${device}-${colorScheme}-${name}`);
      expect(await accessibilityFaults(page), name).toEqual([]);
      expect(await page.evaluate(wider), name).toEqual([]);
    };
    await stranger.isOutside();
    await look(stranger, 'sign-in');
    await stranger.leave();

    const visitor = await Visitor.register(browser, gateway.url, { ...options, reducedMotion: 'reduce' });
    const { page } = visitor;
    await look(visitor, 'welcome');
    await visitor.chooseModel('scripted');
    await visitor.say('What does an AI gateway do?');
    const call = await provider.call();
    call.reasoning('The user asks what a gateway does. Three things come to mind.');
    await visitor.answers.getByText('Thinking').waitFor();
    await look(visitor, 'thinking');
    call.text(answer.slice(0, 330));
    await visitor.answers.locator('.hljs-keyword').first().waitFor();
    await look(visitor, 'streaming');
    call.text(answer.slice(330)).finish('stop', { prompt_tokens: 12, completion_tokens: 214 });
    await visitor.answer();
    await look(visitor, 'answered');
    await visitor.say('And when a provider fails?\nIn one sentence, please.');
    const failing = (await provider.call()).text('Then the next one in the');
    await visitor.sees('Then the next');
    failing.cut();
    await visitor.answers.getByRole('status').waitFor();
    await visitor.answer(1);
    await look(visitor, 'failed');
    await visitor.say('Too long for words. '.repeat(15_000));
    await page.getByRole('alert').getByText('too long').waitFor();
    await look(visitor, 'too-long');
    await visitor.message.fill('');

    if (device === 'phone') await page.getByRole('button', { name: 'Conversations' }).click();
    await visitor.thread('What does an AI gateway do?').waitFor();
    if (device === 'phone') await look(visitor, 'list');
    await page.getByRole('button', { name: 'Actions for What does an AI gateway do?' }).click();
    await look(visitor, 'actions');
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').waitFor();
    await look(visitor, 'delete');
    await page.keyboard.press('Escape');
    await page.goto(`${gateway.url}/settings`);
    await page.getByText('There are none yet').waitFor();
    await look(visitor, 'settings');
    await page.getByLabel('Current password').fill('not the password at all');
    await page.getByLabel('New password').fill('a new and better password');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('alert').getByText('Current password is wrong').waitFor();
    await look(visitor, 'wrong-password');
    await page.getByRole('button', { name: 'Create a key' }).click();
    await page.getByLabel('Name').fill('laptop');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.locator('[data-part=secret]').waitFor();
    await look(visitor, 'secret');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('never used').waitFor();
    await look(visitor, 'keys');
    await page.goto(`${gateway.url}/c/conv_01J00000000000000000000000`);
    await page.getByRole('alert').waitFor();
    await look(visitor, 'missing');
    await page.goto(`${gateway.url}/nonsense`);
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    await look(visitor, 'not-found');
    expect(visitor.troubles).toEqual([]);
    await visitor.leave();
  });
});
