import { ConnectionNote } from './connection_note.tsx';
import { IconButton } from './controls.tsx';
import { useShell } from './shell.tsx';

export function TopBar({ title }: { title: string }) {
  const { isDrawerOpen, setDrawerOpen } = useShell();
  return (
    <header className="flex h-13 shrink-0 items-center gap-2 border-b border-line px-2 sm:px-4">
      <IconButton
        icon="menu"
        label="Conversations"
        className="md:hidden"
        aria-expanded={isDrawerOpen}
        onClick={() => setDrawerOpen(true)}
      />
      <h1 className="min-w-0 flex-1 truncate font-medium">{title}</h1>
      <ConnectionNote />
    </header>
  );
}
