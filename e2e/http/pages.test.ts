import { request, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signal, within } from '../harness/deadline.ts';
import { Gateway } from '../harness/gateway.ts';

let gateway: Gateway;
let script: string;

beforeAll(async () => {
  gateway = await Gateway.start();
  script = /src="(\/assets\/[^"]+\.js)"/.exec((await get('/')).body.toString())![1]!;
});
afterAll(async () => {
  await gateway?.stop();
});

/** As the bytes are on the wire: `fetch` would unpack them. */
async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const answered = signal<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>();
  request(gateway.url + path, { method, headers }, (response) => {
    const pieces: Buffer[] = [];
    response.on('data', (piece: Buffer) => pieces.push(piece));
    response.once('end', () =>
      answered.resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) }),
    );
  })
    .once('error', answered.reject)
    .end();
  return within(`${method} ${path}`, answered.promise);
}

describe('the pages', () => {
  test.each(['/', '/login', '/register', '/settings', '/c/conv_01J00000000000000000000000'])(
    '%s is the app, asked for anew each time, under a strict policy',
    async (path) => {
      const { status, headers, body } = await get(path);
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(headers['cache-control']).toBe('no-cache');
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['cross-origin-opener-policy']).toBe('same-origin');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(body.toString()).not.toMatch(/(src|href)="https?:|<style|<script>/);
    },
  );

  test('come packed as the client takes them, and are the same unpacked', async () => {
    const plain = await get(script);
    const gzip = await get(script, { 'Accept-Encoding': 'gzip' });
    const brotli = await get(script, { 'Accept-Encoding': 'gzip, br' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(gzip.headers['content-encoding']).toBe('gzip');
    expect(brotli.headers['content-encoding']).toBe('br');
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
    expect(plain.headers['cache-control']).toContain('immutable');
  });

  test('are not sent to who has them already', async () => {
    const first = await get('/', { 'Accept-Encoding': 'br' });
    const again = await get('/', { 'Accept-Encoding': 'br', 'If-None-Match': first.headers.etag! });
    expect(again.status).toBe(304);
    expect(again.body).toHaveLength(0);
    expect((await get('/', { 'If-None-Match': first.headers.etag! })).status).toBe(200); // another form of it
  });

  test('answer HEAD, and say 404 for what is not there', async () => {
    const head = await get(script, {}, 'HEAD');
    expect(head.status).toBe(200);
    expect(head.body).toHaveLength(0);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(10_000);
    for (const path of ['/assets/none.js', '/assets/..%2findex.html', '/c/', '/nowhere']) {
      expect((await get(path)).status, path).toBe(404);
    }
  });

  const browserAccepts = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

  const missingPage = async (path: string): Promise<void> => {
    const page = await get(path, browserAccepts);
    expect(page.status).toBe(404);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'/);
    const again = await get(path, { ...browserAccepts, 'If-None-Match': page.headers.etag! });
    expect([again.status, again.body.equals(page.body)]).toEqual([404, true]);
    expect((await get(path, browserAccepts, 'HEAD')).status).toBe(404);
  };

  test.each(['/nonsense', '/c/', '/c/a/b'])('say to a browser what is not there: %s', missingPage);
  test('say to a browser what is not there below /admin', () => missingPage('/admin/none'));

  test.each([
    ['/nonsense', {}, 'GET', 404],
    ['/nonsense', { Accept: '*/*' }, 'GET', 404],
    ['/nonsense', { Accept: 'application/json, text/html;q=0' }, 'GET', 404],
    ['/nonsense', browserAccepts, 'POST', 404],
    ['/login', browserAccepts, 'PUT', 405],
    ['/v1/nonsense', browserAccepts, 'GET', 404],
    ['/admin/api/v1/nonsense', browserAccepts, 'GET', 404],
    ['/assets/none.js', browserAccepts, 'GET', 404],
  ])('are not for programs: %s with %o, %s', async (path, headers, method, status) => {
    const answer = await get(path, headers as Record<string, string>, method);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.parse(answer.body.toString())).toHaveProperty('error.message');
  });
});
