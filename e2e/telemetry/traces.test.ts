import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ChatSocket } from '../harness/chat_socket.ts';
import { Collector, isCall, type OtlpProtocol, type Span } from '../harness/collector.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { askStreamed, openaiClient } from '../harness/openai_client.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

// One trace, from a client's frame or request to the provider's call, as a collector of OpenTelemetry's gets it.

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerSpan = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${callerSpan}-01`;
const question = 'a question that nobody else may read';
const answer = 'an answer that nobody else may read';
const providerKey = 'sk-provider-secret-0123456789';

let provider: ScriptedProvider;
let gateway: Gateway | undefined;
let collector: Collector;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
});
afterEach(async () => {
  provider.always(undefined);
  await gateway?.stop();
  gateway = undefined;
  await collector?.stop();
});
afterAll(async () => {
  await provider?.stop();
});

async function start(
  protocol: OtlpProtocol,
  env: Record<string, string> = {},
  telemetry: Record<string, unknown> = {},
): Promise<Gateway> {
  collector = await Collector.start(protocol);
  const settings = {
    providers: { scripted: { type: 'openai' as const, base_url: provider.baseUrl, api_key: providerKey } },
    models: [{ name: 'fast', targets: [{ provider: 'scripted', model: 'scripted-1' }] }],
    telemetry: { log_format: 'json', log_level: 'debug', ...telemetry },
  };
  gateway = await Gateway.start(settings, { ...collector.environment, ...env });
  return gateway;
}

function answers(): void {
  provider.always((call) => call.text(answer).finish('stop', { prompt_tokens: 7, completion_tokens: 5 }));
}

const named = (spans: Span[], name: string): Span => {
  const found = spans.filter((span) => span.name === name);
  expect(found, name).toHaveLength(1);
  return found[0]!;
};

describe.each<OtlpProtocol>(['http/protobuf', 'grpc'])('over %s', (protocol) => {
  test('a frame, its generation and the call of the provider are one trace', async () => {
    const { chatUrl } = await start(protocol);
    const chat = await ChatSocket.connectFull(chatUrl);
    const frame = { type: 'chat', id: 'a', traceparent, payload: { content: question, model: 'fast', max_tokens: 9 } };
    chat.socket.send(JSON.stringify(frame));
    const call = await provider.call();
    call.text(answer).finish('stop', { prompt_tokens: 7, completion_tokens: 5 });
    await chat.answer('a');
    await chat.close();

    const spans = await collector.find('of the chat', 3, (span) => span.trace === traceId && !isCall(span));
    expect(spans).toHaveLength(3);
    const socket = named(spans, 'websocket chat');
    const generation = named(spans, 'generation fast');
    const attempt = named(spans, 'chat scripted-1');
    expect([socket.kind, generation.kind, attempt.kind]).toEqual(['server', 'internal', 'client']);
    expect(socket.parent).toBe(callerSpan);
    expect(await collector.parentOf(generation)).toBe(socket.id);
    expect(await collector.parentOf(attempt)).toBe(generation.id);
    expect(call.headers.traceparent).toBe(`00-${traceId}-${attempt.id}-01`);
    expect(attempt.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'scripted-1',
      'gen_ai.request.stream': true,
      'gen_ai.request.max_tokens': 9,
      'gen_ai.response.id': 'chatcmpl-scripted',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 5,
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(provider.baseUrl).port),
    });
    expect(attempt.events.map((event) => event.name)).toEqual(['first_token']);
    expect(generation.attributes).toMatchObject({ 'sluice.generation.status': 'completed' });
    for (const span of spans) {
      expect(span.failed).toBe(false);
      expect(span.resource['service.name']).toMatch(/^sluice(-gateway|-agent)?$/);
      expect(span.end).toBeGreaterThanOrEqual(span.start);
    }
  });
});

test('a request over HTTP likewise, under the variables of OpenTelemetry', async () => {
  answers();
  const env = {
    OTEL_SERVICE_NAME: 'mine',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue',
  };
  const { url } = await start('http/protobuf', env);
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, traceparent, tracestate: 'vendor=1', 'x-request-id': 'mine-1' },
    body: JSON.stringify({ model: 'fast', stream: true, messages: [{ role: 'user', content: question }] }),
  });
  expect(response.status).toBe(200);
  await response.text();
  const spans = await collector.find('of the request', 3, (span) => span.trace === traceId && !isCall(span));
  const request = named(spans, 'POST /v1/chat/completions');
  expect(request).toMatchObject({ parent: callerSpan, kind: 'server', state: 'vendor=1' });
  expect(request.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/v1/chat/completions',
    'http.response.status_code': 200,
    'sluice.request.id': 'mine-1',
  });
  expect(await collector.parentOf(named(spans, 'generation fast'))).toBe(request.id);
  expect(request.resource).toMatchObject({ 'service.name': 'mine', 'deployment.environment.name': 'test' });
  expect(request.headers['x-tenant']).toBe('blue');
  // The log lines of the request say which trace they belong to.
  await gateway!.logged(new RegExp(`"request".*"trace_id":"${traceId}"`));
  await gateway!.logged(new RegExp(`"a generation ended".*"trace_id":"${traceId}"`));
});

test('who probes is not traced', async () => {
  const { url, internalUrls } = await start('http/protobuf');
  for (const path of ['/healthz', '/readyz']) await fetch(`${url}${path}`);
  for (const internal of internalUrls) await fetch(`${internal}/metrics`);
  await fetch(`${url}/v1/models`);
  const [only] = await collector.find('of the last one', 1, () => true);
  expect(only!.name).toBe('GET /v1/models');
  expect(collector.spans).toHaveLength(1);
});

test('failures and cancels are told', async () => {
  const running = await start('http/protobuf');
  provider.always((call) => call.json(500, { error: { message: 'broken', type: 'server_error' } }));
  const client = openaiClient(running);
  await expect(askStreamed(client, { model: 'fast', messages: [{ role: 'user', content: 'x' }] })).rejects.toThrow();
  const [failed] = await collector.find('failed', 1, (span) => span.name === 'chat scripted-1');
  expect(failed).toMatchObject({ failed: true, attributes: { 'http.response.status_code': 500 } });
  expect(failed!.attributes['error.type']).toBe('bad_gateway');

  provider.always((call) => void call.text('and so on'));
  const chat = await ChatSocket.connectFull(running.chatUrl);
  chat.send({ type: 'chat', id: 'c', payload: { content: 'x', model: 'fast' } });
  await chat.deltas(1, 'c');
  chat.send({ type: 'cancel', payload: { id: 'c' } });
  await chat.answer('c');
  await chat.close();
  const wasCancelled = (span: Span): boolean => span.attributes['error.type'] === 'cancelled';
  const cancelled = await collector.find('cancelled', 2, wasCancelled);
  for (const span of cancelled) expect(span.events.map((event) => event.name)).toContain('cancel');
  expect(named(cancelled, 'chat scripted-1').failed).toBe(false);
});

test('what is said stays out of traces, unless somebody wants it in; secrets always do', async () => {
  answers();
  const messages = [{ role: 'user' as const, content: question }];
  await askStreamed(openaiClient(await start('http/protobuf')), { model: 'fast', messages });
  await collector.find('of the first', 3, (span) => !isCall(span));
  expect(collector.text).not.toContain(question);
  expect(collector.text).not.toContain(answer);
  expect(collector.text).not.toContain(providerKey);
  await gateway!.stop();
  await collector.stop();

  const open = await start('http/protobuf', {}, { traces: { content: true } });
  await askStreamed(openaiClient(open), { model: 'fast', messages });
  const spans = await collector.find('of the second', 3, (span) => !isCall(span));
  const { attributes } = named(spans, 'chat scripted-1');
  expect(JSON.parse(String(attributes['gen_ai.input.messages']))).toEqual([
    { role: 'user', parts: [{ type: 'text', content: question }] },
  ]);
  expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toEqual([
    { role: 'assistant', parts: [{ type: 'text', content: answer }] },
  ]);
  expect(collector.text).not.toContain(providerKey);
});

test('what is not sampled is passed on as such, and not exported', async () => {
  answers();
  const running = await start('http/protobuf', { OTEL_TRACES_SAMPLER: 'parentbased_always_off' });
  provider.always(undefined);
  const asked = askStreamed(openaiClient(running), { model: 'fast', messages: [{ role: 'user', content: 'x' }] });
  const call = await provider.call();
  call.text(answer).finish();
  await asked;
  expect(call.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  // A caller who has decided for his trace is followed.
  await fetch(`${running.url}/v1/models`, { headers: { traceparent } });
  await collector.find('of that caller', 1, () => true);
  expect(collector.spans.map((span) => span.name)).toEqual(['GET /v1/models']);
});

test('disabled, it hands on what it was given', async () => {
  const running = await start('http/protobuf', { OTEL_SDK_DISABLED: 'true' });
  const asked = fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, traceparent },
    body: JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'x' }] }),
  });
  const call = await provider.call();
  expect(call.headers.traceparent).toBe(traceparent);
  call.complete(answer);
  await (await asked).text();
  await running.stop();
  gateway = undefined;
  expect(collector.spans).toEqual([]);
});
