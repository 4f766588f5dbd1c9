import { expect, test } from 'vitest';
import { joined } from './drafts.ts';

test('what comes back stands before what has been written since, once', () => {
  expect(joined('back', '')).toBe('back');
  expect(joined('back', ' \n')).toBe('back');
  expect(joined('', 'draft')).toBe('draft');
  expect(joined('back', 'draft')).toBe('back\n\ndraft');
  expect(joined('back', joined('back', 'draft'))).toBe('back\n\ndraft');
});
