import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { newestBranch, readConversation, textOf } from '../api/conversations.ts';
import { ApiError, messageOf } from '../api/http.ts';
import { useServices } from '../services.tsx';
import { Alert, Button } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { TopBar } from '../ui/top_bar.tsx';
import { Announcer } from './announcer.tsx';
import { Composer, type Returned } from './composer.tsx';
import { isToBeChanged, mayGoAgain, type Turn } from './live_chats.ts';
import { AnswerView, Question } from './message_view.tsx';
import { useModels } from './model_picker.tsx';
import { useAnswer } from './use_answer.ts';
import { useLatest } from './use_latest.ts';
import { Welcome } from './welcome.tsx';

// So many messages are drawn at first, and so many more whenever somebody asks for earlier ones.
const messagesShown = 60;

/** One conversation, or, without an id, the beginning of a new one. */
export function ChatPage({ conversationId }: { conversationId?: string }) {
  const { session, chats } = useServices();
  const navigate = useNavigate();
  const { model } = useModels();
  const [shown, setShown] = useState(messagesShown);
  const [begun, setBegun] = useState<Turn>();
  const [returned, setReturned] = useState<Returned>();

  const conversation = useQuery({
    queryKey: ['conversation', conversationId],
    queryFn: ({ signal }) => readConversation(session, conversationId!, signal),
    enabled: conversationId !== undefined,
    staleTime: 10_000,
  });
  const isMissing = conversation.error instanceof ApiError && conversation.error.status === 404;
  const tree = isMissing ? undefined : conversation.data; // what was read before it went is gone too
  useEffect(() => {
    if (tree) chats.settle(tree);
  }, [chats, tree]);

  const allTurns = useSyncExternalStore(chats.subscribe, chats.turns);
  const branch = useMemo(() => (tree ? newestBranch(tree.messages).filter(isSpoken) : []), [tree]);
  const stored = useMemo(() => new Set(tree?.messages.map(({ id }) => id)), [tree]);
  const own = allTurns.filter(
    (turn) =>
      (conversationId === undefined ? turn === begun : turn.conversationId === conversationId) &&
      !stored.has(turn.answer.started?.message_id ?? '') &&
      !(isMissing && turn.answer.started), // what was never taken is nowhere but here
  );

  // A message that is to be changed goes back to where it was written.
  const turns = own.filter((turn) => !isToBeChanged(turn));
  const back = own.find(isToBeChanged);
  useEffect(() => {
    if (!back) return;
    chats.forget(back);
    setReturned({ text: back.content, why: messageOf(back.answer.error) });
  }, [chats, back]);

  const last = branch.at(-1);
  const answerOfLast = last?.role === 'assistant' && conversationId ? chats.answerOf(last, conversationId) : undefined;
  const live = turns.at(-1)?.answer ?? answerOfLast;
  useAnswer(live);
  const isWriting = live !== undefined && !live.isOver;
  const latest = useLatest(conversationId ?? begun?.key);

  // A new conversation has got its name: from now on the page has its address.
  const newId = begun?.conversationId;
  useEffect(() => {
    if (newId === undefined) return;
    setBegun(undefined);
    void navigate({ to: '/c/$conversationId', params: { conversationId: newId }, replace: true });
  }, [newId, navigate]);

  const send = (content: string): void => {
    setReturned(undefined);
    const turn = chats.send({ conversationId, content, model });
    if (conversationId === undefined) setBegun(turn);
    latest.jump();
  };
  const again = useCallback(
    (turn: Turn) => {
      const next = chats.sendAgain(turn);
      setBegun((before) => (before === turn ? next : before));
    },
    [chats],
  );
  const stop = useCallback(() => live?.cancel(), [live]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && isWriting && !event.defaultPrevented) stop();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [isWriting, stop]);

  const visible = branch.slice(-shown);
  const isEmpty = visible.length === 0 && turns.length === 0;
  const title = tree?.title || (isMissing ? 'Not found' : conversationId ? '' : 'New chat');

  return (
    <>
      <title>{title ? `${title} – Sluice` : 'Sluice'}</title>
      <TopBar title={title} />
      <div className="relative min-h-0 flex-1">
        <div ref={latest.scroller} className="h-full overflow-y-auto overscroll-contain" tabIndex={-1}>
          <div ref={latest.content} className="column grid grid-cols-1 gap-7 py-6">
            {isMissing && <Alert>This conversation does not exist, or is not yours.</Alert>}
            {conversation.error && !isMissing && !tree && (
              <Alert action={<Button onClick={() => void conversation.refetch()}>Try again</Button>}>
                {messageOf(conversation.error)}
              </Alert>
            )}
            {conversation.isPending && conversationId !== undefined && turns.length === 0 && <Loading />}
            {isEmpty && conversationId === undefined && !returned && <Welcome />}
            {branch.length > shown && (
              <Button className="justify-self-center" onClick={() => setShown(shown + messagesShown)}>
                Show earlier messages
              </Button>
            )}
            {visible.map((message) =>
              message.role === 'user' ? (
                <Question key={message.id} text={textOf(message).text} />
              ) : (
                <AnswerView
                  key={message.id}
                  answer={conversationId ? chats.answerOf(message, conversationId) : undefined}
                  stored={message}
                />
              ),
            )}
            {turns.map((turn) => (
              <TurnView key={turn.key} turn={turn} onAgain={again} />
            ))}
          </div>
        </div>
        {!latest.isAtEnd && !isEmpty && (
          <Button
            className="absolute bottom-3 left-1/2 h-9! -translate-x-1/2 rounded-full! shadow-raised"
            onClick={latest.jump}
          >
            <Icon name="arrow_down" /> Jump to latest
          </Button>
        )}
      </div>
      <Announcer answer={live} />
      {!isMissing && (
        <Composer
          key={conversationId ?? 'new'}
          draftKey={conversationId ?? 'new'}
          isWriting={isWriting}
          returned={returned}
          onSend={send}
          onStop={stop}
        />
      )}
    </>
  );
}

const isSpoken = ({ role }: { role: string }): boolean => role === 'user' || role === 'assistant';

function TurnView({ turn, onAgain }: { turn: Turn; onAgain: (turn: Turn) => void }) {
  useAnswer(turn.answer);
  return (
    <>
      <Question text={turn.content} />
      <AnswerView
        answer={turn.answer}
        stored={undefined}
        onAgain={mayGoAgain(turn) ? () => onAgain(turn) : undefined}
      />
    </>
  );
}

function Loading() {
  return (
    <div role="status" aria-label="Loading the conversation" className="grid gap-4">
      <div className="ml-auto h-10 w-2/5 animate-pulse rounded-2xl bg-sunken" />
      <div className="h-4 w-full animate-pulse rounded bg-sunken" />
      <div className="h-4 w-4/5 animate-pulse rounded bg-sunken" />
    </div>
  );
}
