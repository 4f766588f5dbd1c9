import type { Usage } from '@sluice/client';
import type { Session } from './session.ts';

export interface ConversationCard {
  id: string;
  title: string;
  archived: boolean;
  created_at: string;
  updated_at: string;
  live_generation_id: string | null;
}

export interface ContentPart {
  type: string;
  text?: string;
}

export type MessageStatus = 'streaming' | 'completed' | 'incomplete' | 'cancelled' | 'failed' | 'interrupted';

export interface StoredMessage {
  id: string;
  parent_id: string | null;
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string | ContentPart[];
  model: string | null;
  usage: Usage | null;
  status: MessageStatus;
  generation_id: string | null;
  created_at: string;
}

export interface ConversationTree extends ConversationCard {
  messages: StoredMessage[];
}

export interface ConversationPage {
  conversations: ConversationCard[];
  next_cursor: string | null;
}

const messagesPerPage = 1000;

export function listConversations(
  session: Session,
  { query, archived, cursor, signal }: { query: string; archived: boolean; cursor?: string; signal?: AbortSignal },
): Promise<ConversationPage> {
  const asked = new URLSearchParams({ limit: '50', archived: String(archived) });
  if (query !== '') asked.set('query', query);
  if (cursor !== undefined) asked.set('cursor', cursor);
  return session.call(`/v1/conversations?${asked}`, { signal });
}

/** The whole tree, however many pages it has. */
export async function readConversation(session: Session, id: string, signal?: AbortSignal): Promise<ConversationTree> {
  let whole: ConversationTree | undefined;
  for (let cursor: string | null | undefined; ;) {
    const asked = new URLSearchParams({ limit: String(messagesPerPage) });
    if (cursor) asked.set('cursor', cursor);
    const page: ConversationTree & { next_cursor?: string | null } = await session.call(
      `/v1/conversations/${encodeURIComponent(id)}?${asked}`,
      { signal },
    );
    whole = whole ? { ...page, messages: [...whole.messages, ...page.messages] } : page;
    cursor = page.next_cursor;
    if (!cursor) return whole;
  }
}

export function changeConversation(
  session: Session,
  id: string,
  change: { title?: string; archived?: boolean },
): Promise<ConversationCard> {
  return session.call(`/v1/conversations/${encodeURIComponent(id)}`, { method: 'PATCH', body: change });
}

export function deleteConversation(session: Session, id: string): Promise<void> {
  return session.call(`/v1/conversations/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** The branch that ends in the newest message: from the first message to the last. */
export function newestBranch(messages: StoredMessage[]): StoredMessage[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  let newest: StoredMessage | undefined;
  for (const message of messages) {
    if (!newest || message.created_at >= newest.created_at) newest = message;
  }
  // An answer and its question may bear the same time, or come in any order: go down to the leaf.
  for (let child = newest; child; child = messages.findLast(({ parent_id }) => parent_id === newest!.id))
    newest = child;
  const branch: StoredMessage[] = [];
  for (let at = newest; at; at = at.parent_id ? byId.get(at.parent_id) : undefined) branch.push(at);
  return branch.reverse();
}

/** What a message says, and what was thought before it. */
export function textOf({ content }: Pick<StoredMessage, 'content'>): { text: string; reasoning: string } {
  if (typeof content === 'string') return { text: content, reasoning: '' };
  const all = (...types: string[]): string =>
    content
      .filter(({ type }) => types.includes(type))
      .map(({ text }) => text ?? '')
      .join('');
  return { text: all('text', 'input_text', 'output_text', 'refusal'), reasoning: all('reasoning', 'thinking') };
}
