import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { signal } from './deadline.ts';

/** A network line to a server, in the hands of the test: it can be cut, and be down for a while. */
export class Line {
  readonly url: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #isDown = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (near: Socket) => {
      if (this.#isDown) return near.resetAndDestroy();
      const far = connect(port, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(from);
        from.on('error', () => {}); // 'close' follows
        from.once('close', () => {
          this.#open.delete(from);
          to.destroy();
        });
        from.pipe(to);
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

  async close(): Promise<void> {
    const closed = signal();
    this.#server.close(() => closed.resolve());
    this.cut();
    await closed.promise;
  }
}
