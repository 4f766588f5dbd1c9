// The frames of `sluice.v1` as they stand on the wire.

export const subprotocol = 'sluice.v1';

export interface ContentPart {
  type: string;
  [field: string]: unknown;
}

export interface Message {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content: string | ContentPart[];
  [field: string]: unknown;
}

/** What a model is asked. With `conversation_id` the server adds the history; `"new"` begins a conversation. */
export interface ChatRequest {
  content?: string | ContentPart[];
  messages?: Message[];
  model?: string;
  conversation_id?: string | null;
  parent_id?: string | null;
  system?: string;
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  stop?: string | string[];
  seed?: number;
  reasoning_effort?: string;
  tools?: unknown[];
  tool_choice?: unknown;
  response_format?: unknown;
  metadata?: Record<string, unknown>;
  /** The same payload under the same key is one request, however often it comes. The client makes one by itself. */
  idempotency_key?: string;
}

export interface Usage {
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  source: 'provider' | 'counted' | 'estimated';
}

export interface Problem {
  code: number;
  type?: string;
  message: string;
  param?: string | null;
  /** Seconds. */
  retry_after?: number;
}

export interface Started {
  conversation_id: string | null;
  message_id: string | null;
  model: string;
  provider: string;
}

export interface TextDelta {
  type: 'text' | 'reasoning';
  content: string;
  model: string;
}

export interface ToolCallFragment {
  index: number;
  tool_call_id?: string;
  name?: string;
  /** A tool that takes free text: `arguments` is no JSON. */
  custom?: true;
  arguments: string;
}

/** How much stays: code points of text and reasoning, characters of each tool call's arguments. */
export interface Rewind {
  keep: { text: number; reasoning: number; tool_calls: number[] };
  reason: string;
}

export interface Done {
  status: 'completed' | 'incomplete' | 'cancelled' | 'failed';
  finish_reason: string;
  usage?: Usage;
  cost_usd?: number;
  attempts?: number;
  timing?: { queue_ms: number; ttft_ms?: number; total_ms: number };
  model?: string;
  error?: Problem;
}

export interface Model {
  name?: string;
  id?: string;
  provider?: string;
}

export interface Hello {
  connection_id: string;
  user: unknown;
  limits: Record<string, number>;
  heartbeat_s: number;
  resume_window_s: number;
  models: (Model | string)[];
}

export interface Notice {
  kind: 'draining' | 'slow' | (string & {});
  within_s?: number;
}

interface Envelope<Type extends string, Payload> {
  type: Type;
  id?: string;
  generation_id?: string;
  seq?: number;
  payload: Payload;
}

export type ServerFrame =
  | Envelope<'hello', Hello>
  | Envelope<'started', Started>
  | Envelope<'chat', TextDelta>
  | Envelope<'tool_call', ToolCallFragment>
  | Envelope<'rewind', Rewind>
  | Envelope<'done', Done>
  | Envelope<'error', Problem>
  | Envelope<'notice', Notice>
  | Envelope<'pong', unknown>;

export type ClientFrame =
  | { type: 'chat'; id: string; payload: ChatRequest }
  | { type: 'resume'; id: string; payload: { generation_id: string; after: number } }
  | { type: 'cancel'; id: string; payload: { generation_id: string } | { id: string } }
  | { type: 'ping' };

/** Close codes with a meaning of their own. */
export const closeCode = {
  normal: 1000,
  goingAway: 1001,
  tooBig: 1009,
  overloaded: 1013,
  sessionOver: 4401,
  silent: 4408,
  capReached: 4429,
} as const;

/** Reads one frame; nothing if it is none that this client knows. */
export function parseFrame(text: string): ServerFrame | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    if (typeof frame !== 'object' || frame === null || !('type' in frame)) return undefined;
    return typeof frame.type === 'string' ? (frame as ServerFrame) : undefined;
  } catch {
    return undefined;
  }
}
