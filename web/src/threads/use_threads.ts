import {
  useInfiniteQuery,
  useMutation,
  useQueryClient,
  type InfiniteData,
  type UseMutationResult,
} from '@tanstack/react-query';
import {
  changeConversation,
  deleteConversation,
  listConversations,
  type ConversationCard,
  type ConversationPage,
} from '../api/conversations.ts';
import { useServices } from '../services.tsx';

// Another device may have written: the list looks again while it is seen.
const pollMs = 15_000;

export function useThreads(query: string, archived: boolean) {
  const { session } = useServices();
  return useInfiniteQuery({
    queryKey: ['conversations', query, archived],
    queryFn: ({ pageParam, signal }) => listConversations(session, { query, archived, cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor || undefined,
    placeholderData: (before) => before,
    refetchInterval: pollMs,
  });
}

type Pages = InfiniteData<ConversationPage>;

/** Renames, archives and deletes; the lists show it at once, and in all windows they are read again after it. */
export function useThreadChanges() {
  const { session, chats } = useServices();
  const cache = useQueryClient();

  const edit = (change: (cards: ConversationCard[]) => ConversationCard[]): void => {
    cache.setQueriesData<Pages>(
      { queryKey: ['conversations'] },
      (data) =>
        data && { ...data, pages: data.pages.map((page) => ({ ...page, conversations: change(page.conversations) })) },
    );
  };
  const rename = useMutation({
    mutationFn: ({ id, title }: { id: string; title: string }) => changeConversation(session, id, { title }),
    onSuccess: (card) =>
      edit((cards) => cards.map((one) => (one.id === card.id ? { ...one, title: card.title } : one))),
    onSettled: (_card, _error, { id }) => chats.changed(id),
  });
  const archive = useMutation({
    mutationFn: ({ id, archived }: { id: string; archived: boolean }) => changeConversation(session, id, { archived }),
    onSuccess: ({ id }) => edit((cards) => cards.filter((one) => one.id !== id)),
    onSettled: (_card, _error, { id }) => chats.changed(id),
  });
  const remove: UseMutationResult<void, Error, string> = useMutation({
    mutationFn: (id: string) => deleteConversation(session, id),
    onSuccess: (_, id) => {
      edit((cards) => cards.filter((one) => one.id !== id));
      cache.removeQueries({ queryKey: ['conversation', id] });
    },
    onSettled: (_nothing, _error, id) => chats.changed(id),
  });
  return { rename, archive, remove };
}
