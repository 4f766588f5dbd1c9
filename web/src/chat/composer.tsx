import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useServices, useSessionState } from '../services.tsx';
import { Alert, IconButton } from '../ui/controls.tsx';
import { draftOf, joined, keepDraft } from './drafts.ts';
import { ModelPicker } from './model_picker.tsx';

/** A message that was not taken as it was. */
export interface Returned {
  text: string;
  /** In a sentence. */
  why: string;
}

interface ComposerProps {
  /** Drafts are kept by this: one for each conversation. */
  draftKey: string;
  isWriting: boolean;
  /** What is to be changed before it is sent again. */
  returned: Returned | undefined;
  onSend: (content: string) => void;
  onStop: () => void;
}

export function Composer({ draftKey, isWriting, returned, onSend, onStop }: ComposerProps) {
  const { chats } = useServices();
  const state = useSessionState();
  // Of whom it was at the beginning: a session may end while this is still seen.
  const [username] = useState(() => (state.name === 'signed_in' ? state.user.username : ''));
  const [text, setText] = useState(() => joined(chats.unsent(draftKey), draftOf(username, draftKey)));
  const area = useRef<HTMLTextAreaElement>(null);

  useEffect(() => keepDraft(username, draftKey, text), [username, draftKey, text]);
  useEffect(() => chats.keepUnsent(draftKey), [chats, draftKey]); // the rest of it is in the draft
  useEffect(() => {
    if (returned) setText((draft) => joined(returned.text, draft));
  }, [returned]);
  useEffect(() => {
    // A phone's keyboard would cover what is to be read first.
    if (matchMedia('(hover: hover)').matches) area.current?.focus();
  }, [draftKey]);

  const isReady = text.trim() !== '' && !isWriting;
  const send = (): void => {
    if (!isReady) return;
    setText('');
    onSend(text);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      className="column pb-3 sm:pb-4"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {returned && (
        <div className="mb-2">
          <Alert>{returned.why} It was not sent.</Alert>
        </div>
      )}
      <div className="rounded-2xl border border-edge bg-surface shadow-raised focus-within:border-accent">
        <textarea
          ref={area}
          className="composer block w-full resize-none px-4 pt-3.5 pb-1 outline-none placeholder:text-muted"
          aria-label="Message"
          placeholder="Write a message"
          rows={1}
          value={text}
          enterKeyHint="send"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <div className="flex items-center justify-between gap-2 p-2">
          <ModelPicker />
          {isWriting ? (
            <IconButton icon="stop" label="Stop (Esc)" className="send-button" onClick={onStop} />
          ) : (
            <IconButton
              icon="arrow_up"
              label="Send (Enter)"
              type="submit"
              className="send-button"
              disabled={!isReady}
            />
          )}
        </div>
      </div>
    </form>
  );
}
