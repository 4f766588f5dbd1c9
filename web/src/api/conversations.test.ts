import { describe, expect, test } from 'vitest';
import { newestBranch, textOf, type StoredMessage } from './conversations.ts';

function message(id: string, parent_id: string | null, second: number): StoredMessage {
  const created_at = new Date(Date.UTC(2026, 10, 23, 0, 0, second)).toISOString();
  const role = id.startsWith('q') ? 'user' : 'assistant';
  return {
    id,
    parent_id,
    role,
    content: id,
    model: null,
    usage: null,
    status: 'completed',
    generation_id: null,
    created_at,
  };
}

const idsOf = (messages: StoredMessage[]): string[] => newestBranch(messages).map(({ id }) => id);

describe('the newest branch', () => {
  test('of nothing is nothing', () => expect(idsOf([])).toEqual([]));

  test('goes from the root to the newest leaf', () => {
    const tree = [message('q1', null, 1), message('a1', 'q1', 2), message('q2', 'a1', 3), message('a2', 'q2', 4)];
    expect(idsOf(tree)).toEqual(['q1', 'a1', 'q2', 'a2']);
  });

  test('is the one that was written to last', () => {
    const tree = [
      message('q1', null, 1),
      message('a1', 'q1', 2),
      message('q2', 'a1', 3),
      message('q3', 'a1', 5),
      message('a2', 'q2', 4),
      message('a3', 'q3', 6),
    ];
    expect(idsOf(tree)).toEqual(['q1', 'a1', 'q3', 'a3']);
  });

  test('ends in the answer also where it bears the time of its question', () => {
    expect(idsOf([message('a1', 'q1', 1), message('q1', null, 1)])).toEqual(['q1', 'a1']);
  });

  test('of a list whose beginning is missing is what is there', () => {
    expect(idsOf([message('a1', 'gone', 1)])).toEqual(['a1']);
  });
});

test('a message says its text and thinks its reasoning', () => {
  expect(textOf({ content: 'plain' })).toEqual({ text: 'plain', reasoning: '' });
  const content = [
    { type: 'reasoning', text: 'Hm.' },
    { type: 'text', text: 'one ' },
    { type: 'image' },
    { type: 'text', text: 'two' },
  ];
  expect(textOf({ content })).toEqual({ text: 'one two', reasoning: 'Hm.' });
});
