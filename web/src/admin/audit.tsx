import { useInfiniteQuery } from '@tanstack/react-query';
import { sentence } from '../api/http.ts';
import { shortMoment } from '../ui/dates.ts';
import { listAudit, type AuditEvent } from './api.ts';
import { Heading, ListEnd, Tag } from './parts.tsx';
import { useSession } from './session.tsx';

export function Audit() {
  return (
    <>
      <Heading title="Audit log" about="What admins did, newest first." />
      <AuditList />
    </>
  );
}

/** Of everybody, or what was done to one user. */
export function AuditList({ target }: { target?: string }) {
  const session = useSession();
  const pages = useInfiniteQuery({
    queryKey: ['audit', target ?? ''],
    queryFn: ({ pageParam }) => listAudit(session, target, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const events = pages.data?.pages.flatMap((page) => page.events) ?? [];
  return (
    <div>
      {events.length > 0 && (
        <ol
          className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface"
          aria-label="Audit log"
        >
          {events.map((event) => (
            <Row key={event.id} event={event} />
          ))}
        </ol>
      )}
      <ListEnd pages={pages} isEmpty={events.length === 0} nothing="Nothing yet." />
    </div>
  );
}

// As it was done, and as somebody tried to.
const deeds: Record<string, [string, string]> = {
  'user.create': ['created the account', 'create an account'],
  'user.set_role': ['changed the role of', 'change the role of'],
  'user.disable': ['disabled', 'disable'],
  'user.enable': ['enabled', 'enable'],
  'user.reset_password': ['reset the password of', 'reset the password of'],
  'user.sign_out': ['signed out everywhere', 'sign out everywhere'],
  'key.create': ['created an API key for', 'create an API key for'],
  'key.revoke': ['revoked an API key of', 'revoke an API key of'],
};

function deedOf({ action, outcome }: AuditEvent): string {
  const [done, tried] = deeds[action] ?? [action, action];
  return outcome === 'done' ? done : `tried to ${tried}`;
}

function Row({ event }: { event: AuditEvent }) {
  return (
    <li className="px-4 py-3">
      <p className="wrap-anywhere">
        <span className="font-medium">{event.actor.name}</span> <span className="text-muted">{deedOf(event)}</span>{' '}
        <span className="font-medium">{event.target.name}</span>{' '}
        {event.details && <span className="text-muted">({event.details})</span>}{' '}
        {event.outcome === 'refused' && <Tag tone="danger">Refused</Tag>}
        {event.outcome === 'begun' && <Tag tone="warning">Cut off</Tag>}
      </p>
      {event.problem && <p className="text-sm text-danger wrap-anywhere">{sentence(event.problem)}</p>}
      <p className="text-sm text-muted">
        <time dateTime={event.at}>{shortMoment(event.at)}</time> · from {event.address}
      </p>
    </li>
  );
}
