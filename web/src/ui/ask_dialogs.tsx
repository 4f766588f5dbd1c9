import { useState, type FormEvent, type ReactNode } from 'react';
import { messageAbout, messageOf } from '../api/http.ts';
import { Alert, Button, CopyButton, Field } from './controls.tsx';
import { Dialog } from './dialog.tsx';

/** What a dialog needs to know of the mutation that it starts. */
interface Work {
  error: unknown;
  isPending: boolean;
}

interface AskProps {
  title: string;
  verb: string;
  work: Work;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. */
export function ConfirmDialog({
  title,
  verb,
  look = 'danger',
  work,
  children,
  onConfirm,
  onClose,
}: AskProps & { look?: 'danger' | 'primary'; children: ReactNode; onConfirm: () => void }) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p className="text-muted wrap-anywhere">{children}</p>
      {work.error !== null && <Alert>{messageOf(work.error)}</Alert>}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose} autoFocus>
          Cancel
        </Button>
        <Button look={look} disabled={work.isPending} onClick={onConfirm}>
          {verb}
        </Button>
      </div>
    </Dialog>
  );
}

/** Asks for one line of text. */
export function TextDialog({
  title,
  label,
  verb,
  value = '',
  placeholder,
  maxLength,
  work,
  children,
  onText,
  onClose,
}: AskProps & {
  label: string;
  value?: string;
  placeholder?: string;
  maxLength: number;
  children?: ReactNode;
  onText: (text: string) => void;
}) {
  const [text, setText] = useState(value);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onText(text.trim());
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="grid gap-4" onSubmit={submit}>
        <Field
          label={label}
          value={text}
          maxLength={maxLength}
          placeholder={placeholder}
          autoFocus
          autoComplete="off"
          onFocus={(event) => event.target.select()}
          onChange={(event) => setText(event.target.value)}
        />
        {children}
        {work.error !== null && <Alert>{messageAbout(label, work.error)}</Alert>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={text.trim() === '' || work.isPending}>
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Shows what can be seen this once. */
export function SecretDialog({
  title,
  secret,
  what,
  onClose,
}: {
  title: string;
  secret: string;
  what: string;
  onClose: () => void;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p className="text-sm text-muted">Copy it now: it will not be shown again.</p>
      <div className="flex items-center gap-1 rounded-lg border border-line bg-code py-1 pr-1 pl-3">
        <code className="min-w-0 flex-1 font-mono text-sm break-all" data-part="secret">
          {secret}
        </code>
        <CopyButton text={secret} label={`Copy the ${what}`} />
      </div>
      <div className="flex justify-end">
        <Button look="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
