import type { ConversationCard } from '../api/conversations.ts';

export type Row = { kind: 'period'; name: string } | { kind: 'thread'; card: ConversationCard };

const dayMs = 86_400_000;

function periodOf(time: number, now: Date): string {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  if (time >= today) return 'Today';
  if (time >= today - dayMs) return 'Yesterday';
  if (time >= today - 7 * dayMs) return 'Last 7 days';
  if (time >= today - 30 * dayMs) return 'Last 30 days';
  return new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric' }).format(time);
}

/** The list as it is read: newest first, under the names of the days. */
export function rowsOf(cards: ConversationCard[], now: Date): Row[] {
  const rows: Row[] = [];
  let period: string | undefined;
  for (const card of cards) {
    const name = periodOf(Date.parse(card.updated_at), now);
    if (name !== period) rows.push({ kind: 'period', name });
    period = name;
    rows.push({ kind: 'thread', card });
  }
  return rows;
}
