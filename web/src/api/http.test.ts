import { expect, test } from 'vitest';
import { ApiError, messageAbout, sentence } from './http.ts';

test.each([
  ['old_password: is wrong', 'old_password', 'Current password is wrong.'],
  ['"old_password" is missing or empty', 'old_password', 'Current password is missing or empty.'],
  ['this is taken', 'old_password', 'This is taken.'],
  ['new_password: is too short', 'old_password', 'New_password: is too short.'],
  ['too many attempts', undefined, 'Too many attempts.'],
])('what is wrong with a field is said under its name on the page: %s', (message, param, words) => {
  const error = new ApiError(400, sentence(message), param === undefined ? {} : { param });
  expect(messageAbout('Current password', error)).toBe(words);
});

test('what the server did not say stays as it is', () => {
  expect(messageAbout('Name', new Error('no line'))).toBe('No line.');
});
