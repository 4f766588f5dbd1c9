-- Who people are and how they prove it. Times are milliseconds since 1970, 0 is never; hashes are SHA-256 in
-- hexadecimal but for passwords, which are Argon2id in PHC's format.
CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  username TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  role TEXT NOT NULL,
  disabled BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

-- What the names look like: no two people share one.
CREATE TABLE name_skeletons (
  skeleton TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL
);

-- Those that have not ended; refresh_secret makes one refresh token follow from the other.
CREATE TABLE sessions (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  refresh_secret TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  refreshed_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, refreshed_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Used ones stay until they would have run out, so that a second use is noticed.
CREATE TABLE refresh_tokens (
  hash TEXT NOT NULL PRIMARY KEY,
  session_id TEXT NOT NULL,
  used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  prefix TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL
);
CREATE INDEX api_keys_by_user ON api_keys (user_id, id);

CREATE TABLE signing_keys (
  id TEXT NOT NULL PRIMARY KEY,
  public_key TEXT NOT NULL,
  private_key TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

-- Numbered without gaps in the order of their commits: the counter's row is locked from a number's making to its commit.
-- It begins at 1 so that 0 can mean "from now on".
CREATE TABLE revocations (
  number BIGINT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  revoked_at BIGINT NOT NULL
);
CREATE TABLE revocation_counter (
  newest BIGINT NOT NULL
);
INSERT INTO revocation_counter (newest) VALUES (1);
