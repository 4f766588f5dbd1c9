import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useSessionState } from '../services.tsx';
import { IconButton } from '../ui/controls.tsx';
import { Icon, Mark } from '../ui/icons.tsx';
import { useShell } from '../ui/shell.tsx';
import { ThreadList } from './thread_list.tsx';

// So long after the last key a search begins.
const typingPauseMs = 200;

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), typingPauseMs);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

export function Sidebar() {
  const { setDrawerOpen } = useShell();
  const state = useSessionState();
  const [query, setQuery] = useState('');
  const [archived, setArchived] = useState(false);
  const settled = useSettled(query.trim());
  const search = useRef<HTMLInputElement>(null);
  const close = (): void => setDrawerOpen(false);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey) || event.shiftKey) return;
      event.preventDefault();
      flushSync(() => setDrawerOpen(true)); // what is hidden cannot have the focus
      search.current?.focus({ preventScroll: true });
      search.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [setDrawerOpen]);

  return (
    <div className="flex h-full min-h-0 flex-col bg-sidebar">
      <div className="flex h-13 shrink-0 items-center gap-2.5 px-4">
        <Mark />
        <span className="flex-1 text-base font-semibold tracking-tight">Sluice</span>
        <IconButton icon="close" label="Close the list" className="md:hidden" onClick={close} />
      </div>
      <div className="grid gap-2 px-3 pt-1 pb-1">
        <Link
          to="/"
          className="button justify-start! border border-line bg-surface px-3! hover:bg-sunken"
          onClick={close}
        >
          <Icon name="plus" /> New chat
        </Link>
        <div className="relative">
          <Icon name="search" className="pointer-events-none absolute top-3 left-3 size-4 text-muted" />
          <input
            ref={search}
            type="search"
            className="input pr-14! pl-9! text-sm"
            aria-label="Search conversations"
            aria-keyshortcuts="Control+K Meta+K"
            placeholder="Search"
            value={query}
            onChange={(event) => setQuery(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Escape' || query === '') return;
              event.preventDefault();
              setQuery('');
            }}
          />
          <kbd className="search-key" aria-hidden="true">
            {isMac ? '⌘K' : 'Ctrl K'}
          </kbd>
        </div>
      </div>
      <ThreadList query={settled} archived={archived} onOpen={close} />
      <div className="grid gap-0.5 border-t border-line p-2">
        <button
          type="button"
          className="quiet-button h-9 gap-2.5"
          aria-pressed={archived}
          onClick={() => setArchived(!archived)}
        >
          <Icon name="archive" /> Archived
        </button>
        <Link
          to="/settings"
          className="flex h-10 min-w-0 items-center gap-2.5 rounded-lg px-2.5 text-sm hover:bg-sunken"
          activeProps={{ className: 'bg-sunken' }}
          onClick={close}
        >
          <Icon name="settings" className="size-4 text-muted" />
          <span className="min-w-0 flex-1 truncate">
            Settings
            {state.name === 'signed_in' && <span className="text-muted"> · {state.user.username}</span>}
          </span>
        </Link>
      </div>
    </div>
  );
}
