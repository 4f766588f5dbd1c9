import { Outlet } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { Sidebar } from './threads/sidebar.tsx';
import { useServices } from './services.tsx';
import { ShellContext } from './ui/shell.tsx';

/** The conversations beside the page; on a phone they come in as a drawer. */
export function Frame() {
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const shell = useMemo(() => ({ isDrawerOpen, setDrawerOpen }), [isDrawerOpen]);
  const { chats } = useServices();
  // Before the first message, so that it need not wait; and so that a session's end is heard of at once.
  useEffect(() => chats.client.connect(), [chats]);
  useEffect(() => {
    if (!isDrawerOpen) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !event.defaultPrevented) setDrawerOpen(false);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [isDrawerOpen]);
  return (
    <ShellContext value={shell}>
      <div className="flex h-full">
        <a href="#main" className="skip-link">
          Skip to the conversation
        </a>
        {isDrawerOpen && <div className="fixed inset-0 z-20 bg-veil md:hidden" onClick={() => setDrawerOpen(false)} />}
        <aside className="drawer" data-open={isDrawerOpen}>
          <Sidebar />
        </aside>
        <main id="main" className="flex min-w-0 flex-1 flex-col" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </ShellContext>
  );
}
