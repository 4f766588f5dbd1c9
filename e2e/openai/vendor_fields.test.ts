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
