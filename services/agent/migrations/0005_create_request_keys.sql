-- What clients call their requests, so that one that comes twice is begun once; forgotten after a day.
CREATE TABLE request_keys (
  user_id TEXT NOT NULL,
  request_key TEXT NOT NULL,
  digest TEXT NOT NULL,
  generation_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  model TEXT NOT NULL,
  provider TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (user_id, request_key)
);

CREATE INDEX request_keys_by_time ON request_keys (created_at_ms);
