import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { onTestFailed } from 'vitest';
import { patienceMs } from '../harness/deadline.ts';

export const password = 'seven quiet otters under ice';
let people = 0;

// Of what went over the line, so much is told when a test fails.
const heardMax = 60;
const heardCharactersMax = 300;

/** A name that no other test has. */
export const somebody = (name = 'visitor'): string => `${name}-${process.pid}-${++people}`;

/** Somebody in front of the chat page, in a browser profile of their own unless they open a second window. */
export class Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the browser complained about, refusals that the page expects left out. */
  readonly troubles: string[] = [];
  readonly #url: string;
  readonly #heard: string[] = [];

  private constructor(page: Page, url: string) {
    this.page = page;
    this.context = page.context();
    this.#url = url;
    page.setDefaultTimeout(patienceMs);
    page.on('websocket', (socket) => {
      this.#hear(`socket opens: ${socket.url().replace(/ticket=.*/, 'ticket')}`);
      socket.on('framesent', ({ payload }) => this.#hear(`> ${payload}`));
      socket.on('framereceived', ({ payload }) => this.#hear(`< ${payload}`));
      socket.on('close', () => this.#hear('socket is closed'));
    });
    page.on('response', (response) => {
      if (!response.ok()) this.#hear(`${response.status()} to ${response.request().method()} ${response.url()}`);
    });
    page.on('pageerror', (error) => this.troubles.push(String(error)));
    page.on('console', (message) => {
      const isRefusal = /the server responded with a status of|net::ERR|WebSocket connection/.test(message.text());
      if (['error', 'warning'].includes(message.type()) && !isRefusal) this.troubles.push(message.text());
    });
  }

  static async come(
    browser: Browser,
    url: string,
    { path = '/', ...options }: BrowserContextOptions & { path?: string } = {},
  ): Promise<Visitor> {
    const context = await browser.newContext(options);
    const visitor = new Visitor(await context.newPage(), url);
    await visitor.page.goto(url + path);
    return visitor;
  }

  /** Comes, and makes an account. */
  static async register(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    const visitor = await Visitor.come(browser, url, { ...options, path: '/register' });
    await visitor.fillEntry(somebody());
    await visitor.page.getByRole('button', { name: 'Create account' }).click();
    await visitor.isInside();
    return visitor;
  }

  /** Another window of the same browser. */
  async secondWindow(path = new URL(this.page.url()).pathname): Promise<Visitor> {
    const other = new Visitor(await this.context.newPage(), this.#url);
    await other.page.goto(this.#url + path);
    return other;
  }

  async fillEntry(name: string, secret: string = password): Promise<void> {
    await this.page.getByLabel('Username').fill(name);
    await this.page.getByLabel('Password').fill(secret);
  }

  async signIn(name: string, secret: string = password): Promise<void> {
    await this.fillEntry(name, secret);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  async isInside(): Promise<void> {
    await this.message.waitFor();
  }

  async isOutside(): Promise<void> {
    await this.page.getByRole('button', { name: 'Sign in' }).waitFor();
  }

  /** The name under which this visitor is signed in. */
  async name(): Promise<string> {
    const words = await this.page.getByRole('link', { name: /^Settings/ }).innerText();
    return words.split('·')[1]!.trim();
  }

  get message(): Locator {
    return this.page.getByRole('textbox', { name: 'Message' });
  }

  async chooseModel(name: string): Promise<void> {
    await this.page.getByRole('button', { name: /^Model:/ }).click();
    await this.page.getByRole('menuitemradio', { name }).click();
  }

  async say(text: string): Promise<void> {
    await this.message.fill(text);
    await this.message.press('Enter');
  }

  get answers(): Locator {
    return this.page.locator('article[data-role=assistant]');
  }

  get questions(): Locator {
    return this.page.locator('article[data-role=user]');
  }

  /** Waits until the answer with this number is over, and reads it. If the test fails, all that stood there is told. */
  async answer(index = 0, ms: number = patienceMs): Promise<string> {
    const article = this.answers.nth(index);
    let shown = '';
    onTestFailed(() => console.error([`answer ${index} as it was read:`, shown, ...this.#heard].join('\n')));
    try {
      await article.and(this.page.locator('[aria-busy=false]')).waitFor({ timeout: ms });
      return await article.locator('[data-part=text]').innerText();
    } finally {
      // With the line that says what is wrong with it; of one that never came, of the whole page.
      const place = (await article.count()) > 0 ? article : this.page.locator('body');
      shown = await place.innerText();
    }
  }

  #hear(words: string): void {
    this.#heard.push(words.slice(0, heardCharactersMax));
    if (this.#heard.length > heardMax) this.#heard.shift();
  }

  /** Waits until an answer, whole or not, has these words. */
  async sees(words: string): Promise<void> {
    await this.answers.filter({ hasText: words }).last().waitFor();
  }

  thread(title: string): Locator {
    return this.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: title });
  }

  async choose(title: string, action: string): Promise<void> {
    await this.thread(title).hover();
    await this.page.getByRole('button', { name: `Actions for ${title}` }).click();
    await this.page.getByRole('menuitem', { name: action }).click();
  }

  async leave(): Promise<void> {
    await this.context.close();
  }
}
