import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Executable, executables, run } from '../harness/executable.ts';
import { Gateway } from '../harness/gateway.ts';
import { askStreamed, openaiClient } from '../harness/openai_client.ts';
import { nobody } from '../harness/scripted_provider.ts';
import { freePort } from '../harness/free_port.ts';

// The metrics as Prometheus reads them, beside what the documentation promises and the dashboard asks for.

const root = resolve(import.meta.dirname, '..', '..');
let gateway: Gateway;

beforeAll(async () => {
  // With traces on, so that their metrics are there too.
  gateway = await Gateway.start({}, { OTEL_EXPORTER_OTLP_ENDPOINT: new URL(await nobody()).origin });
  const chat = await ChatSocket.connect(gateway.chatUrl);
  await chat.ask('count me');
  await chat.close();
  await askStreamed(openaiClient(gateway), { model: 'mock', messages: [{ role: 'user', content: 'me too' }] });
});
afterAll(async () => {
  await gateway?.stop();
});

test('promtool finds nothing to complain about', async () => {
  for (const url of gateway.internalUrls) {
    const input = await (await fetch(`${url}/metrics`)).text();
    const { code, stdout, stderr } = await run(executables.promtool, ['check', 'metrics'], { input });
    expect(stdout + stderr).toBe('');
    expect(code).toBe(0);
  }
});

test('what is there is what is documented, name and type', async () => {
  const page = await readFile(join(root, 'docs/observability.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `((?:sluice|process)_\w+)` \| (\w+) \|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  const exposed = [...(await gateway.metrics()).matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  expect(exposed.length).toBeGreaterThan(40);
  expect(exposed.filter((one) => !documented.includes(one))).toEqual([]);
  // Those of Redis are there only where state.url names one.
  const ofRedis = /^sluice_(redis|limit_fallbacks)_/;
  expect(documented.filter((one) => !exposed.includes(one) && !ofRedis.test(one))).toEqual([]);
});

test('chats are counted where they should be', async () => {
  const text = await gateway.metrics();
  const value = (series: string): number => {
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? NaN : Number(line.slice(series.length + 1));
  };
  expect(value('sluice_generations_total{provider="mock",model="mock",status="completed"}')).toBe(2);
  expect(value('sluice_provider_attempts_total{provider="mock",outcome="completed"}')).toBe(2);
  expect(value('sluice_time_to_first_token_seconds_count{provider="mock"}')).toBe(2);
  expect(value('sluice_time_per_delta_seconds_count{provider="mock"}')).toBe(2);
  expect(value('sluice_http_requests_total{method="POST",route="/v1/chat/completions",status="2xx"}')).toBe(1);
  expect(value('sluice_socket_messages_total')).toBe(1);
  expect(value('sluice_socket_closes_total{code="1000"}')).toBe(1);
  expect(value('sluice_socket_sent_bytes_total')).toBeGreaterThan(1000);
  expect(value('sluice_kept_generations')).toBe(2);
  expect(value('sluice_kept_generation_bytes')).toBeGreaterThan(0);
  expect(value('sluice_live_generations')).toBe(0);
  expect(value('sluice_http_connections')).toBeGreaterThanOrEqual(1);
  expect(value('sluice_database_writes_total')).toBeGreaterThan(0);
});

interface Panel {
  title: string;
  targets: { expr: string }[];
}

test('Prometheus scrapes it, and every query of the dashboard can be asked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-prometheus-'));
  const address = `127.0.0.1:${await freePort()}`;
  const hosts = gateway.internalUrls.map((url) => new URL(url).host);
  const jobs = `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs: [{job_name: sluice, static_configs: [{targets: ${JSON.stringify(hosts)}}]}]
`;
  await writeFile(join(folder, 'prometheus.yml'), jobs);
  const prometheus = new Executable(
    executables.prometheus,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { cwd: folder },
  );
  const ask = async (query: string): Promise<{ status: string; error?: string; data: { result: unknown[] } }> => {
    const response = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(query)}`);
    return (await response.json()) as { status: string; error?: string; data: { result: unknown[] } };
  };
  try {
    await prometheus.errorLine(/Server is ready to receive web requests/);
    await expect.poll(async () => (await ask('up == 1')).data.result.length).toBe(hosts.length);
    const { panels } = JSON.parse(await readFile(join(root, 'deploy/grafana/sluice.json'), 'utf8')) as {
      panels: Panel[];
    };
    expect(panels.length).toBeGreaterThan(10);
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const query = expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
        expect(await ask(query), `${title}: ${query}`).toMatchObject({ status: 'success' });
      }
    }
    expect((await ask('sluice_generations_total{status="completed"}')).data.result).toHaveLength(1);
  } finally {
    await prometheus.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
