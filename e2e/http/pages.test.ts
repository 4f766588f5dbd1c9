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
});
