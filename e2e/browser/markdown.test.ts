import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepPicture, startBrowser } from '../harness/browser.ts';
import { Gateway } from '../harness/gateway.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';
import { Visitor } from './visitor.ts';

// What a model writes is drawn by the page's own rules, and does nothing.

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

/** A page on which this is the answer. */
async function showing(text: string): Promise<Visitor> {
  const visitor = await Visitor.register(browser, gateway.url);
  await visitor.chooseModel('scripted');
  await visitor.say('show me');
  (await provider.call()).text(text).finish();
  await visitor.answer();
  return visitor;
}

test('entities are the characters that they name, beside all else that Markdown has', async () => {
  const visitor = await showing(
    '**Tom** &amp; Jerry&nbsp;&copy; &lt;b&gt; &#8364; &#x2192; &CounterClockwiseContourIntegral; &nothing; ' +
      '[a &amp; b](https://example.org/?a=1&amp;b=2)\n\n- *x* &lt; y\n\n`&amp;` stays\n\n' +
      '| a &amp; b |\n|---|\n| &hearts; |',
  );
  const answer = visitor.answers;
  await keepPicture(visitor.page, 'chat-entities');
  expect(await answer.locator('p').first().textContent()).toBe('Tom & Jerry\u00a0© <b> € → ∳ &nothing; a & b');
  expect(await answer.locator('strong').innerText()).toBe('Tom');
  expect(await answer.getByRole('link').getAttribute('href')).toBe('https://example.org/?a=1&b=2');
  expect(await answer.locator('li').innerText()).toBe('x < y');
  expect(await answer.locator('code').innerText()).toBe('&amp;');
  expect(await answer.locator('th, td').allInnerTexts()).toEqual(['a & b', '♥']);
  expect(visitor.troubles).toEqual([]);
  await visitor.leave();
});

test('a link or picture that would lead to anything but the web or mail is text', async () => {
  const attacks = [
    'javascript:boom()',
    'JaVaScRiPt:boom()',
    'javascript&colon;boom()',
    'javascript&#58;boom()',
    'java&Tab;script:boom()',
    'java&NewLine;script&colon;boom()',
    '&#1;javascript:boom()',
    '&nbsp;javascript:boom()',
    'data:text/html,<script>boom()</script>',
    'data&colon;text/html;base64,PHNjcmlwdD4',
    'vbscript:boom()',
    'file:///etc/passwd',
    'blob:https://example.org/1',
    'view-source:javascript:boom()',
  ];
  const visitor = await showing(
    [
      ...attacks.map((target, at) => `[link ${at}](<${target}>) ![picture ${at}](<${target}>) [named ${at}][r${at}]`),
      ...attacks.map((target, at) => `[r${at}]: <${target}>`),
      '<javascript&colon;boom()> <javascript:boom()> <data:text/html,x>',
      '[with a title](https://example.org "&quot; onmouseover=&quot;boom()")',
      '&lt;img src=x onerror=boom()&gt; <svg onload=boom()></svg> <iframe srcdoc="&lt;script&gt;"></iframe>',
      '[kept](https://example.org) [written](mailto:a@example.org)',
    ].join('\n\n'),
  );
  const answer = visitor.answers.locator('[data-part=text]');
  await answer.getByText('link 0 picture 0 named 0').waitFor();
  const links = await answer.locator('a[href]').evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).href));
  expect([...new Set(links)]).toEqual(['https://example.org/', 'mailto:a@example.org']);
  expect(await answer.locator('img, svg, iframe, script, [onload], [onerror], [onmouseover]').count()).toBe(0);
  expect(visitor.troubles).toEqual([]);
  await visitor.leave();
});
