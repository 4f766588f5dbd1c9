import type { Answer, Usage } from '@sluice/client';
import { textOf, type MessageStatus, type StoredMessage } from '../api/conversations.ts';
import { sentence } from '../api/http.ts';

/** An answer as the page shows it, whether it is stored or being written. */
export interface ShownAnswer {
  text: string;
  reasoning: string;
  isWriting: boolean;
  model: string | undefined;
  usage: Usage | undefined;
  firstTokenMs: number | undefined;
  totalMs: number | undefined;
  costUsd: number | undefined;
  /** Why it is not whole, in a sentence. */
  trouble: string | undefined;
}

const troubles: Partial<Record<MessageStatus, string>> = {
  cancelled: 'Stopped.',
  failed: 'This answer failed.',
  interrupted: 'The server was interrupted while it wrote this.',
};

function incomplete(finishReason: string | undefined): string {
  if (finishReason === 'length') return 'The answer reached its longest permitted length.';
  if (finishReason === 'content_filter') return 'The provider’s content filter ended this answer.';
  return 'This answer is not complete.';
}

export function shownAnswer(answer: Answer | undefined, stored: StoredMessage | undefined): ShownAnswer {
  const hasEnded = stored !== undefined && stored.status !== 'streaming';
  if (answer && (answer.state !== 'refused' || !hasEnded)) return fromLive(answer);
  const { text, reasoning } = stored ? textOf(stored) : { text: '', reasoning: '' };
  const status = stored?.status ?? 'completed';
  return {
    text,
    reasoning,
    isWriting: status === 'streaming',
    model: stored?.model ?? undefined,
    usage: stored?.usage ?? undefined,
    firstTokenMs: undefined,
    totalMs: undefined,
    costUsd: undefined,
    trouble: status === 'incomplete' ? incomplete(undefined) : troubles[status],
  };
}

function fromLive(answer: Answer): ShownAnswer {
  const { end, error, started, lost } = answer;
  const { text, reasoning } = lost ?? answer; // what was read is not taken away
  const measured = lost ? undefined : end; // nobody knows any more
  let trouble: string | undefined;
  if (error) trouble = sentence(error.message);
  else if (end?.status === 'failed') trouble = sentence(end.error?.message ?? 'this answer failed');
  else if (end?.status === 'incomplete') trouble = incomplete(end.finish_reason);
  else if (end?.status === 'cancelled') trouble = started ? 'Stopped.' : 'Stopped before the server took it.';
  return {
    text,
    reasoning,
    isWriting: !answer.isOver,
    model: end?.model ?? started?.model,
    usage: measured?.usage,
    firstTokenMs: measured?.timing?.ttft_ms,
    totalMs: measured?.timing?.total_ms,
    costUsd: measured?.cost_usd,
    trouble,
  };
}
