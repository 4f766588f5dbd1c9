import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { AxeResults, Result } from 'axe-core';
import { executables } from './executable.ts';

/** Debian's Chromium without a window, and without the calls home that a browser makes by itself. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: executables.chromium,
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-default-apps',
      '--disable-domain-reliability',
      '--disable-extensions',
      '--disable-quic',
      '--disable-sync',
      '--no-first-run',
      '--no-pings',
    ],
  });
}

/** What axe finds on the page as it stands, serious and critical only, in a form that reads well in a failure. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(`${source};0`);
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as AxeResults;
  return violations
    .filter(({ impact }: Result) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }: Result) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}

/** Keeps a picture in `test-results/`, for people to look at. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = join(import.meta.dirname, '..', 'test-results');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
