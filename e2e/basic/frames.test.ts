import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { within } from '../harness/deadline.ts';
import { Gateway } from '../harness/gateway.ts';
import { encodeFrame, opcode, RawSocket, type FrameBits } from '../harness/raw_socket.ts';

// Frames that no library would send; RFC 6455 says what becomes of them.

const ping = Buffer.from('{"type":"ping"}');
const pong = '{"type":"pong"}';
const nothing = Buffer.alloc(0);
let gateway: Gateway;
let raw: RawSocket;

beforeAll(async () => {
  gateway = await Gateway.start();
});
beforeEach(async () => {
  raw = await RawSocket.upgrade(gateway.port);
});
afterEach(() => raw.destroy());
afterAll(async () => {
  await gateway?.stop();
});

const answered = async (what: string): Promise<unknown> =>
  raw.until((bytes) => (bytes.includes(pong) ? true : undefined), what);

describe('accepted', () => {
  test('a message in one frame per byte, with a ping between them', async () => {
    for (const [index, byte] of ping.entries()) {
      const first = index === 0;
      raw.frame({
        opcode: first ? opcode.text : opcode.continuation,
        payload: Buffer.from([byte]),
        fin: index === ping.length - 1,
      });
      if (index === 3) raw.frame({ opcode: opcode.ping, payload: Buffer.from('beat') });
    }
    await answered('the answer to a fragmented message');
    expect(raw.received.includes(Buffer.concat([Buffer.from([0x8a, 4]), Buffer.from('beat')]))).toBe(true);
  });

  test('a frame that arrives byte by byte', async () => {
    raw.socket.setNoDelay(true);
    for (const byte of encodeFrame({ opcode: opcode.text, payload: ping })) raw.write(Buffer.from([byte]));
    await answered('the answer to a frame sent byte by byte');
  });

  test('many frames in one packet', async () => {
    raw.write(Buffer.concat(Array.from({ length: 50 }, () => encodeFrame({ opcode: opcode.text, payload: ping }))));
    await raw.until((bytes) => (bytes.toString('latin1').split(pong).length > 50 ? true : undefined), 'fifty answers');
  });

  test('a close is answered with a close of the same code, and the connection ends', async () => {
    raw.frame({ opcode: opcode.close, payload: Buffer.from([0x03, 0xe8]) });
    expect(await raw.closeCode()).toBe(1000);
    await within('the end of the connection', raw.closed);
  });
});

describe('refused with 1002', () => {
  const broken: [string, FrameBits[]][] = [
    ['an unmasked frame', [{ opcode: opcode.text, payload: ping, masked: false }]],
    ['a reserved bit', [{ opcode: opcode.text, payload: ping, reserved: 4 }]],
    ['an unknown opcode', [{ opcode: 3, payload: ping }]],
    ['an unknown control opcode', [{ opcode: 11, payload: nothing }]],
    ['a continuation of nothing', [{ opcode: opcode.continuation, payload: ping }]],
    [
      'a new message inside a fragmented one',
      [
        { opcode: opcode.text, payload: ping, fin: false },
        { opcode: opcode.text, payload: ping },
      ],
    ],
    ['a fragmented ping', [{ opcode: opcode.ping, payload: nothing, fin: false }]],
    ['a ping of 126 bytes', [{ opcode: opcode.ping, payload: Buffer.alloc(126) }]],
    ['a close with one byte', [{ opcode: opcode.close, payload: Buffer.from([3]) }]],
    ['a close with a code that may not be sent', [{ opcode: opcode.close, payload: Buffer.from([0x03, 0xed]) }]],
  ];

  test.each(broken)('%s', async (_, frames) => {
    for (const frame of frames) raw.frame(frame);
    expect(await raw.closeCode()).toBe(1002);
    await within('the end of the connection', raw.closed);
  });
});

describe('refused with other codes', () => {
  test('a close reason that is not UTF-8: 1007', async () => {
    raw.frame({ opcode: opcode.close, payload: Buffer.from([0x03, 0xe8, 0xff]) });
    expect(await raw.closeCode()).toBe(1007);
  });

  test('a header that announces an exabyte: 1009, before any of it is awaited', async () => {
    const head = Buffer.from([0x81, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    raw.write(head);
    expect(await raw.closeCode()).toBe(1009);
  });

  test('invalid UTF-8 is found in the first fragment already: 1007', async () => {
    raw.frame({ opcode: opcode.text, payload: Buffer.from([0x22, 0xff]), fin: false });
    expect(await raw.closeCode()).toBe(1007);
  });

  test('a character split between two fragments is no error', async () => {
    const [begin, end] = ['{"type":"ping","payload":"', '"}'].map((text) => Buffer.from(text));
    raw.frame({ opcode: opcode.text, payload: Buffer.concat([begin!, Buffer.from([0xe4, 0xb8])]), fin: false });
    raw.frame({ opcode: opcode.continuation, payload: Buffer.concat([Buffer.from([0xad]), end!]) });
    await raw.until((bytes) => (bytes.includes('"pong"') ? true : undefined), 'pong');
  });
});
