import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { patienceMs, signal, within } from './deadline.ts';
import { token } from './gateway.ts';

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameBits {
  opcode: number;
  payload: Buffer;
  fin?: boolean;
  masked?: boolean;
  /** RSV1…RSV3 as the three high bits below FIN. */
  reserved?: number;
}

/** The bytes of one frame (RFC 6455, section 5.2), right or deliberately wrong. */
export function encodeFrame({ opcode, payload, fin = true, masked = true, reserved = 0 }: FrameBits): Buffer {
  const length = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + length);
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (length === 0 ? payload.length : length === 2 ? 126 : 127);
  if (length === 2) head.writeUInt16BE(payload.length, 2);
  if (length === 8) head.writeBigUInt64BE(BigInt(payload.length), 2);
  if (!masked) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  const body = Buffer.from(payload.map((byte, index) => byte ^ mask[index % 4]!));
  return Buffer.concat([head, mask, body]);
}

/** A TCP connection that says exactly what it is told; for what no well-behaved client would do. */
export class RawSocket {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  received = Buffer.alloc(0);
  #waiting: (() => void)[] = [];
  #isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    const closed = signal();
    this.closed = closed.promise;
    socket.on('data', (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes]);
      this.#wake();
    });
    socket.on('error', () => {}); // 'close' follows
    socket.once('close', () => {
      this.#isClosed = true;
      closed.resolve();
      this.#wake();
    });
  }

  static async connect(port: number): Promise<RawSocket> {
    const socket = connect(port, '127.0.0.1');
    const raw = new RawSocket(socket);
    const connected = signal();
    socket.once('connect', () => connected.resolve());
    socket.once('error', connected.reject);
    await within(`a connection to port ${port}`, connected.promise);
    return raw;
  }

  /** A connection past its WebSocket handshake. */
  static async upgrade(port: number, headers: Record<string, string> = {}): Promise<RawSocket> {
    const raw = await RawSocket.connect(port);
    const lines = Object.entries({
      Host: `127.0.0.1:${port}`,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      Authorization: `Bearer ${token}`,
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    raw.write(`GET /chat HTTP/1.1\r\n${lines.join('')}\r\n`);
    const head = await raw.until((bytes) => (bytes.includes('\r\n\r\n') ? bytes : undefined), 'the handshake');
    if (!head.toString().startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${head.toString()}`);
    raw.received = raw.received.subarray(raw.received.indexOf('\r\n\r\n') + 4);
    return raw;
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  frame(frame: FrameBits): void {
    this.write(encodeFrame(frame));
  }

  /** The code of the close frame that the server sent; unfragmented small frames before it are skipped. */
  async closeCode(ms: number = patienceMs): Promise<number> {
    return this.until(
      (bytes) => {
        for (let at = 0; at + 2 <= bytes.length;) {
          const kind = bytes[at]! & 0x0f;
          let length = bytes[at + 1]! & 0x7f;
          let begin = at + 2;
          if (length === 126) {
            if (begin + 2 > bytes.length) return undefined;
            length = bytes.readUInt16BE(begin);
            begin += 2;
          } else if (length === 127) {
            if (begin + 8 > bytes.length) return undefined;
            length = Number(bytes.readBigUInt64BE(begin));
            begin += 8;
          }
          if (begin + length > bytes.length) return undefined;
          if (kind === opcode.close) return length >= 2 ? bytes.readUInt16BE(begin) : 1005;
          at = begin + length;
        }
        return undefined;
      },
      'a close frame',
      ms,
    );
  }

  /** What `look` finds in all that was received, as soon as it finds it. */
  async until<T>(look: (received: Buffer) => T | undefined, what: string, ms: number = patienceMs): Promise<T> {
    const search = async (): Promise<T> => {
      for (;;) {
        const found = look(this.received);
        if (found !== undefined) return found;
        if (this.#isClosed)
          throw new Error(`closed without ${what}; received: ${this.received.toString('latin1').slice(-500)}`);
        const { promise, resolve } = signal();
        this.#waiting.push(resolve);
        await promise;
      }
    };
    return within(what, search(), ms);
  }

  /** From now on what comes is read and forgotten. */
  discard(): void {
    this.socket.removeAllListeners('data');
    this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
