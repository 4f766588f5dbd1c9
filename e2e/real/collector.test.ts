import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Cluster } from '../harness/cluster.ts';
import { Collector, isCall, type OtlpProtocol, type Span } from '../harness/collector.ts';
import { Executable } from '../harness/executable.ts';
import { configuration } from '../harness/gateway.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';
import { freePort } from '../harness/free_port.ts';

// The four roles send their traces to a real OpenTelemetry Collector (scripts/real-collector), which passes them on to
// a receiver that we can read. What arrives is what it understood.

const root = resolve(import.meta.dirname, '../..');
const program = resolve(root, 'build/real-collector/collector');
const isThere = existsSync(program);
if (!isThere) console.warn('skipped: there is no real OpenTelemetry Collector; scripts/real-collector says why');

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerSpan = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${callerSpan}-01`;

let directory: string;
const running: { stop(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop();
  await rm(directory, { recursive: true, force: true });
});

function started<T extends { stop(): Promise<unknown> }>(what: T): T {
  running.push(what);
  return what;
}

/** The collector before `receiver`; where it takes spans. */
async function startBefore(receiver: Collector, protocol: OtlpProtocol): Promise<string> {
  const port = await freePort();
  const file = join(directory, 'collector.yaml');
  const name = protocol === 'grpc' ? 'grpc' : 'http';
  await writeFile(
    file,
    stringify({
      receivers: { otlp: { protocols: { [name]: { endpoint: `127.0.0.1:${port}` } } } },
      exporters: { otlphttp: { endpoint: receiver.url } },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { traces: { receivers: ['otlp'], exporters: ['otlphttp'] } },
      },
    }),
  );
  const collector = started(new Executable(program, ['--config', file]));
  await collector.errorLine(/Everything is ready/, 30_000);
  return `http://127.0.0.1:${port}`;
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<any> {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return JSON.parse(text);
}

/** What the documentation says that traces hold. */
function documented(): Set<string> {
  const page = readFileSync(resolve(root, 'docs/observability.md'), 'utf8');
  return new Set([...page.matchAll(/`([a-z_]+(?:\.[a-z_]+)+)`/g)].map(([, name]) => name!));
}

const isOfRole = (role: string) => (span: Span) => span.resource['service.name'] === `sluice-${role}`;

describe.skipIf(!isThere).each<OtlpProtocol>(['http/protobuf', 'grpc'])('over %s', (protocol) => {
  test('a chat through the roles is one connected trace with the documented names', async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-collector-'));
    const receiver = started(await Collector.start());
    const endpoint = await startBefore(receiver, protocol);
    const provider = started(await ScriptedProvider.start());
    provider.always((call) => call.text('an answer').finish('stop', { prompt_tokens: 7, completion_tokens: 5 }));
    const file = join(directory, 'sluice.yaml');
    const settings = configuration({
      providers: { scripted: { type: 'openai', base_url: provider.baseUrl } },
      models: [{ name: 'fast', targets: [{ provider: 'scripted', model: 'scripted-1' }] }],
    });
    await writeFile(file, stringify(settings));
    const cluster = started(
      await Cluster.start(file, directory, {
        gateways: 1,
        agents: 1,
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_BSP_SCHEDULE_DELAY: '50',
          OTEL_TRACES_SAMPLER: 'parentbased_always_off', // nothing but what we ask for
        },
      }),
    );
    const url = cluster.node('gateway-1').address!;
    const person = { username: 'ann', password: 'quartz-ladder-91-umbrella' };
    await post(`${url}/register`, person);
    const { token } = await post(`${url}/login`, person, { traceparent });
    const { key } = await post(`${url}/v1/keys`, { name: 'mine' }, { authorization: `Bearer ${token}` });

    const headers = { authorization: `Bearer ${key}`, traceparent };
    const messages = [{ role: 'user', content: 'a question' }];
    const said = await post(`${url}/v1/chat/completions`, { model: 'fast', messages }, headers);
    expect(said.choices[0].message.content).toBe('an answer');
    const refused = await fetch(`${cluster.node('admin').address}/admin/api/v1/users`, { headers });
    await refused.text();
    expect(refused.status).toBe(403);

    const names = [
      'POST /login',
      'POST /v1/chat/completions',
      'generation fast',
      'chat scripted-1',
      'GET /admin/api/v1/users',
    ];
    for (const name of names) await receiver.find(name, 1, (span) => span.name === name);
    for (const role of ['gateway', 'agent', 'admin', 'identity']) await receiver.find(role, 1, isOfRole(role));
    const spans = await receiver.find('of calls', 2, isCall).then(() => receiver.spans);
    const ids = new Set(spans.map(({ id }) => id));
    expect(ids.size).toBe(spans.length);
    for (const span of spans) {
      expect(span.trace).toBe(traceId);
      if (span.parent !== callerSpan)
        await receiver.find(`the parent of ${span.name}`, 1, ({ id }) => id === span.parent);
    }
    expect(new Set(spans.filter((span) => !isCall(span)).map(({ name }) => name))).toEqual(new Set(names));
    const known = documented();
    for (const span of spans) {
      for (const name of Object.keys(span.attributes)) expect(known, `${span.name}: ${name}`).toContain(name);
    }
    const attempt = spans.find(({ name }) => name === 'chat scripted-1')!;
    expect(attempt.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'scripted-1',
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 5,
    });
    expect(attempt.events.map(({ name }) => name)).toEqual(['first_token']);
  });
});
