import { describe, expect, test } from 'vitest';
import { depthMax, depthOf, opensTooMany, type Tree } from './markdown_depth.ts';

describe('a line opens too many', () => {
  test.each([
    ['quotes', '>'.repeat(3000) + ' x'],
    ['quotes with spaces', '> '.repeat(3000) + 'x'],
    ['lists', '- '.repeat(2000) + 'y'],
    ['numbered lists', '1. '.repeat(2000) + 'y'],
    ['quotes and lists', '> * 1) '.repeat(500) + 'y'],
    ['quotes below something else', 'a\n\n' + '>'.repeat(3000)],
  ])('%s', (_, text) => expect(opensTooMany(text)).toBe(true));

  test.each([
    ['quotes in a thread of mail', '> '.repeat(20) + 'x'],
    ['many lines of quotes', '> x\n'.repeat(1000)],
    ['a long list', '- x\n'.repeat(1000)],
    ['a ruler', '-'.repeat(1000)],
    ['stars in bold', '**'.repeat(1000)],
  ])('but not %s', (_, text) => expect(opensTooMany(text)).toBe(false));
});

test('a tree is as deep as its deepest branch', () => {
  const leaf: Tree = { type: 'text' };
  expect(depthOf(leaf)).toBe(1);
  expect(depthOf({ type: 'root', children: [leaf, { type: 'list', children: [leaf] }, leaf] })).toBe(3);
  let deep = leaf;
  for (let i = 1; i < 100 * depthMax; ++i) deep = { type: 'quote', children: [deep] };
  expect(depthOf(deep)).toBe(100 * depthMax);
});
