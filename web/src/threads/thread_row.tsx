import * as Menu from '@radix-ui/react-dropdown-menu';
import { Link } from '@tanstack/react-router';
import type { ConversationCard } from '../api/conversations.ts';
import { Icon } from '../ui/icons.tsx';

export interface ThreadActions {
  onOpen: () => void;
  onRename: (card: ConversationCard) => void;
  onArchive: (card: ConversationCard) => void;
  onDelete: (card: ConversationCard) => void;
}

export const titleOf = ({ title }: { title: string }): string => title || 'New chat';

export function ThreadRow({ card, actions }: { card: ConversationCard; actions: ThreadActions }) {
  const title = titleOf(card);
  return (
    <div className="thread group relative mx-2 flex h-full items-center rounded-lg">
      <Link
        to="/c/$conversationId"
        params={{ conversationId: card.id }}
        className="flex h-full min-w-0 flex-1 items-center gap-2 rounded-lg pl-3 text-sm"
        activeProps={{ className: 'font-medium' }}
        onClick={actions.onOpen}
        title={title}
      >
        {card.live_generation_id && <span className="thinking-dot" role="img" aria-label="Being answered" />}
        <span className="truncate">{title}</span>
      </Link>
      <Menu.Root modal={false}>
        <Menu.Trigger className="icon-button thread-menu size-8!" aria-label={`Actions for ${title}`}>
          <Icon name="more" />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Content className="menu" align="end" sideOffset={2} collisionPadding={8}>
            <Menu.Item className="menu-item" onSelect={() => actions.onRename(card)}>
              <Icon name="pencil" /> Rename
            </Menu.Item>
            <Menu.Item className="menu-item" onSelect={() => actions.onArchive(card)}>
              <Icon name="archive" /> {card.archived ? 'Unarchive' : 'Archive'}
            </Menu.Item>
            <Menu.Item className="menu-item text-danger" onSelect={() => actions.onDelete(card)}>
              <Icon name="trash" /> Delete
            </Menu.Item>
          </Menu.Content>
        </Menu.Portal>
      </Menu.Root>
    </div>
  );
}
