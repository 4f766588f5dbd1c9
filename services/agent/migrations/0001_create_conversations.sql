-- Ids are text, times UTC in milliseconds since 1970, money in nano-dollars. Empty text stands for "none".

CREATE TABLE conversations (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  title TEXT NOT NULL,
  system_prompt TEXT NOT NULL,
  archived BIGINT NOT NULL,
  message_count BIGINT NOT NULL,   -- ever added: the position of the next one
  newest_message_id TEXT NOT NULL, -- the answer of the turn that was begun last: where the active branch ends
  created_at_ms BIGINT NOT NULL,
  updated_at_ms BIGINT NOT NULL
);

CREATE INDEX conversations_by_activity ON conversations (user_id, archived, updated_at_ms, id);

-- A tree by parent_id. A parent has a lower position than its children.
CREATE TABLE messages (
  id TEXT PRIMARY KEY,
  conversation_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  parent_id TEXT NOT NULL,
  role TEXT NOT NULL,
  status TEXT NOT NULL,
  words TEXT NOT NULL,         -- its text parts
  body TEXT NOT NULL,          -- JSON of the whole message, unless that is one part of text
  context_bytes BIGINT NOT NULL, -- what it takes up in a model's context
  generation_id TEXT NOT NULL, -- of an answer
  created_at_ms BIGINT NOT NULL
);

CREATE UNIQUE INDEX messages_by_position ON messages (conversation_id, position);

-- Answers in conversations: status is `running`, then as `done` says it, or `interrupted`.
CREATE TABLE generations (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  model TEXT NOT NULL,
  provider TEXT NOT NULL,
  status TEXT NOT NULL,
  ending TEXT NOT NULL,        -- JSON of the terminal record
  last_number BIGINT NOT NULL, -- of its log
  created_at_ms BIGINT NOT NULL,
  ended_at_ms BIGINT NOT NULL
);

CREATE INDEX generations_by_conversation ON generations (conversation_id, status, id);

CREATE INDEX generations_running ON generations (id) WHERE status = 'running';
