import { useMutation } from '@tanstack/react-query';
import type { ComponentType } from 'react';
import type { User } from '../api/session.ts';
import { Button } from '../ui/controls.tsx';
import { Mark } from '../ui/icons.tsx';
import { Account } from './account.tsx';
import { Accounts } from './accounts.tsx';
import { Audit } from './audit.tsx';
import { Nodes } from './nodes.tsx';
import { useSession } from './session.tsx';
import { Usage } from './usage.tsx';
import { usePlace } from './use_place.ts';

const parts: Record<string, { title: string; show: ComponentType }> = {
  users: { title: 'Users', show: Accounts },
  usage: { title: 'Usage', show: Usage },
  nodes: { title: 'Nodes', show: Nodes },
  audit: { title: 'Audit log', show: Audit },
};

export function AdminPage({ user }: { user: User }) {
  const [name = '', id] = usePlace();
  const here = Object.hasOwn(parts, name) ? name : 'users';
  const { title, show: Part } = parts[here]!;
  return (
    <div className="flex min-h-full flex-col">
      <title>{`${title} – Sluice administration`}</title>
      <a href="#main" className="skip-link" onClick={(event) => skipTo(event)}>
        To the content
      </a>
      <Head user={user} here={here} />
      <main id="main" tabIndex={-1} className="mx-auto w-full max-w-5xl flex-1 px-4 py-6 sm:px-6">
        {here === 'users' && id ? <Account key={id} id={id} /> : <Part />}
      </main>
    </div>
  );
}

// Not by the address, which says what is shown.
function skipTo(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Head({ user, here }: { user: User; here: string }) {
  const session = useSession();
  const leave = useMutation({ mutationFn: () => session.signOut() });
  return (
    <header className="border-b border-line bg-surface">
      <div className="mx-auto flex w-full max-w-5xl flex-wrap items-center gap-x-6 px-4 sm:px-6">
        <p className="flex h-13 items-center gap-2.5 font-semibold">
          <Mark /> Sluice
        </p>
        <nav aria-label="Administration" className="order-last -mx-2 w-full overflow-x-auto sm:order-none sm:w-auto">
          <ul className="flex gap-1 pb-2 sm:pb-0">
            {Object.entries(parts).map(([name, { title }]) => (
              <li key={name}>
                <a
                  href={`#${name}`}
                  aria-current={name === here ? 'page' : undefined}
                  className="quiet-button h-9 px-3 whitespace-nowrap aria-[current]:bg-sunken aria-[current]:text-ink"
                >
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div className="ml-auto flex min-w-0 items-center gap-1">
          <span className="hidden max-w-40 truncate text-sm text-muted sm:block">{user.username}</span>
          <Button look="quiet" disabled={leave.isPending} onClick={() => leave.mutate()}>
            Sign out
          </Button>
        </div>
      </div>
    </header>
  );
}
