// The WebSocket protocol as a client sees it. These types are its reference; docs/ says the same in words.

export interface ChatPayload {
  content?: string;
  messages?: { role: string; content: string; tool_call_id?: string }[];
  /** "new" begins one; without it the chat is one turn. */
  conversation_id?: string;
  /** What the chat goes on from: any message (a branch); null for none (the first message is edited). */
  parent_id?: string | null;
  model?: string;
  max_tokens?: number;
  system?: string;
  temperature?: number;
}

export interface Usage {
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  source: 'provider' | 'counted' | 'estimated';
}

export type Status = 'completed' | 'incomplete' | 'cancelled' | 'failed';

export interface ErrorPayload {
  code: number;
  message: string;
  type?: string;
  param?: string | null;
  retry_after?: number;
}

export interface DeltaPayload {
  content: string;
  type: 'text' | 'reasoning';
  model: string;
}

export interface ToolCallPayload {
  index: number;
  tool_call_id?: string;
  name?: string;
  arguments: string;
  extensions?: Record<string, unknown>;
}

export interface DonePayload {
  status?: Status;
  finish_reason: string;
  usage?: Usage;
  attempts?: number;
  timing?: { queue_ms: number; ttft_ms: number; total_ms: number };
  error?: ErrorPayload;
}

export interface HelloPayload {
  connection_id: string;
  user: unknown;
  limits: Record<string, number>;
  heartbeat_s: number;
  resume_window_s: number;
  models: unknown[];
}

/** What stands on a frame beside its type and payload: nothing in the basic dialect. */
interface Envelope<Type extends string, Payload> {
  type: Type;
  id?: string;
  generation_id?: string;
  seq?: number;
  payload: Payload;
}

export type ServerFrame =
  | Envelope<'hello', HelloPayload>
  | Envelope<'started', { conversation_id: string | null; message_id: string | null; model: string; provider: string }>
  | Envelope<'chat', DeltaPayload>
  | Envelope<'tool_call', ToolCallPayload>
  | Envelope<'rewind', { keep: { text: number; reasoning: number; tool_calls: number[] }; reason: string }>
  | Envelope<'done', DonePayload>
  | Envelope<'error', ErrorPayload>
  | Envelope<'notice', { kind: string; within_s?: number }>
  | Envelope<'pong', unknown>;

export type FrameOf<Type extends ServerFrame['type']> = Extract<ServerFrame, { type: Type }>;

export type ClientFrame =
  | { type: 'chat'; id?: string; payload: ChatPayload }
  | { type: 'resume'; id?: string; payload: { generation_id: string; after: number } }
  | { type: 'cancel'; id?: string; payload: { generation_id: string } | { id: string } }
  | { type: 'ping'; id?: string; payload?: unknown };
