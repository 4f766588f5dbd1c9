import { useSessionState } from '../services.tsx';
import { Mark } from '../ui/icons.tsx';

export function Welcome() {
  const state = useSessionState();
  const name = state.name === 'signed_in' ? state.user.username : '';
  return (
    <div className="grid justify-items-center gap-4 pt-[18dvh] text-center">
      <Mark className="size-12" />
      <h2 className="text-2xl font-semibold tracking-tight wrap-anywhere">Hello{name && `, ${name}`}</h2>
      <p className="max-w-sm text-balance text-muted">
        Ask anything. An answer that is being written goes on when you leave, and is here when you come back.
      </p>
    </div>
  );
}
