import type { ConversationCard } from '../api/conversations.ts';
import { ConfirmDialog, TextDialog } from '../ui/ask_dialogs.tsx';
import { titleOf } from './thread_row.tsx';
import { useThreadChanges } from './use_threads.ts';

interface RenameDialogProps {
  card: ConversationCard;
  onClose: () => void;
}

export function RenameDialog({ card, onClose }: RenameDialogProps) {
  const { rename } = useThreadChanges();
  return (
    <TextDialog
      title="Rename the conversation"
      label="Title"
      value={card.title}
      maxLength={200}
      verb="Rename"
      work={rename}
      onText={(title) => rename.mutate({ id: card.id, title }, { onSuccess: onClose })}
      onClose={onClose}
    />
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
    <ConfirmDialog title="Delete the conversation?" verb="Delete" work={remove} onConfirm={confirm} onClose={onClose}>
      “{titleOf(card)}” and all its messages will be gone. This cannot be undone.
    </ConfirmDialog>
  );
}
