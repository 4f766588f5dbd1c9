import { expect, test } from 'vitest';
import { endOfSentence } from './announcer.tsx';

test.each([
  ['One. Two', 0, 4],
  ['One. Two.', 4, 4], // more may follow: "Two.5"
  ['One. Two. T', 4, 9],
  ['3.14 is', 0, 0],
  ['line\nnext', 0, 5],
  ['', 0, 0],
])('the last whole sentence of %j behind %i ends at %i', (text, from, end) => {
  expect(endOfSentence(text, from)).toBe(end);
});
