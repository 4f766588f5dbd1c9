import { expect, test } from 'vitest';
import { rowsOf } from './periods.ts';

const card = (id: string, updated_at: string) => ({
  id,
  title: id,
  archived: false,
  created_at: updated_at,
  updated_at,
  live_generation_id: null,
});

test('conversations stand under the day, the week or the month in which they were last touched', () => {
  const now = new Date(2026, 10, 23, 12);
  const at = (...date: [number, number, number, number]): string => new Date(...date).toISOString();
  const rows = rowsOf(
    [
      card('a', at(2026, 10, 23, 11)),
      card('b', at(2026, 10, 23, 0)),
      card('c', at(2026, 10, 22, 23)),
      card('d', at(2026, 10, 18, 1)),
      card('e', at(2026, 10, 1, 1)),
      card('f', at(2026, 7, 1, 1)),
    ],
    now,
  );
  expect(rows.map((row) => (row.kind === 'period' ? row.name : row.card.id))).toEqual([
    'Today',
    'a',
    'b',
    'Yesterday',
    'c',
    'Last 7 days',
    'd',
    'Last 30 days',
    'e',
    'August 2026',
    'f',
  ]);
});
