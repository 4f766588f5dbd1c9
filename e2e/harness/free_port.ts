import { createServer, type AddressInfo } from 'node:net';
import { signal } from './deadline.ts';

/** A port of loopback where nobody listens at this moment, for programs of others that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const listening = signal();
  server.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  const closed = signal();
  server.close(() => closed.resolve());
  await closed.promise;
  return port;
}
