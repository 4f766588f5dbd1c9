import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { signal, within } from './deadline.ts';

/** Towards the server, or back from it. */
export type Way = 'there' | 'back';

/** A network line to a server, in the hands of the test: it can be cut, be down for a while, and lose what is sent. */
export class Line {
  readonly url: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #isDown = false;
  #lost: Way | undefined;
  #onLoss: (bytes: Buffer) => void = () => {};

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (near: Socket) => {
      if (this.#isDown) return near.resetAndDestroy();
      const far = connect(port, '127.0.0.1');
      for (const [from, to, way] of [
        [near, far, 'there'],
        [far, near, 'back'],
      ] as const) {
        this.#open.add(from);
        from.on('error', () => {}); // 'close' follows
        from.once('close', () => {
          this.#open.delete(from);
          to.destroy();
        });
        from
          .pipe(
            new Transform({
              transform: (bytes: Buffer, _, pass) => {
                if (this.#lost !== way) return pass(null, bytes);
                this.#onLoss(bytes);
                pass();
              },
            }),
          )
          .pipe(to);
      }
    });
  }

  static async to(port: number): Promise<Line> {
    const server = createServer();
    const listening = signal();
    server.listen(0, '127.0.0.1', () => listening.resolve());
    await listening.promise;
    return new Line(server, port);
  }

  /** Everything that is open breaks without a word. */
  cut(): void {
    this.#lost = undefined;
    for (const socket of this.#open) socket.resetAndDestroy();
  }

  /** Nothing comes through until `up`. */
  down(): void {
    this.#isDown = true;
    this.cut();
  }

  up(): void {
    this.#isDown = false;
  }

  /** What is sent this way is gone, and nobody is told, until the line is cut; as when a phone leaves its network. */
  loses(way: Way): void {
    this.#lost = way;
  }

  /** Until something was lost that holds this text. */
  async hasLost(text: string): Promise<void> {
    const lost = signal();
    this.#onLoss = (bytes) => bytes.includes(text) && lost.resolve();
    await within(`the loss of "${text}"`, lost.promise);
  }

  async close(): Promise<void> {
    const closed = signal();
    this.#server.close(() => closed.resolve());
    this.cut();
    await closed.promise;
  }
}
