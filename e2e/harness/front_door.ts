import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { signal } from './deadline.ts';

/**
 * What stands before several gateways: a balancer of TCP connections, each to the next gateway that can be reached,
 * from the address that the client has.
 */
export class FrontDoor {
  readonly port: number;
  readonly #server: Server;
  readonly #ports: number[];
  readonly #open = new Set<Socket>();
  #turn = 0;

  private constructor(server: Server, ports: number[]) {
    this.#server = server;
    this.#ports = ports;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (near: Socket) => this.#pass(near, ports.length));
  }

  static async before(ports: number[], listen = '127.0.0.1:0'): Promise<FrontDoor> {
    const server = createServer({ allowHalfOpen: true });
    const listening = signal();
    const [host, port] = listen.split(':');
    server.listen(Number(port), host, () => listening.resolve());
    server.once('error', listening.reject);
    await listening.promise;
    return new FrontDoor(server, ports);
  }

  #pass(near: Socket, tries: number): void {
    const port = this.#ports[this.#turn++ % this.#ports.length]!;
    const far = connect({ port, host: '127.0.0.1', localAddress: near.remoteAddress!, allowHalfOpen: true });
    near.setNoDelay();
    far.setNoDelay();
    const refused = (): void => {
      if (tries > 1) this.#pass(near, tries - 1);
      else near.resetAndDestroy();
    };
    far.once('error', refused);
    far.once('connect', () => {
      far.off('error', refused);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(from);
        from.on('error', () => to.resetAndDestroy());
        from.once('close', () => {
          this.#open.delete(from);
          if (!from.readableEnded) to.destroy();
        });
        from.pipe(to);
      }
    });
    near.on('error', () => far.destroy());
  }

  async close(): Promise<void> {
    const closed = signal();
    this.#server.close(() => closed.resolve());
    for (const socket of this.#open) socket.destroy();
    await closed.promise;
  }
}
