import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBrowser } from '../harness/browser.ts';
import { within } from '../harness/deadline.ts';
import { Gateway } from '../harness/gateway.ts';
import { mockReasoning, mockText } from '../harness/mock_answer.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';
import { Visitor } from './visitor.ts';

// Less than the time after which a window looks again by itself.
const soonMs = 8_000;

let gateway: Gateway;
let provider: ScriptedProvider;
let browser: Browser;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
  });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  await provider?.stop();
});

/** Somebody new who talks to the scripted provider. */
async function newcomer(): Promise<Visitor> {
  const visitor = await Visitor.register(browser, gateway.url);
  await visitor.chooseModel('scripted');
  return visitor;
}

describe('an answer', () => {
  test('streams in, with its reasoning folded and its usage below', async () => {
    const visitor = await Visitor.register(browser, gateway.url);
    await visitor.say('Hello 你好');
    expect(await visitor.answer()).toBe(mockText('Hello 你好'));
    await expect.poll(() => new URL(visitor.page.url()).pathname).toMatch(/^\/c\/conv_/);
    const reasoning = visitor.answers.getByText(mockReasoning('Hello 你好'));
    expect(await reasoning.isVisible()).toBe(false);
    await visitor.answers.getByText('Reasoning').click();
    await reasoning.waitFor();
    expect(await visitor.answers.locator('[data-part=usage]').innerText()).toMatch(/mock[\s·]+\d+ tokens/);
    await visitor.say('And again');
    expect(await visitor.answer(1)).toBe(mockText('And again'));
    expect(await visitor.questions.count()).toBe(2);
    expect(visitor.troubles).toEqual([]);
    await visitor.leave();
  });

  test('grows on the page as it is written, not at its end', async () => {
    const visitor = await newcomer();
    await visitor.say('slowly');
    const call = await provider.call();
    for (const word of ['one', ' two', ' three']) {
      call.text(word);
      await visitor.sees(word.trim());
    }
    call.finish();
    expect(await visitor.answer()).toBe('one two three');
    await visitor.leave();
  });

  test('is Markdown: code with a copy button, tables; HTML is text and pictures are not fetched', async () => {
    const visitor = await newcomer();
    await visitor.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const asked: string[] = [];
    visitor.page.on('request', (request) => asked.push(request.url()));
    await visitor.say('show me');
    const code = 'const a = 1;\nconsole.log(a);';
    (await provider.call())
      .text(`# Title\n\n\`\`\`js\n${code}\n\`\`\`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n`)
      .text('<script>alert(1)</script><img src=x onerror=alert(2)>\n\n')
      .text('![picture](https://evil.example/p.png) [link](javascript:alert(3)) [good](https://example.org)')
      .finish();
    await visitor.answer();
    const article = visitor.answers;
    await article.locator('.hljs-keyword').waitFor();
    expect(await article.locator('pre').innerText()).toBe(code);
    await article.getByRole('button', { name: 'Copy code' }).click();
    expect(await visitor.page.evaluate('navigator.clipboard.readText()')).toBe(code);
    expect(await article.locator('td').allInnerTexts()).toEqual(['1', '2']);
    expect(await article.locator('script, img').count()).toBe(0);
    await article.getByText('<script>alert(1)</script>').waitFor();
    await article.getByText('link good').waitFor();
    expect(await article.getByRole('link').allInnerTexts()).toEqual(['picture', 'good']);
    const link = article.getByRole('link', { name: 'good' });
    expect(await link.getAttribute('rel')).toContain('noopener');
    expect(asked.filter((url) => !url.startsWith(gateway.url))).toEqual([]);
    expect(visitor.troubles).toEqual([]);
    await visitor.leave();
  });

  test('has footnotes of its own, and the way back from them', async () => {
    const visitor = await newcomer();
    for (let index = 0; index < 2; ++index) {
      await visitor.say('with a note, please');
      (await provider.call()).text('A claim[^1] and [a link](#message).\n\n[^1]: Its source.').finish();
      await visitor.answer(index);
    }
    const ids: string[] = await visitor.page.evaluate('[...document.querySelectorAll("[id]")].map(({ id }) => id)');
    expect(ids).toEqual([...new Set(ids)]);
    const second = visitor.answers.nth(1);
    for (const [link, target] of [
      [second.locator('[data-footnote-ref]'), second.locator('li', { hasText: 'Its source' })],
      [second.locator('[data-footnote-backref]'), second.locator('[data-footnote-ref]')],
    ] as const) {
      const id = await target.getAttribute('id');
      expect(await link.getAttribute('href')).toBe(`#${id}`);
      await link.click();
      await expect.poll(() => new URL(visitor.page.url()).hash).toBe(`#${id}`);
    }
    expect(visitor.context.pages()).toHaveLength(1);
    expect(visitor.troubles).toEqual([]);
    await visitor.leave();
  });

  test.each([
    ['quotes', '>'.repeat(3000) + ' x'],
    ['lists', '- '.repeat(2000) + 'x'],
    ['bold', '**'.repeat(2000) + 'x' + '**'.repeat(2000)],
    ['lists line by line', Array.from({ length: 120 }, (_, depth) => '  '.repeat(depth) + '- x').join('\n')],
  ])('that nests without end, in %s, is shown as it was written, and the next one as ever', async (_, deep) => {
    const visitor = await newcomer();
    await visitor.say('as deep as you can');
    (await provider.call()).text(`above\n\n${deep}\n\n*below*`).finish();
    for (let visit = 0; visit < 2; ++visit) {
      expect((await visitor.answer(0)).replaceAll(/\s+/g, ' ')).toContain(deep.replaceAll(/\s+/g, ' ').trim());
      await visitor.answers.locator('em', { hasText: 'below' }).waitFor();
      await visitor.page.reload();
    }
    await visitor.say('and now?');
    (await provider.call()).text('*fine*').finish();
    expect(await visitor.answer(1)).toBe('fine');
    await visitor.leave();
  });

  test.each(['the button', 'Escape'])('is stopped by %s, and keeps what was written', async (how) => {
    const visitor = await newcomer();
    await visitor.say('go on for ever');
    const call = (await provider.call()).text('so far');
    await visitor.sees('so far');
    if (how === 'Escape') await visitor.page.keyboard.press('Escape');
    else await visitor.page.getByRole('button', { name: /^Stop/ }).click();
    await within('the provider to be left', call.gone);
    expect(await visitor.answer()).toBe('so far');
    await visitor.answers.getByText('Stopped').waitFor();
    await visitor.page.reload();
    expect(await visitor.answer()).toBe('so far');
    await visitor.answers.getByText('Stopped').waitFor();
    await visitor.leave();
  });

  test('that fails says why and keeps what was written; the next one works', async () => {
    const visitor = await newcomer();
    await visitor.say('x');
    const call = (await provider.call()).text('half');
    await visitor.sees('half');
    call.cut();
    await visitor.answers.getByRole('status').waitFor();
    expect(await visitor.answer()).toBe('half');
    await visitor.say('again');
    (await provider.call()).text('whole').finish();
    expect(await visitor.answer(1)).toBe('whole');
    await visitor.leave();
  });
});

describe('the list of conversations', () => {
  test('is searched, renamed, archived and deleted from', async () => {
    const visitor = await Visitor.register(browser, gateway.url);
    const { page } = visitor;
    for (const topic of ['apples', 'bananas', 'cherries']) {
      await page.goto(gateway.url);
      await visitor.say(`about ${topic}`);
      await visitor.answer();
      await visitor.thread(`about ${topic}`).waitFor();
    }
    await page.keyboard.press('Control+K');
    await page.keyboard.type('bananas');
    await visitor.thread('about cherries').waitFor({ state: 'detached' });
    await visitor.thread('about bananas').click();
    await visitor.questions.getByText('about bananas').waitFor();
    await page.getByRole('searchbox').fill('');

    await visitor.choose('about bananas', 'Rename');
    await page.getByLabel('Title').fill('Yellow fruit');
    await page.keyboard.press('Enter');
    await visitor.thread('Yellow fruit').waitFor();
    await page.getByRole('heading', { name: 'Yellow fruit' }).waitFor();

    await visitor.choose('about apples', 'Archive');
    await visitor.thread('about apples').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Archived' }).click();
    await visitor.thread('about apples').waitFor();
    await page.getByRole('button', { name: 'Archived' }).click();

    await visitor.choose('Yellow fruit', 'Delete');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await visitor.thread('Yellow fruit').waitFor({ state: 'detached' });
    await expect.poll(() => new URL(page.url()).pathname).toBe('/');
    await page.reload();
    await visitor.thread('about cherries').waitFor();
    expect(await visitor.thread('Yellow fruit').count()).toBe(0);
    expect(visitor.troubles).toEqual([]);
    await visitor.leave();
  });

  test('is one in all windows: a new name, the archive, and the end', async () => {
    const visitor = await Visitor.register(browser, gateway.url);
    await visitor.say('about apples');
    await visitor.answer();
    const other = await visitor.secondWindow();
    await other.answer();
    await visitor.page.bringToFront();
    await visitor.choose('about apples', 'Rename');
    await visitor.page.getByLabel('Title').fill('Red fruit');
    await visitor.page.keyboard.press('Enter');
    await other.thread('Red fruit').waitFor({ timeout: soonMs });
    await other.page.getByRole('heading', { name: 'Red fruit' }).waitFor({ timeout: soonMs });
    await visitor.choose('Red fruit', 'Archive');
    await other.thread('Red fruit').waitFor({ state: 'detached', timeout: soonMs });
    await visitor.page.getByRole('button', { name: 'Archived' }).click();
    await visitor.choose('Red fruit', 'Delete');
    await visitor.page.getByRole('button', { name: 'Delete', exact: true }).click();
    await other.page.getByRole('alert').getByText('does not exist').waitFor({ timeout: soonMs });
    expect(await other.answers.count()).toBe(0);
    expect(await other.questions.count()).toBe(0);
    expect(await other.message.count()).toBe(0);
    await other.page.getByRole('heading', { name: 'Not found' }).waitFor();
    expect([...visitor.troubles, ...other.troubles]).toEqual([]);
    await visitor.leave();
  });

  test('of somebody else cannot be opened, nor what does not exist', async () => {
    const owner = await Visitor.register(browser, gateway.url);
    await owner.say('secret');
    await owner.answer();
    const path = new URL(owner.page.url()).pathname;
    const other = await Visitor.register(browser, gateway.url);
    for (const address of [path, '/c/conv_01J00000000000000000000000', '/c/%27%22%3E%3Cx']) {
      await other.page.goto(gateway.url + address);
      await other.page.getByRole('alert').getByText('does not exist').waitFor();
    }
    await owner.leave();
    await other.leave();
  });
});

describe('by hand', () => {
  test('the keyboard alone is enough', async () => {
    const visitor = await Visitor.register(browser, gateway.url);
    const { page } = visitor;
    await page.locator('textarea:focus').waitFor();
    await page.keyboard.type('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    await page.keyboard.press('Enter');
    await visitor.answer();
    expect(await visitor.questions.innerText()).toBe('one\ntwo');
    await page.keyboard.press('Control+K');
    await page.locator('input[type=search]:focus').waitFor();
    await visitor.leave();
  });

  test('the search is as near on a phone', async () => {
    const visitor = await Visitor.register(browser, gateway.url, { viewport: { width: 390, height: 844 } });
    const { page } = visitor;
    await page.locator('textarea:focus').waitFor();
    await page.keyboard.press('Control+K');
    await page.keyboard.type('apples');
    const search = page.getByRole('searchbox');
    expect(await search.inputValue()).toBe('apples');
    expect(await visitor.message.inputValue()).toBe('');
    await page.keyboard.press('Escape');
    expect(await search.inputValue()).toBe('');
    await page.keyboard.press('Escape');
    await search.waitFor({ state: 'hidden' });
    await visitor.leave();
  });

  test('a draft is still there after a reload, each in its conversation', async () => {
    const visitor = await Visitor.register(browser, gateway.url);
    await visitor.say('hello');
    await visitor.answer();
    await visitor.message.fill('not sent yet');
    await visitor.page.reload();
    await expect.poll(() => visitor.message.inputValue()).toBe('not sent yet');
    await visitor.page.getByRole('link', { name: 'New chat' }).click();
    await expect.poll(() => visitor.message.inputValue()).toBe('');
    await visitor.leave();
  });

  test('who reads further up is left alone, and brought back on demand', async () => {
    const visitor = await newcomer();
    await visitor.say('long');
    const call = await provider.call();
    call.text('line\n\n'.repeat(80)).text('middle');
    await visitor.sees('middle');
    await visitor.answers.hover();
    await visitor.page.mouse.wheel(0, -2000);
    const jump = visitor.page.getByRole('button', { name: 'Jump to latest' });
    await jump.waitFor();
    call.text('\n\nline'.repeat(20) + '\n\nthe end');
    await visitor.sees('the end');
    await jump.click();
    await jump.waitFor({ state: 'detached' });
    call.text('\n\nand more').finish();
    await visitor.answer();
    await expect.poll(() => visitor.answers.getByText('and more').isVisible()).toBe(true);
    await visitor.leave();
  });
});
