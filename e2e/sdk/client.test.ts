import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import {
  SluiceClient,
  type Answer,
  type SluiceClientOptions,
  type WebSocketLike,
} from '../../sdk/typescript/src/index.ts';
import { signal, within } from '../harness/deadline.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { mockReasoning, mockText } from '../harness/mock_answer.ts';
import { Random } from '../harness/random.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

const seed = Number(process.env.SLUICE_TEST_SEED ?? Date.now() % 1_000_000);
let gateway: Gateway;
let provider: ScriptedProvider;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: {
      slow: { type: 'mock', delay_ms: 1 },
      scripted: { type: 'openai', base_url: provider.baseUrl },
    },
    models: [
      { name: 'slow', targets: [{ provider: 'slow' }] },
      { name: 'scripted', targets: [{ provider: 'scripted' }] },
    ],
  });
});
afterAll(async () => {
  await gateway?.stop();
  await provider?.stop();
});

/** The socket of a server, or of something before it, that does not tell its limits. */
class SecretiveSocket extends WebSocket {
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event !== 'message') return super.emit(event, ...values);
    const frame = JSON.parse(String(values[0])) as { type: string; payload: { limits?: unknown } };
    if (frame.type === 'hello') delete frame.payload.limits;
    return super.emit(event, Buffer.from(JSON.stringify(frame)), false);
  }
}

/** A client over npm's `ws` whose lines can be cut. */
class CuttableClient extends SluiceClient {
  readonly sockets: WebSocket[];

  constructor({
    limitsAreHidden = false,
    ...options
  }: Partial<SluiceClientOptions> & { limitsAreHidden?: boolean } = {}) {
    const sockets: WebSocket[] = [];
    const Socket = limitsAreHidden ? SecretiveSocket : WebSocket;
    super({
      url: `${gateway.url}/chat`,
      backoff: { firstMs: 2, longestMs: 20 },
      open: (url, protocols) => {
        const socket = new Socket(url, protocols, { headers: { Authorization: `Bearer ${token}` } });
        sockets.push(socket);
        return socket as unknown as WebSocketLike;
      },
      ...options,
    });
    this.sockets = sockets;
  }

  cut(): void {
    this.sockets.at(-1)!.terminate();
  }
}

/** Settles once `has` holds of the answer. */
async function until(answer: Answer, has: () => boolean): Promise<void> {
  const held = signal();
  const look = (): void => void (has() && held.resolve());
  const leave = answer.subscribe(look);
  look();
  await within('a change of the answer', held.promise);
  leave();
}

describe('the TypeScript client', () => {
  test('asks and reads, over npm ws with a bearer token', async () => {
    const client = new CuttableClient();
    const answer = client.chat({ content: 'Hello 👋', model: 'mock' });
    let text = '';
    for await (const delta of answer) if (delta.type === 'text') text += delta.content;
    expect(text).toBe(mockText('Hello 👋'));
    expect(answer.reasoning).toBe(mockReasoning('Hello 👋'));
    await expect(answer.done).resolves.toMatchObject({ status: 'completed', usage: { source: 'provider' } });
    expect(client.hello).toMatchObject({ heartbeat_s: expect.any(Number) });
    client.close();
  });

  test('asks and reads over the WebSocket that Node has itself, with the token in the address', async () => {
    const client = new SluiceClient({ url: `${gateway.url}/chat?token=${token}` });
    const answer = client.chat({ content: 'by itself', model: 'mock' });
    await within('the end', answer.done);
    expect(answer.text).toBe(mockText('by itself'));
    client.close();
  });

  test(`loses nothing and repeats nothing however often the line is cut (seed ${seed})`, async () => {
    const random = new Random(seed);
    const client = new CuttableClient();
    const prompts = ['first', 'second 你好', 'third '.repeat(20)];
    const answers = prompts.map((content) => client.chat({ content, model: 'slow' }));
    await Promise.all(answers.map((answer) => until(answer, () => answer.state === 'streaming')));
    let cuts = 0;
    while (answers.some((answer) => !answer.isOver)) {
      const running = answers.find((answer) => !answer.isOver)!;
      const goal = running.version + random.between(0, 29);
      await until(running, () => running.isOver || running.version > goal);
      if (!running.isOver) {
        client.cut();
        ++cuts;
      }
    }
    expect(answers.map(({ text }) => text)).toEqual(prompts.map(mockText));
    expect(answers.map(({ reasoning }) => reasoning)).toEqual(prompts.map(mockReasoning));
    expect(cuts).toBeGreaterThan(3);
    client.close();
  });

  test('stops an answer, also one that it asked to stop while the line was broken', async () => {
    const client = new CuttableClient();
    const answer = client.chat({ content: 'stop me', model: 'scripted' });
    const call = (await provider.call()).text('half');
    await until(answer, () => answer.text === 'half');
    client.cut();
    answer.cancel();
    await expect(within('the end', answer.done)).resolves.toMatchObject({ status: 'cancelled' });
    await within('the provider to be left', call.gone);
    expect(answer.text).toBe('half');
    client.close();
  });

  test('takes up an answer that another client began', async () => {
    const first = new CuttableClient();
    const asked = first.chat({ content: 'x', model: 'scripted' });
    const call = (await provider.call()).text('one ');
    await until(asked, () => asked.text === 'one ');
    const second = new CuttableClient();
    const taken = second.resume(asked.generationId!);
    await until(taken, () => taken.text === 'one ');
    first.close();
    call.text('two').finish();
    await within('the end', taken.done);
    expect(taken.text).toBe('one two');
    second.close();
  });

  test('refuses what is longer than the server takes, and stays connected', async () => {
    const client = new CuttableClient();
    await within('an answer', client.chat({ content: 'short', model: 'mock' }).done);
    const long = client.chat({ content: '€'.repeat(client.hello!.limits.message_bytes! / 3), model: 'mock' });
    await expect(within('the refusal', long.done)).rejects.toMatchObject({ code: 413, type: 'too_large' });
    await within('an answer', client.chat({ content: 'short again', model: 'mock' }).done);
    expect(client.sockets).toHaveLength(1);
    client.close();
  });

  test('that was not told a limit sends once what closes the socket, and the other answers go on', async () => {
    const client = new CuttableClient({ limitsAreHidden: true });
    const live = client.chat({ content: 'x', model: 'scripted' });
    const call = (await provider.call()).text('one ');
    await until(live, () => live.text === 'one ');
    const long = client.chat({ content: 'x'.repeat(300_000), model: 'mock' });
    const short = client.chat({ content: 'short', model: 'mock' });
    await expect(within('the refusal', long.done)).rejects.toMatchObject({ code: 413, type: 'too_large' });
    await within('the other answer', short.done);
    call.text('two').finish();
    await within('the end', live.done);
    expect([live.text, short.text]).toEqual(['one two', mockText('short')]);
    expect(client.sockets).toHaveLength(2);
    client.close();
  });

  test('sends halves of characters as what they are not, and refuses what nests too deeply', async () => {
    const client = new CuttableClient();
    const half = client.chat({ content: 'a \ud83d b', model: 'mock', metadata: { 'k\ud800': 'v' } });
    await within('an answer', half.done);
    expect(half.text).toBe(mockText('a \ufffd b'));
    const deep = JSON.parse('{"a":'.repeat(60) + '1' + '}'.repeat(60)) as Record<string, unknown>;
    const refused = client.chat({ content: 'x', model: 'mock', metadata: deep });
    await expect(within('the refusal', refused.done)).rejects.toMatchObject({ code: 400, type: 'invalid_argument' });
    expect(client.sockets).toHaveLength(1);
    client.close();
  });

  test('that was not told how deep a request may nest is told that it was too deep', async () => {
    const client = new CuttableClient({ limitsAreHidden: true });
    const deep = JSON.parse('{"a":'.repeat(60) + '1' + '}'.repeat(60)) as Record<string, unknown>;
    const refused = client.chat({ content: 'x', model: 'mock', metadata: deep });
    await expect(within('the refusal', refused.done)).rejects.toMatchObject({ code: 400, type: 'invalid_argument' });
    client.close();
  });

  test('stops an answer that the server has not yet said it took', async () => {
    const client = new CuttableClient();
    await within('an answer', client.chat({ content: 'x', model: 'mock' }).done);
    const answer = client.chat({ content: 'stop me at once', model: 'scripted' });
    answer.cancel();
    expect(answer.state).toBe('submitted');
    await expect(within('the end', answer.done)).resolves.toMatchObject({ status: 'cancelled' });
    expect(answer.generationId).toMatch(/^gen_/);
    client.close();
  });

  test('says what was refused, and goes on', async () => {
    const client = new CuttableClient();
    await expect(client.chat({ content: 'x', model: 'nobody' }).done).rejects.toMatchObject({ code: 404 });
    await expect(client.resume('gen_unknown').done).rejects.toMatchObject({ code: 404 });
    await expect(client.chat({ content: 'still here', model: 'mock' }).done).resolves.toMatchObject({
      status: 'completed',
    });
    client.close();
  });
});

test('a client finds the server again after a restart', async () => {
  const other = await Gateway.start();
  const client = new CuttableClient({ url: `${other.url}/chat` });
  await within('an answer', client.chat({ content: 'before' }).done);
  await other.stop();
  const waiting = client.chat({ content: 'after' });
  const again = await Gateway.start({}, {}, `127.0.0.1:${other.port}`);
  await within('an answer', waiting.done);
  expect(waiting.text).toBe(mockText('after'));
  client.close();
  await again.stop();
});
