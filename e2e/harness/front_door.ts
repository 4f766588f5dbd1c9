import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { signal } from './deadline.ts';

const requestLine = /^[A-Z]{3,7} (\/\S*) HTTP\/1\.1\r\n/;
const requestLineMax = 4096;
const isForAdmin = (target: string): boolean => /^\/admin(?=[/?]|$)/.test(target);

/**
 * What stands before several gateways and the administration: a balancer of connections, each to the next gateway that
 * can be reached, from the address that the client has. What asks for /admin goes to the administration, whatever came
 * over the same connection before. No byte is changed.
 */
export class FrontDoor {
  readonly port: number;
  readonly #server: Server;
  readonly #open = new Set<Passage>();
  #turn = 0;

  private constructor(server: Server, gateways: number[], admin: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    const nextGateways = (): number[] => {
      const first = this.#turn++ % gateways.length;
      return [...gateways.slice(first), ...gateways.slice(0, first)];
    };
    server.on('connection', (near: Socket) => {
      const passage = new Passage(near, nextGateways, [admin]);
      this.#open.add(passage);
      near.once('close', () => this.#open.delete(passage));
    });
  }

  static async before(gateways: number[], admin: number, listen = '127.0.0.1:0'): Promise<FrontDoor> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    const listening = signal();
    const [host, port] = listen.split(':');
    server.listen(Number(port), host, () => listening.resolve());
    server.once('error', listening.reject);
    await listening.promise;
    return new FrontDoor(server, gateways, admin);
  }

  async close(): Promise<void> {
    const closed = signal();
    this.#server.close(() => closed.resolve());
    for (const passage of this.#open) passage.destroy();
    await closed.promise;
  }
}

/** A client's connection, and the one that stands for it on the other side. */
class Passage {
  readonly #near: Socket;
  readonly #gateways: () => number[];
  readonly #admin: number[];
  #far: Socket | undefined;
  #isWithAdmin = false;
  #isUpgraded = false;

  constructor(near: Socket, gateways: () => number[], admin: number[]) {
    this.#near = near;
    this.#gateways = gateways;
    this.#admin = admin;
    near.setNoDelay();
    near.on('data', (bytes: Buffer) => this.#take(bytes));
    near.pause();
    near.on('end', () => this.#far?.end());
    near.on('error', () => this.#far?.resetAndDestroy());
    near.on('close', () => this.#far?.destroy());
    this.#reach(gateways());
  }

  destroy(): void {
    this.#near.destroy();
  }

  // Who asks for both kinds of things over one connection awaits an answer before the next question: it begins here.
  #take(bytes: Buffer): void {
    const target = this.#isUpgraded ? undefined : requestLine.exec(bytes.toString('latin1', 0, requestLineMax))?.[1];
    if (target !== undefined && isForAdmin(target) !== this.#isWithAdmin) {
      this.#isWithAdmin = !this.#isWithAdmin;
      this.#reach(this.#isWithAdmin ? this.#admin : this.#gateways(), bytes);
      return;
    }
    this.#isUpgraded ||= target !== undefined && /\r\nupgrade:/i.test(bytes.toString('latin1'));
    if (!this.#far!.write(bytes)) this.#near.pause();
  }

  // Nothing more is read from the client until the other side is there.
  #reach([port, ...others]: number[], first?: Buffer): void {
    const near = this.#near;
    const former = this.#far;
    const far = connect({ port: port!, host: '127.0.0.1', localAddress: near.remoteAddress, allowHalfOpen: true });
    this.#far = far;
    former?.unpipe(near).destroy();
    near.pause();
    far.setNoDelay();
    let isThere = false;
    far.on('connect', () => {
      isThere = true;
      far.pipe(near);
      if (first) far.write(first);
      near.resume();
    });
    far.on('drain', () => near.resume());
    far.on('error', () => {
      if (this.#far !== far) return;
      if (!isThere && others.length > 0) this.#reach(others, first);
      else near.resetAndDestroy();
    });
    far.on('close', () => {
      if (this.#far === far && isThere && !far.readableEnded) near.destroy();
    });
  }
}
