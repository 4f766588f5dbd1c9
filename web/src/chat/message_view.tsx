import type { Answer } from '@sluice/client';
import { memo, type ReactNode } from 'react';
import type { StoredMessage } from '../api/conversations.ts';
import { Button, CopyButton } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { Markdown } from './markdown.tsx';
import { shownAnswer, type ShownAnswer } from './shown_message.ts';
import { useAnswer } from './use_answer.ts';

export const Question = memo(function Question({ text }: { text: string }) {
  return (
    <article className="flex justify-end" aria-label="You" data-role="user">
      <p className="max-w-[85%] rounded-2xl bg-bubble px-4 py-2.5 wrap-anywhere whitespace-pre-wrap">{text}</p>
    </article>
  );
});

function Reasoning({ text, isThinking }: { text: string; isThinking: boolean }) {
  return (
    <details className="group mb-3 text-sm text-muted">
      <summary className="inline-flex list-none items-center gap-1.5 rounded-md py-1 select-none hover:text-ink">
        {isThinking ? <span className="thinking-dot" /> : null}
        {isThinking ? 'Thinking' : 'Reasoning'}
        <Icon name="chevron" className="size-4 -rotate-90 transition-transform group-open:rotate-0" />
      </summary>
      <p className="mt-1 border-l-2 border-line pl-3.5 wrap-anywhere whitespace-pre-wrap">{text}</p>
    </details>
  );
}

const duration = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`);
const count = new Intl.NumberFormat('en');

/** What an answer cost: nothing where nothing is known. */
function UsageLine({ shown }: { shown: ShownAnswer }) {
  const { model, usage, firstTokenMs, totalMs, costUsd } = shown;
  const facts: ReactNode[] = [];
  if (model) facts.push(model);
  if (usage) {
    const details = [
      `${count.format(usage.input_tokens)} in`,
      usage.cached_tokens > 0 && `${count.format(usage.cached_tokens)} of them cached`,
      `${count.format(usage.output_tokens)} out`,
      usage.reasoning_tokens > 0 && `${count.format(usage.reasoning_tokens)} of them reasoning`,
      usage.source !== 'provider' && `${usage.source}`,
    ];
    facts.push(
      <span title={details.filter(Boolean).join(', ')}>
        {count.format(usage.input_tokens + usage.output_tokens)} tokens
      </span>,
    );
  }
  if (firstTokenMs !== undefined) facts.push(`first token ${duration(firstTokenMs)}`);
  if (totalMs !== undefined) facts.push(`total ${duration(totalMs)}`);
  if (costUsd !== undefined) facts.push(`$${costUsd.toFixed(costUsd < 0.01 ? 5 : 3)}`);
  return (
    <p className="usage flex flex-wrap gap-x-2 text-xs text-muted" data-part="usage">
      {facts.map((fact, index) => (
        <span key={index} className="before:mr-2 before:content-['·'] first:before:hidden">
          {fact}
        </span>
      ))}
    </p>
  );
}

interface AnswerViewProps {
  answer: Answer | undefined;
  stored: StoredMessage | undefined;
  /** Asks the same again, where that can be done. */
  onAgain?: () => void;
}

export const AnswerView = memo(function AnswerView({ answer, stored, onAgain }: AnswerViewProps) {
  useAnswer(answer);
  const shown = shownAnswer(answer, stored);
  const { text, reasoning, isWriting, trouble } = shown;
  const id = stored?.id ?? answer?.started?.message_id ?? '';
  const isSilent = text === '' && reasoning === '';
  return (
    <article aria-label="Answer" aria-busy={isWriting} data-role="assistant" className="min-w-0">
      {reasoning !== '' && <Reasoning text={reasoning} isThinking={isWriting && text === ''} />}
      {isWriting && isSilent && (
        <p className="flex items-center gap-2 py-1 text-sm text-muted">
          <span className="thinking-dot" /> Waiting for the model
        </p>
      )}
      <div data-part="text">{text !== '' && <Markdown text={text} id={id} />}</div>
      {trouble !== undefined && (
        <div className="mt-2 flex gap-2 text-sm text-warning" role={answer ? 'status' : undefined}>
          <Icon name="warning" className="mt-2 size-4" />
          <div className="flex min-w-0 flex-wrap items-center gap-x-2">
            <span className="min-w-0 py-1.5 wrap-anywhere">{trouble}</span>
            {onAgain && (
              <Button look="quiet" className="h-8! px-2.5!" onClick={onAgain}>
                <Icon name="retry" /> Try again
              </Button>
            )}
          </div>
        </div>
      )}
      {!isWriting && !isSilent && (
        <footer className="mt-1.5 -ml-2 flex items-center gap-1">
          <CopyButton text={text} label="Copy answer" className="size-8!" />
          <UsageLine shown={shown} />
        </footer>
      )}
    </article>
  );
});
