-- One row per attempt at a provider, whatever became of it; written twice it is there once.
CREATE TABLE usage_events (
  generation_id TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  user_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  model TEXT NOT NULL,
  provider TEXT NOT NULL,
  provider_model TEXT NOT NULL,
  status TEXT NOT NULL,
  input_tokens BIGINT NOT NULL,
  cached_tokens BIGINT NOT NULL,
  cache_write_tokens BIGINT NOT NULL,
  input_audio_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  reasoning_tokens BIGINT NOT NULL,
  output_audio_tokens BIGINT NOT NULL,
  accepted_prediction_tokens BIGINT NOT NULL,
  rejected_prediction_tokens BIGINT NOT NULL,
  source TEXT NOT NULL,
  cost_nano_usd BIGINT,
  ended_at_ms BIGINT NOT NULL,
  total_ms BIGINT NOT NULL,
  PRIMARY KEY (generation_id, attempt)
);

CREATE INDEX usage_events_by_user ON usage_events (user_id, ended_at_ms);
