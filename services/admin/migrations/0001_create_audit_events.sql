-- What admins did. Written before an action as `begun`, afterwards as `done` or `refused`: one that stays `begun` was cut
-- off, and may have been carried out. Ids are text, times UTC in milliseconds since 1970.
CREATE TABLE audit_events (
  id TEXT PRIMARY KEY,
  at_ms BIGINT NOT NULL,
  actor_id TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  credential_id TEXT NOT NULL, -- the session or API key that he acted with
  address TEXT NOT NULL,
  request_id TEXT NOT NULL,
  action TEXT NOT NULL,
  target_id TEXT NOT NULL,
  target_name TEXT NOT NULL,
  details TEXT NOT NULL,
  outcome TEXT NOT NULL,
  problem TEXT NOT NULL
);

CREATE INDEX audit_events_by_actor ON audit_events (actor_id, id);
CREATE INDEX audit_events_by_target ON audit_events (target_id, id);
