import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { signal, within } from '../harness/deadline.ts';
import { run } from '../harness/executable.ts';
import { Gateway, type GatewayConfig } from '../harness/gateway.ts';
import { mockText } from '../harness/mock_answer.ts';
import { askStreamed, openaiClient } from '../harness/openai_client.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

let directory: string;
let files: { certificate: string; key: string };
let tls: { cert: string; key: string };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  files = { certificate: join(directory, 'certificate.pem'), key: join(directory, 'key.pem') };
  const made = await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=sluice-e2e', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:provider.test'],
    ...['-keyout', files.key, '-out', files.certificate],
  ]);
  expect(made.code, made.stderr).toBe(0);
  tls = { cert: await readFile(files.certificate, 'utf8'), key: await readFile(files.key, 'utf8') };
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

test('server.tls: HTTPS and secure WebSockets, and nothing in the clear', async () => {
  const gateway = await Gateway.start({ server: { tls: files } });
  expect(gateway.url).toMatch(/^https:/);
  const status = signal<number | undefined>();
  get(`${gateway.url}/livez`, { ca: tls.cert }, (response) => status.resolve(response.resume().statusCode)).on(
    'error',
    status.reject,
  );
  expect(await within('an answer over TLS', status.promise)).toBe(200);
  const chat = await ChatSocket.connect(gateway.chatUrl, { ca: tls.cert });
  const prompt = 'in secret '.repeat(5_000); // more than one TLS record, both ways
  expect((await chat.ask(prompt)).text).toBe(mockText(prompt));
  await chat.close();
  const clear = await fetch(`${gateway.url.replace('https', 'http')}/livez`).then(
    ({ status }) => status,
    () => 'cut',
  );
  expect([400, 'cut']).toContain(clear);
  await gateway.stop();
});

describe('a provider behind TLS', () => {
  const behind = (provider: ScriptedProvider, host = '127.0.0.1'): GatewayConfig => ({
    providers: { secure: { type: 'openai', base_url: provider.baseUrl.replace('127.0.0.1', host) } },
    models: [{ name: 'secure', targets: [{ provider: 'secure' }] }],
  });
  const question = { model: 'secure', messages: [{ role: 'user' as const, content: 'x' }] };

  test('whose certificate nobody vouches for is not spoken to', async () => {
    const provider = await ScriptedProvider.start(tls);
    const gateway = await Gateway.start(behind(provider));
    await expect(askStreamed(openaiClient(gateway), question)).rejects.toMatchObject({ status: 502 });
    await gateway.stop();
    await provider.stop();
  });

  test('whose certificate is trusted answers', async () => {
    const provider = await ScriptedProvider.start(tls);
    provider.always((call) => call.text('in secret').finish());
    const gateway = await Gateway.start(behind(provider), { SSL_CERT_FILE: files.certificate });
    expect((await askStreamed(openaiClient(gateway), question)).text).toBe('in secret');
    await gateway.stop();
    await provider.stop();
  });

  test('is reached through HTTPS_PROXY where that is set, unless NO_PROXY names it', async () => {
    const provider = await ScriptedProvider.start(tls);
    provider.always((call) => call.text('by a detour').finish());
    const proxy = await Tunnel.start();
    const environment = { SSL_CERT_FILE: files.certificate, HTTPS_PROXY: proxy.url, NO_PROXY: '' };
    // Addresses of this machine are never asked of a proxy, so the provider has a name that only the proxy knows.
    const detour = await Gateway.start(behind(provider, 'provider.test'), environment);
    expect((await askStreamed(openaiClient(detour), question)).text).toBe('by a detour');
    expect(proxy.targets).toEqual([new URL(provider.baseUrl).host.replace('127.0.0.1', 'provider.test')]);
    await detour.stop();
    const direct = await Gateway.start(behind(provider, 'provider.test'), {
      ...environment,
      NO_PROXY: 'provider.test',
    });
    await expect(askStreamed(openaiClient(direct), question)).rejects.toMatchObject({ status: 503 });
    expect(proxy.targets).toHaveLength(1);
    await direct.stop();
    proxy.stop();
    await provider.stop();
  });
});

/** An HTTP proxy that knows CONNECT and nothing else; every name is this machine. */
class Tunnel {
  readonly targets: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (client) => {
      client.on('error', () => {});
      client.once('data', (head) => {
        const [, host, port] = /^CONNECT ([^:]+):(\d+) HTTP\/1\.1\r\n/.exec(head.toString()) ?? [];
        if (!host || !port) return client.end('HTTP/1.1 405 Only CONNECT\r\n\r\n');
        this.targets.push(`${host}:${port}`);
        const target = connect(Number(port), '127.0.0.1', () => {
          client.write('HTTP/1.1 200 Go on\r\n\r\n');
          client.pipe(target).pipe(client);
        });
        target.on('error', () => client.destroy());
      });
    });
  }

  static async start(): Promise<Tunnel> {
    const server = createServer();
    const listening = signal();
    server.listen(0, '127.0.0.1', () => listening.resolve());
    await listening.promise;
    return new Tunnel(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
  }
}
