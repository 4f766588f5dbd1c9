import { useQueryClient } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { ConversationCard } from '../api/conversations.ts';
import { messageOf } from '../api/http.ts';
import { Alert, Button } from '../ui/controls.tsx';
import { DeleteDialog, RenameDialog } from './dialogs.tsx';
import { rowsOf } from './periods.ts';
import { ThreadRow, type ThreadActions } from './thread_row.tsx';
import { useThreadChanges, useThreads } from './use_threads.ts';

const rowPx = { period: 34, thread: 36 };

interface ThreadListProps {
  query: string;
  archived: boolean;
  /** A conversation was chosen. */
  onOpen: () => void;
}

/** Conversations by day; only those that are seen are drawn, and more are fetched towards the end. */
export function ThreadList({ query, archived, onOpen }: ThreadListProps) {
  const threads = useThreads(query, archived);
  const { archive } = useThreadChanges();
  const [renamed, setRenamed] = useState<ConversationCard>();
  const [deleted, setDeleted] = useState<ConversationCard>();
  const openId = useParams({ strict: false }).conversationId;
  const navigate = useNavigate();
  const cache = useQueryClient();
  const scroller = useRef<HTMLDivElement>(null);

  const cards = useMemo(() => threads.data?.pages.flatMap((page) => page.conversations) ?? [], [threads.data]);
  const rows = useMemo(() => rowsOf(cards, new Date()), [cards]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => rowPx[rows[index]!.kind],
    getItemKey: (index) => {
      const row = rows[index]!;
      return row.kind === 'period' ? row.name : row.card.id;
    },
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const lastSeen = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = threads;
  useEffect(() => {
    if (lastSeen >= rows.length - 10 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [lastSeen, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);

  // Written to from another device: what is open is read again.
  const openTouched = cards.find(({ id }) => id === openId)?.updated_at;
  useEffect(() => {
    if (openTouched !== undefined) void cache.invalidateQueries({ queryKey: ['conversation', openId] });
  }, [cache, openId, openTouched]);

  const actions: ThreadActions = {
    onOpen,
    onRename: setRenamed,
    onArchive: ({ id, archived: isArchived }) => archive.mutate({ id, archived: !isArchived }),
    onDelete: setDeleted,
  };
  const nothing = query !== '' ? 'Nothing found' : archived ? 'Nothing archived' : 'Your conversations will be here';

  return (
    <nav aria-label="Conversations" className="flex min-h-0 flex-1 flex-col">
      {threads.error && cards.length === 0 && (
        <div className="p-3">
          <Alert action={<Button onClick={() => void threads.refetch()}>Again</Button>}>
            {messageOf(threads.error)}
          </Alert>
        </div>
      )}
      {threads.isSuccess && cards.length === 0 && <p className="px-5 py-6 text-sm text-muted">{nothing}</p>}
      <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto">
        <ul className="relative" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ key, index, start, size }) => {
            const row = rows[index]!;
            return (
              <li
                key={key}
                className="absolute inset-x-0 top-0"
                style={{ height: size, transform: `translateY(${start}px)` }}
              >
                {row.kind === 'period' ? (
                  <h2 className="px-5 pt-3.5 text-xs font-medium text-muted">{row.name}</h2>
                ) : (
                  <ThreadRow card={row.card} actions={actions} />
                )}
              </li>
            );
          })}
        </ul>
      </div>
      {renamed && <RenameDialog card={renamed} onClose={() => setRenamed(undefined)} />}
      {deleted && (
        <DeleteDialog
          card={deleted}
          onClose={() => setDeleted(undefined)}
          onDeleted={() => {
            if (deleted.id === openId) void navigate({ to: '/' });
          }}
        />
      )}
    </nav>
  );
}
