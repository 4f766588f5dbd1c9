import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Gateway } from '../harness/gateway.ts';

const messageBytes = 65_536;
let gateway: Gateway;
let chat: ChatSocket;
let bystander: ChatSocket;

beforeAll(async () => {
  gateway = await Gateway.start({ server: { limits: { message_bytes: messageBytes } } });
  bystander = await ChatSocket.connect(gateway.chatUrl);
});
beforeEach(async () => {
  chat = await ChatSocket.connect(gateway.chatUrl);
});
afterEach(async () => {
  expect((await bystander.ask('still here?')).text).toContain('still here?'); // nobody else is affected
  chat.cut();
});
afterAll(async () => {
  await gateway?.stop();
});

describe('what is refused with an error, and leaves the socket open', () => {
  const cases: [what: string, raw: string, code: number, says: RegExp][] = [
    ['nothing', '', 400, /./],
    ['not JSON', 'hello', 400, /JSON/i],
    ['half of a JSON object', '{"type":"chat","payload":{"content":"Hel', 400, /JSON/i],
    ['two JSON objects', '{"type":"ping"}{"type":"ping"}', 400, /JSON/i],
    ['an array', '[]', 400, /object/i],
    ['a number', '42', 400, /object/i],
    ['null', 'null', 400, /object/i],
    ['a string', '"chat"', 400, /object/i],
    ['no type', '{"payload":{"content":"x"}}', 400, /type/],
    ['a type that is a number', '{"type":1}', 400, /type/],
    ['no payload', '{"type":"chat"}', 400, /payload/],
    ['a payload that is null', '{"type":"chat","payload":null}', 400, /payload/],
    ['a payload that is an array', '{"type":"chat","payload":[]}', 400, /payload/],
    ['a payload that is a string', '{"type":"chat","payload":"Hello"}', 400, /payload/],
    ['no content', '{"type":"chat","payload":{}}', 400, /content/],
    ['content that is a number', '{"type":"chat","payload":{"content":7}}', 400, /content/],
    ['content that is null', '{"type":"chat","payload":{"content":null}}', 400, /content/],
    ['content that is an object', '{"type":"chat","payload":{"content":{}}}', 400, /content/],
    ['empty content', '{"type":"chat","payload":{"content":""}}', 400, /content/],
    ['a model that is a number', '{"type":"chat","payload":{"content":"x","model":7}}', 400, /model/],
    ['a type nobody knows', '{"type":"sing","payload":{}}', 404, /sing/],
    ['a model nobody knows', '{"type":"chat","payload":{"content":"x","model":"gpt-0"}}', 404, /gpt-0/],
    ['a lone surrogate', '{"type":"chat","payload":{"content":"\\ud800"}}', 400, /./],
    ['a bad escape', '{"type":"chat","payload":{"content":"\\x"}}', 400, /JSON/i],
    ['a thousand arrays in each other', '['.repeat(1_000) + ']'.repeat(1_000), 400, /deep|depth|nest/i],
    [
      'deep nesting in the payload',
      `{"type":"chat","payload":{"content":"x","metadata":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}}`,
      400,
      /deep|depth|nest/i,
    ],
    ['thirty thousand brackets', '['.repeat(30_000), 400, /./],
  ];

  test.each(cases)('%s', async (_, raw, code, says) => {
    const error = await chat.refused(raw);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(says);
    await chat.pings();
    expect(chat.frames.filter((frame) => frame.type === 'error')).toEqual([]); // one error, not two
  });
});

describe('size', () => {
  const framed = (bytes: number): string => {
    const empty = JSON.stringify({ type: 'chat', payload: { content: '', model: 'mock' } }).length;
    return JSON.stringify({ type: 'chat', payload: { content: 'x'.repeat(bytes - empty), model: 'mock' } });
  };

  test('a message of exactly the limit is answered', async () => {
    chat.socket.send(framed(messageBytes));
    expect((await chat.answer()).end.type).toBe('done');
  });

  test('a message beyond the limit closes its socket with 1009', async () => {
    chat.socket.send(framed(messageBytes + 1));
    expect((await chat.closed).code).toBe(1009);
  });

  test('the limit holds for the sum of a message in fragments', async () => {
    const part = 'x'.repeat(messageBytes / 2);
    chat.socket.send(part, { fin: false });
    chat.socket.send(part, { fin: false });
    chat.socket.send('x', { fin: true });
    expect((await chat.closed).code).toBe(1009);
  });
});

describe('what closes the socket', () => {
  test('a binary message: 1003', async () => {
    chat.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect((await chat.closed).code).toBe(1003);
  });

  test.each([
    ['a lone continuation byte', Buffer.from([0x80])],
    ['an overlong slash', Buffer.from([0xc0, 0xaf])],
    ['a surrogate', Buffer.from([0xed, 0xa0, 0x80])],
    ['beyond U+10FFFF', Buffer.from([0xf4, 0x90, 0x80, 0x80])],
    ['half of a character', Buffer.from([0x22, 0xe4, 0xb8])],
  ])('invalid UTF-8, %s: 1007', async (_, bytes) => {
    chat.socket.send(bytes, { binary: false });
    expect((await chat.closed).code).toBe(1007);
  });
});
