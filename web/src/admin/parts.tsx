import type { ReactNode } from 'react';
import { messageOf } from '../api/http.ts';
import { Alert, Button } from '../ui/controls.tsx';

/** The heading of a part, and what can be done there. */
export function Heading({ title, about, children }: { title: string; about?: string; children?: ReactNode }) {
  return (
    <div className="mb-5 flex flex-wrap items-center gap-3">
      <div className="min-w-0 flex-1">
        <h1 className="text-xl font-semibold tracking-tight wrap-anywhere">{title}</h1>
        {about && <p className="mt-0.5 text-sm text-muted">{about}</p>}
      </div>
      {children}
    </div>
  );
}

/** A small word about something, in one of the page's tones. */
export function Tag({
  tone = 'plain',
  children,
}: {
  tone?: 'plain' | 'accent' | 'warning' | 'danger';
  children: ReactNode;
}) {
  const tones = {
    plain: 'bg-sunken text-muted',
    accent: 'bg-accent-soft text-accent',
    warning: 'bg-warning-soft text-warning',
    danger: 'bg-danger-soft text-danger',
  };
  return <span className={`rounded-md px-1.5 py-0.5 text-xs font-medium ${tones[tone]}`}>{children}</span>;
}

interface Pages {
  error: unknown;
  isPending: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** What stands below a list that comes in pages. */
export function ListEnd({ pages, isEmpty, nothing }: { pages: Pages; isEmpty: boolean; nothing: string }) {
  return (
    <div className="mt-4 grid justify-items-center" aria-live="polite">
      {pages.error !== null && <Alert>{messageOf(pages.error)}</Alert>}
      {pages.isPending && <p className="text-sm text-muted">Loading…</p>}
      {!pages.isPending && isEmpty && pages.error === null && <p className="text-sm text-muted">{nothing}</p>}
      {pages.hasNextPage && (
        <Button disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          Show more
        </Button>
      )}
    </div>
  );
}
