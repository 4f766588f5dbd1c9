-- For reports over all users.
CREATE INDEX usage_events_by_time ON usage_events (ended_at_ms);
