import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { within } from '../harness/deadline.ts';
import { readEvents, terminalEvents } from '../harness/event_stream.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { mockText } from '../harness/mock_answer.ts';
import { askStreamed, openaiClient } from '../harness/openai_client.ts';
import { nobody, ScriptedProvider, type ProviderCall } from '../harness/scripted_provider.ts';

// Whatever a provider does, its client gets one clear error, and nobody else notices.

const messages = [{ role: 'user' as const, content: 'x' }];
let gateway: Gateway;
let provider: ScriptedProvider;
let client: OpenAI;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: {
      faulty: {
        type: 'openai',
        base_url: provider.baseUrl,
        timeouts: { connect: '500ms', first_token: '500ms', between_tokens: '500ms', total: '1500ms' },
      },
      absent: { type: 'openai', base_url: await nobody(), timeouts: { connect: '500ms' } },
    },
    models: [
      { name: 'faulty', targets: [{ provider: 'faulty' }] },
      { name: 'absent', targets: [{ provider: 'absent' }] },
    ],
  });
  client = openaiClient(gateway);
});
afterAll(async () => {
  provider?.always(undefined);
  await gateway?.stop();
  await provider?.stop();
});

/** Writes without an end, as fast as the gateway reads, until it goes away. */
function floodWith(bytes: string): (call: ProviderCall) => void {
  return (call) => {
    const connection = call.open().connection;
    const more = (): void => {
      while (!connection.destroyed && connection.writableLength < 1 << 20) call.raw(bytes);
      connection.once('drain', more);
    };
    more();
  };
}

function dripFor(call: ProviderCall): void {
  const timer = setInterval(() => call.text('.'), 100);
  void call.gone.then(() => clearInterval(timer));
}

interface Fault {
  what: string;
  act: (call: ProviderCall) => void;
  code: number;
  /** What reaches the client before the error. */
  text?: string;
}

const faults: Fault[] = [
  { what: 'hangs before the first byte', act: () => {}, code: 504 },
  { what: 'hangs in the status line', act: (call) => call.connection.write('HTTP/1.1 2'), code: 504 },
  {
    what: 'hangs in the headers',
    act: (call) => call.connection.write('HTTP/1.1 200 OK\r\nContent-Type: text/ev'),
    code: 504,
  },
  { what: 'hangs after the headers', act: (call) => call.open(), code: 504 },
  { what: 'sends comments only', act: (call) => call.raw(': wait\n\n'), code: 504 },
  { what: 'hangs in mid-stream', act: (call) => call.text('half'), code: 504, text: 'half' },
  { what: 'drips beyond the total time', act: dripFor, code: 504 },
  { what: 'speaks another protocol', act: (call) => call.connection.end('SSH-2.0-OpenSSH_9.2\r\n'), code: 502 },
  { what: 'closes without a word', act: (call) => call.connection.end(), code: 502 },
  { what: 'resets before a word', act: (call) => call.cut(), code: 502 },
  {
    what: 'sends endless headers',
    act: (call) => call.connection.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(1_000_000)}`),
    code: 502,
  },
  { what: 'sends an endless line', act: floodWith('data: '.padEnd(65_536, 'x')), code: 502 },
  { what: 'sends endless nothing', act: floodWith('\n'.repeat(65_536)), code: 504 },
  { what: 'sends what is not JSON', act: (call) => call.raw('data: {"choices":[{"del\n\n'), code: 502 },
  { what: 'sends JSON of another shape', act: (call) => call.raw('data: [1,2,3]\n\n'), code: 502 },
  { what: 'sends choices of another shape', act: (call) => call.raw('data: {"choices":{"a":1}}\n\n'), code: 502 },
  { what: 'sends deep nesting', act: (call) => call.raw(`data: ${'['.repeat(20_000)}\n\n`), code: 502 },
  {
    what: 'sends invalid UTF-8',
    act: (call) =>
      call.raw(Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"\xff\xfe"}}]}\n\n', 'latin1')),
    code: 502,
  },
  {
    what: 'sends an HTML page',
    act: (call) =>
      call.connection.end('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>'),
    code: 502,
  },
  { what: 'redirects', act: (call) => call.json(302, {}, { Location: 'http://127.0.0.1:1/' }), code: 502 },
  {
    what: 'sends an error event first',
    act: (call) => call.event({ error: { message: 'overloaded', type: 'server_error' } }),
    code: 502,
  },
  {
    what: 'sends an error event in mid-stream',
    act: (call) => call.text('half').event({ error: { message: 'overloaded', type: 'server_error' } }),
    code: 502,
    text: 'half',
  },
  {
    what: 'sends garbage in mid-stream',
    act: (call) => call.text('half').raw('data: }{\n\n'),
    code: 502,
    text: 'half',
  },
  { what: 'cuts in mid-stream', act: (call) => call.text('half').connection.end(), code: 502, text: 'half' },
  { what: 'ends properly, but without a finish', act: (call) => call.text('half').end(), code: 502, text: 'half' },
  { what: 'ends with nothing at all', act: (call) => call.open().end(), code: 502 },
  {
    what: 'answers 500 with a page',
    act: (call) => call.connection.end('HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nOops'),
    code: 502,
  },
  { what: 'answers with an unknown status', act: (call) => call.json(799, { error: 'what?' }), code: 502 },
];

/** Runs `asked` while another chat goes on; that one must not notice anything. */
async function besideAnotherChat<T>(asked: () => Promise<T>): Promise<T> {
  const others = (async () => {
    for (let round = 0; round < 3; ++round) {
      const { text } = await askStreamed(client, {
        model: 'mock',
        messages: [{ role: 'user', content: `round ${round}` }],
      });
      expect(text).toBe(mockText(`round ${round}`));
    }
  })();
  const [outcome] = await Promise.all([asked(), others]);
  return outcome;
}

async function failure(asked: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const outcome = await within(
    'an error',
    asked.then(
      (value) => ({ value }),
      (error: unknown) => error,
    ),
    5_000,
  );
  expect(outcome).toBeInstanceOf(OpenAI.APIError);
  return outcome as InstanceType<typeof OpenAI.APIError>;
}

describe.each(faults)('a provider that $what', ({ act, code, text }) => {
  test('not streamed: an error with its status', async () => {
    provider.always(act);
    const error = await besideAnotherChat(() => failure(client.chat.completions.create({ model: 'faulty', messages })));
    expect(error.status).toBe(code);
    expect(error.message).toMatch(/faulty|provider/i);
  });

  test('streamed: the text so far, one error, and the end', async () => {
    provider.always(act);
    const response = await besideAnotherChat(() =>
      fetch(`${gateway.openaiUrl}/chat/completions`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ model: 'faulty', messages, stream: true }),
        signal: AbortSignal.timeout(5_000),
      }),
    );
    if (response.status !== 200) {
      expect(text).toBeUndefined();
      expect(response.status).toBe(code);
      expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/faulty|provider/i) } });
      return;
    }
    const events = await readEvents(response);
    expect(terminalEvents(events)).toEqual([events.at(-1)]);
    expect(JSON.parse(events.at(-1)!)).toMatchObject({ error: { message: expect.stringMatching(/faulty|provider/i) } });
    const words = events.slice(0, -1).map((data) => JSON.parse(data).choices[0]?.delta.content ?? '');
    if (text !== undefined) expect(words.join('')).toBe(text);
  });

  test('over the WebSocket: the text so far, one error, and the socket stays', async () => {
    provider.always(act);
    const chat = await ChatSocket.connect(gateway.chatUrl);
    const answer = await besideAnotherChat(() => chat.ask('x', { model: 'faulty' }));
    expect(answer.end).toMatchObject({
      type: 'error',
      payload: { code, message: expect.stringMatching(/faulty|provider/i) },
    });
    if (text !== undefined) expect(answer.text).toBe(text);
    await chat.pings();
    expect(chat.frames.filter((frame) => frame.type === 'error' || frame.type === 'done')).toEqual([]);
    await chat.close();
  });
});

test('a provider that is not there', async () => {
  for (const stream of [true, false]) {
    const error = await besideAnotherChat(() =>
      failure(client.chat.completions.create({ model: 'absent', messages, stream })),
    );
    expect(error.status).toBe(503);
    expect(error.message).toMatch(/absent|provider/i);
  }
});

test('after all of this the same provider answers again', async () => {
  provider.always((call) => call.text('well').finish());
  expect((await askStreamed(client, { model: 'faulty', messages })).text).toBe('well');
});
