import { describe, expect, test } from 'vitest';
import { markdownBlocks } from './markdown_blocks.ts';

describe('markdownBlocks', () => {
  test.each([
    ['', 0],
    ['one paragraph\nin two lines', 1],
    ['one\n\ntwo\n\n\nthree', 3],
    ['```ts\nconst a = 1;\n\nconst b = 2;\n```\n\nafter', 2],
    ['````\n```\n\n```\n````\n\nafter', 2],
    ['```\nnever closed\n\nstill code', 1],
    ['1. one\n\n2. two\n\n   more of two\n\nafter', 2],
    ['- a\n\n- b', 1],
    ['see [x]\n\n[x]: https://example.org', 1],
    ['| a |\n|---|\n| 1 |\n\n# Title\n\ntext', 3],
  ])('%j has %i', (text, count) => {
    expect(markdownBlocks(text)).toHaveLength(count);
  });

  test('no character is lost, whatever the text', () => {
    const pieces = ['a', '\n', '\n\n', '```', '- ', '1. ', '  ', '# ', '> ', '👋', '|', '~~~'];
    let seed = 7;
    for (let round = 0; round < 500; ++round) {
      let text = '';
      for (let i = 0; i < 40; ++i) text += pieces[(seed = (seed * 48271) % 2147483647) % pieces.length];
      expect(markdownBlocks(text).join('')).toBe(text);
    }
  });
});
