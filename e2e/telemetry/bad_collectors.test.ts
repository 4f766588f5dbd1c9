import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import type { OtlpProtocol } from '../harness/collector.ts';
import { signal } from '../harness/deadline.ts';
import { Gateway } from '../harness/gateway.ts';
import { mockText } from '../harness/mock_answer.ts';
import { nobody } from '../harness/scripted_provider.ts';

// A collector that is no good costs traces, and nothing else.

let servers: Server[] = [];
let sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  sockets = [];
  servers = [];
});

async function listen(speak: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    speak(socket);
  });
  servers.push(server);
  const listening = signal();
  server.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const refusal = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n';
const collectors: [string, () => Promise<string>][] = [
  ['is not there', async () => new URL(await nobody()).origin],
  ['hangs', () => listen(() => {})],
  ['refuses', () => listen((socket) => socket.on('data', () => socket.write(refusal)))],
  ['hangs up', () => listen((socket) => socket.destroy())],
  ['talks nonsense', () => listen((socket) => socket.end(Buffer.alloc(100_000, 0xff)))],
];

const metric = async (gateway: Gateway, pattern: RegExp): Promise<number> => {
  return Number(pattern.exec(await gateway.metrics())?.[1] ?? 0);
};

describe.each<OtlpProtocol>(['http/protobuf', 'grpc'])('over %s, one that', (protocol) => {
  test.each(collectors)('%s', async (_, make) => {
    const gateway = await Gateway.start(
      {},
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: await make(),
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_TIMEOUT: '300',
        OTEL_BSP_SCHEDULE_DELAY: '10',
        OTEL_BSP_MAX_QUEUE_SIZE: '16',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '8',
      },
    );
    const chat = await ChatSocket.connect(gateway.chatUrl);
    for (let round = 0; round < 30; ++round) expect((await chat.ask('Hello')).text).toBe(mockText('Hello'));
    await expect
      .poll(() => metric(gateway, /sluice_spans_dropped_total\{reason="queue_full"\} (\d+)/))
      .toBeGreaterThan(0);
    expect(await metric(gateway, /sluice_spans_exported_total (\d+)/)).toBe(0);
    await chat.close();
    await gateway.logged(/traces cannot be exported/);
    const begin = performance.now();
    const ended = gateway.executable.ended.then(() => gateway.logs);
    await gateway.stop();
    expect(performance.now() - begin).toBeLessThan(5000);
    const said = (await ended).map((log) => log.match(/traces cannot be exported/g)?.length ?? 0);
    expect(Math.max(...said)).toBe(1);
  });
});
