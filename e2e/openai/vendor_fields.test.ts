import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Gateway } from '../harness/gateway.ts';
import { openaiClient } from '../harness/openai_client.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

// What only the provider and its clients know passes through, wherever it stands.

let gateway: Gateway;
let provider: ScriptedProvider;
let client: OpenAI;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
    models: [{ name: 'scripted', targets: [{ provider: 'scripted' }] }],
  });
  client = openaiClient(gateway);
});
afterAll(async () => {
  await gateway?.stop();
  await provider?.stop();
});

const question = { role: 'user' as const, content: 'x' };

/** What the provider is sent for `body`. */
async function passedOn(body: Record<string, unknown>): Promise<Record<string, unknown>> {
  const answer = client.chat.completions.create({ model: 'scripted', messages: [question], ...body } as never);
  const call = await provider.call();
  call.complete('fine');
  await answer;
  return call.request;
}

const signed = {
  id: 'c0',
  type: 'function',
  function: { name: 'f', arguments: '{}', strictness: 1 },
  extra_content: { google: { thought_signature: 'SIG==' } },
};

test('a tool call’s fields reach the client, streamed', async () => {
  const stream = client.chat.completions.stream({ model: 'scripted', messages: [question] });
  const call = await provider.call();
  call.delta({ tool_calls: [{ index: 0, ...signed }] }).finish('tool_calls');
  const calls = [];
  for await (const chunk of stream) calls.push(...(chunk.choices[0]?.delta.tool_calls ?? []));
  expect(calls).toEqual([{ index: 0, ...signed }]);
});

test('a tool call’s fields reach the client, not streamed', async () => {
  const answer = client.chat.completions.create({ model: 'scripted', messages: [question] });
  const call = await provider.call();
  const message = { role: 'assistant', content: null, tool_calls: [signed] };
  call.json(200, { id: 'x', model: 'm', choices: [{ index: 0, message, finish_reason: 'tool_calls' }] });
  expect((await answer).choices[0]!.message.tool_calls).toEqual([signed]);
});

test('fields of messages, parts and tool calls reach the provider', async () => {
  const messages = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } },
        { type: 'image_url', image_url: { url: 'https://example.org/a.png', foo: 1 }, bar: 2 },
      ],
      vendor: true,
    },
    { role: 'assistant', content: null, tool_calls: [signed] },
    { role: 'tool', tool_call_id: 'c0', name: 'f', content: 'r', vendor: [1] },
  ];
  expect((await passedOn({ messages })).messages).toEqual(messages);
});

test('fields of tools reach the provider', async () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: {}, x: 1 }, cache_control: { a: [] } }];
  expect((await passedOn({ tools })).tools).toEqual(tools);
});

test.each([
  { type: 'json_object', schema: { type: 'object' } },
  { type: 'json_schema', json_schema: { name: 'n', schema: {}, y: 1 }, x: 2 },
  { type: 'structural_tag', structures: [] },
])('a response_format that only the provider knows: $type', async (response_format) => {
  expect((await passedOn({ response_format })).response_format).toEqual(response_format);
});

test('a limit that is null is none', async () => {
  const sent = await passedOn({ max_tokens: null, max_completion_tokens: 7, logit_bias: null });
  expect(sent).not.toHaveProperty('logit_bias');
  expect(sent.max_completion_tokens ?? sent.max_tokens).toBe(7);
});

test('functions, which tools replaced, are refused', async () => {
  for (const body of [{ functions: [{ name: 'f' }] }, { messages: [{ role: 'function', name: 'f', content: 'x' }] }]) {
    const answer = client.chat.completions.create({ model: 'scripted', messages: [question], ...body } as never);
    await expect(answer).rejects.toThrow(/400.*"tools"/);
  }
});

test('an error event is the error, in its own words', async () => {
  const stream = client.chat.completions.stream({ model: 'scripted', messages: [question] });
  const call = await provider.call();
  call.text('par').raw('event: error\ndata: {"message":"boom","code":500}\n\n');
  await expect(stream.done()).rejects.toThrow('boom');
});

test('a choice that nobody asked for is the provider’s error', async () => {
  const answer = client.chat.completions.create({ model: 'scripted', messages: [question] });
  const call = await provider.call();
  call.json(200, {
    choices: [{ index: 120, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
  });
  await expect(answer).rejects.toMatchObject({ status: 502, message: expect.stringContaining('choice 120') });
});
