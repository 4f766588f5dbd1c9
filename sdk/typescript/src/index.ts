export { Answer, type AnswerState, type Delta, type ToolCall } from './answer.ts';
export { fullJitterMs, type BackoffSettings } from './backoff.ts';
export { SluiceClient, type ClientEvents, type SluiceClientOptions } from './client.ts';
export type { ConnectionOptions, ConnectionState, TicketRequest, WebSocketLike } from './connection.ts';
export { CredentialsRefused, SluiceError } from './errors.ts';
export { makeKey } from './idempotency_key.ts';
export type * from './protocol.ts';
