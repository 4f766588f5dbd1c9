import { useState, type FormEvent } from 'react';
import type { ConversationCard } from '../api/conversations.ts';
import { messageOf } from '../api/http.ts';
import { Alert, Button, Field } from '../ui/controls.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { titleOf } from './thread_row.tsx';
import { useThreadChanges } from './use_threads.ts';

interface RenameDialogProps {
  card: ConversationCard;
  onClose: () => void;
}

export function RenameDialog({ card, onClose }: RenameDialogProps) {
  const [title, setTitle] = useState(card.title);
  const { rename } = useThreadChanges();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    rename.mutate({ id: card.id, title: title.trim() }, { onSuccess: onClose });
  };
  return (
    <Dialog title="Rename the conversation" onClose={onClose}>
      <form className="grid gap-4" onSubmit={submit}>
        <Field
          label="Title"
          value={title}
          maxLength={200}
          autoFocus
          onFocus={(event) => event.target.select()}
          onChange={(event) => setTitle(event.target.value)}
        />
        {rename.error && <Alert>{messageOf(rename.error)}</Alert>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={title.trim() === '' || rename.isPending}>
            Rename
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface DeleteDialogProps extends RenameDialogProps {
  onDeleted: () => void;
}

export function DeleteDialog({ card, onClose, onDeleted }: DeleteDialogProps) {
  const { remove } = useThreadChanges();
  const confirm = (): void =>
    remove.mutate(card.id, {
      onSuccess: () => {
        onDeleted();
        onClose();
      },
    });
  return (
    <Dialog title="Delete the conversation?" onClose={onClose}>
      <p className="text-muted wrap-anywhere">
        “{titleOf(card)}” and all its messages will be gone. This cannot be undone.
      </p>
      {remove.error && <Alert>{messageOf(remove.error)}</Alert>}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose} autoFocus>
          Cancel
        </Button>
        <Button look="danger" disabled={remove.isPending} onClick={confirm}>
          Delete
        </Button>
      </div>
    </Dialog>
  );
}
