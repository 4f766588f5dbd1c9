import { expect, test } from 'vitest';
import { safeNext } from './safe_next.ts';

const origin = 'https://ai.example.org';

test.each(['/', '/settings', '/c/conv_01?x=1&y=%2F#end', '/login?next=%2Fsettings'])('%j is gone to', (next) => {
  expect(safeNext(next, origin)).toBe(next);
});

test.each([
  undefined,
  '',
  'settings',
  'https://example.com/x',
  '//example.com',
  '///example.com',
  '/\\example.com',
  '\\/example.com',
  '/\t/example.com',
  '/\n/example.com',
  ' //example.com',
  '/..//example.com',
  '/.//example.com',
  '//',
  'https://ai.example.org/settings',
  'javascript:alert(1)',
  'data:text/html,x',
])('%j is not', (next) => {
  expect(safeNext(next, origin)).toBe('/');
});
