import OpenAI from 'openai';
import type { ChatCompletionChunk, ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions';
import { token, type Gateway } from './gateway.ts';

export type Question = Omit<ChatCompletionCreateParamsNonStreaming, 'stream'>;

/** The official SDK, pointed at the gateway; it does not retry, so that every error is seen. */
export function openaiClient(gateway: Gateway, apiKey: string = token): OpenAI {
  return new OpenAI({ baseURL: gateway.openaiUrl, apiKey, maxRetries: 0 });
}

export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** What an answer amounts to, streamed or not. */
export interface Spoken {
  text: string;
  reasoning: string;
  toolCalls: ToolCall[];
  finishReason: string | null;
  usage: OpenAI.CompletionUsage | null | undefined;
}

// `reasoning_content` is a vendors' extension that the SDK's types do not know.
interface Reasoned {
  reasoning_content?: string | null;
}

export async function ask(client: OpenAI, question: Question): Promise<Spoken> {
  const { choices, usage } = await client.chat.completions.create(question);
  const { message, finish_reason } = choices[0]!;
  return {
    text: message.content ?? '',
    reasoning: (message as Reasoned).reasoning_content ?? '',
    toolCalls: (message.tool_calls ?? []).map((call) => {
      if (call.type !== 'function') throw new Error(`unexpected tool call: ${JSON.stringify(call)}`);
      return { id: call.id, name: call.function.name, arguments: call.function.arguments };
    }),
    finishReason: finish_reason,
    usage,
  };
}

export async function askStreamed(
  client: OpenAI,
  question: Question,
): Promise<Spoken & { chunks: ChatCompletionChunk[] }> {
  const chunks: ChatCompletionChunk[] = [];
  for await (const chunk of await client.chat.completions.create({ ...question, stream: true })) chunks.push(chunk);
  return { ...join(chunks), chunks };
}

/** Puts the chunks of one choice together, as every client of OpenAI's has to. */
export function join(chunks: ChatCompletionChunk[]): Spoken {
  const spoken: Spoken = { text: '', reasoning: '', toolCalls: [], finishReason: null, usage: undefined };
  for (const chunk of chunks) {
    if (chunk.usage) spoken.usage = chunk.usage;
    for (const { delta, finish_reason } of chunk.choices) {
      spoken.text += delta.content ?? '';
      spoken.reasoning += (delta as Reasoned).reasoning_content ?? '';
      for (const part of delta.tool_calls ?? []) {
        const call = (spoken.toolCalls[part.index] ??= { id: '', name: '', arguments: '' });
        call.id ||= part.id ?? '';
        call.name ||= part.function?.name ?? '';
        call.arguments += part.function?.arguments ?? '';
      }
      if (finish_reason) {
        if (spoken.finishReason) throw new Error(`two finish reasons: ${spoken.finishReason}, ${finish_reason}`);
        spoken.finishReason = finish_reason;
      }
    }
  }
  return spoken;
}
