import { ApiError, FunctionCallingConfigMode, GoogleGenAI, Type } from '@google/genai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { within } from '../harness/deadline.ts';
import { Gateway, token } from '../harness/gateway.ts';
import { mockReasoning, mockText } from '../harness/mock_answer.ts';
import { ScriptedProvider } from '../harness/scripted_provider.ts';

// Google's official SDK, pointed at the gateway: whichever provider is behind it, it is as if it were Gemini.

let gateway: Gateway;
let provider: ScriptedProvider;
let client: GoogleGenAI;

beforeAll(async () => {
  provider = await ScriptedProvider.start();
  gateway = await Gateway.start({
    providers: {
      scripted: { type: 'openai', base_url: provider.baseUrl },
      google: { type: 'gemini', base_url: provider.baseUrl.replace('/v1', ''), api_key: 'upstream-key' },
    },
    models: [
      { name: 'scripted', targets: [{ provider: 'scripted', model: 'upstream-name' }] },
      { name: 'google', targets: [{ provider: 'google', model: 'gemini-x' }] },
    ],
  });
  client = new GoogleGenAI({ apiKey: token, httpOptions: { baseUrl: gateway.url } });
});
afterEach(() => provider.always(undefined));
afterAll(async () => {
  await gateway?.stop();
  await provider?.stop();
});

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'x-goog-api-key': token, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const hello = { contents: [{ parts: [{ text: 'Hello' }] }] };

describe('the mock', () => {
  const prompt = 'Hello 你好 👋';
  const config = { thinkingConfig: { includeThoughts: true } };

  test('not streamed', async () => {
    const answer = await client.models.generateContent({ model: 'mock', contents: prompt, config });
    expect(answer.text).toBe(mockText(prompt));
    expect(answer.candidates).toMatchObject([
      {
        content: { role: 'model', parts: [{ text: mockReasoning(prompt), thought: true }, { text: mockText(prompt) }] },
        finishReason: 'STOP',
      },
    ]);
    expect(answer.usageMetadata).toMatchObject({
      promptTokenCount: 10,
      candidatesTokenCount: [...mockText(prompt)].length,
      thoughtsTokenCount: [...mockReasoning(prompt)].length,
    });
    expect(answer.modelVersion).toBe('mock');
    expect(answer.responseId).toMatch(/^gen_/);
  });

  test('streamed', async () => {
    let text = '';
    let last;
    for await (const piece of await client.models.generateContentStream({ model: 'mock', contents: prompt })) {
      text += piece.text ?? '';
      last = piece;
    }
    expect(text).toBe(mockText(prompt));
    expect(last?.candidates?.[0]?.finishReason).toBe('STOP');
    expect(last?.usageMetadata?.promptTokenCount).toBe(10);
  });

  test('a chat of the SDK keeps its history', async () => {
    const chat = client.chats.create({ model: 'scripted' });
    const first = chat.sendMessageStream({ message: 'one' });
    (await provider.call()).reasoning('hm').text('Fir').text('st.').finish();
    for await (const _ of await first);
    const second = chat.sendMessage({ message: 'two' });
    const call = await provider.call();
    expect(call.request.messages).toMatchObject([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'First.' },
      { role: 'user', content: 'two' },
    ]);
    call.complete('Second.');
    expect((await second).text).toBe('Second.');
  });

  test('without the SDK: a list for whoever asks for no events, names in snake_case', async () => {
    const body = { contents: hello.contents, generation_config: { max_output_tokens: 5 } };
    const answer = await post('/v1beta/models/mock:streamGenerateContent', body);
    expect(answer.headers.get('content-type')).toContain('application/json');
    const pieces = (await answer.json()) as { candidates: { finishReason?: string }[] }[];
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.at(-1)!.candidates[0]!.finishReason).toBe('MAX_TOKENS');
    const events = await post('/v1beta/models/mock:streamGenerateContent?alt=sse', body);
    expect(events.headers.get('content-type')).toContain('text/event-stream');
    for (const block of (await events.text()).split('\n\n').slice(0, -1)) expect(block).toMatch(/^data: \{.*\}$/s);
  });
});

describe('an OpenAI-compatible provider behind it', () => {
  const parameters = { type: Type.OBJECT, properties: { city: { type: Type.STRING, nullable: true } } };
  const config = {
    systemInstruction: 'Be brief.',
    tools: [{ functionDeclarations: [{ name: 'get_weather', description: 'The weather', parameters }] }],
    toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
  };

  test('a whole round of two tools at once, streamed', async () => {
    const asked = client.models.generateContentStream({ model: 'scripted', contents: 'Paris or Rome?', config });
    const first = await provider.call();
    expect(first.request).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Paris or Rome?' },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            parameters: { type: 'object', properties: { city: { type: ['string', 'null'] } } },
          },
        },
      ],
      tool_choice: 'required',
    });
    for (const [index, city] of ['Paris', 'Rome'].entries()) {
      first.delta({
        tool_calls: [{ index, id: `call_${city}`, type: 'function', function: { name: 'get_weather', arguments: '' } }],
      });
      for (const piece of ['{"ci', `ty":"${city}"}`])
        first.delta({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
    first.finish('tool_calls');
    const calls = [];
    for await (const piece of await asked) calls.push(...(piece.functionCalls ?? []));
    expect(calls).toEqual([
      { id: 'call_Paris', name: 'get_weather', args: { city: 'Paris' } },
      { id: 'call_Rome', name: 'get_weather', args: { city: 'Rome' } },
    ]);
    const answer = client.models.generateContent({
      model: 'scripted',
      contents: [
        { role: 'user', parts: [{ text: 'Paris or Rome?' }] },
        { role: 'model', parts: calls.map((functionCall) => ({ functionCall })) },
        {
          role: 'user',
          parts: calls.map(({ id, name }) => ({
            functionResponse: { id, name, response: { output: `${id} is dry` } },
          })),
        },
      ],
      config: { tools: config.tools },
    });
    const second = await provider.call();
    expect(second.request.messages.slice(1)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_Paris' }, { id: 'call_Rome' }] },
      { role: 'tool', tool_call_id: 'call_Paris', content: 'call_Paris is dry' },
      { role: 'tool', tool_call_id: 'call_Rome', content: 'call_Rome is dry' },
    ]);
    second.complete('Both.');
    expect((await answer).text).toBe('Both.');
  });

  test('an image, and an answer by a schema, in the words of the provider', async () => {
    const answer = client.models.generateContent({
      model: 'scripted',
      contents: [{ inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }, 'What is it?'],
      config: { responseMimeType: 'application/json', responseSchema: { type: Type.STRING } },
    });
    const call = await provider.call();
    expect(call.request.messages[0]!.content).toMatchObject([
      { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
      { type: 'text', text: 'What is it?' },
    ]);
    expect(call.request.response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { schema: { type: 'string' } },
    });
    call.complete('"A picture."');
    await answer;
  });

  test.each([
    [400, 400],
    [429, 429],
    [500, 502],
    [503, 503],
  ])('its refusal %i is an error of the SDK', async (status, here) => {
    provider.always((call) => call.json(status, { error: { message: 'so it is' } }, { 'retry-after': '7' }));
    const problem = await client.models.generateContent({ model: 'scripted', contents: 'x' }).catch((e: unknown) => e);
    expect(problem).toBeInstanceOf(ApiError);
    expect((problem as ApiError).status).toBe(here);
    expect((problem as ApiError).message).toContain('so it is');
  });

  test('a cut in mid-stream ends in an error, not in silence', async () => {
    const asked = client.models.generateContentStream({ model: 'scripted', contents: 'x' });
    const call = await provider.call();
    call.text('half an ans');
    let text = '';
    const all = (async () => {
      for await (const piece of await asked) {
        text += piece.text;
        call.cut();
      }
    })();
    await expect(all).rejects.toMatchObject({ name: 'ApiError', status: 502 });
    expect(text).toBe('half an ans');
  });

  test('a client that goes away is heard of there', async () => {
    const leaving = new AbortController();
    const asked = client.models.generateContentStream({
      model: 'scripted',
      contents: 'x',
      config: { abortSignal: leaving.signal },
    });
    const call = await provider.call();
    call.text('begun');
    await (await asked).next();
    leaving.abort();
    await within('the end of the call', call.gone);
  });
});

describe('a provider that speaks it, too', () => {
  test('is asked in its words, with its own key, and answers with all that it has', async () => {
    const answer = client.models.generateContent({
      model: 'google',
      contents: 'Who won?',
      config: {
        tools: [{ googleSearch: {} }],
        safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }] as never,
        thinkingConfig: { thinkingBudget: 512 },
        mediaResolution: 'MEDIA_RESOLUTION_LOW' as never,
      },
    });
    const call = await provider.call();
    expect(call.path).toBe('/v1beta/models/gemini-x:generateContent');
    expect(call.headers).toMatchObject({ 'x-goog-api-key': 'upstream-key' });
    expect(call.request).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Who won?' }] }],
      tools: [{ googleSearch: {} }],
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
      generationConfig: { thinkingConfig: { thinkingBudget: 512 }, mediaResolution: 'MEDIA_RESOLUTION_LOW' },
    });
    const groundingMetadata = { webSearchQueries: ['euro'] };
    const safetyRatings = [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'LOW' }];
    const parts = [{ text: 'Spain.', thoughtSignature: 'c2ln' }, { executableCode: { language: 'PYTHON', code: '1' } }];
    call.json(200, {
      candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', groundingMetadata, safetyRatings }],
      usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, thoughtsTokenCount: 4 },
      responseId: 'r1',
    });
    expect((await answer).candidates).toEqual([
      {
        index: 0,
        content: {
          role: 'model',
          parts: [{ text: 'Spain.' }, { text: '', thoughtSignature: 'c2ln' }, parts[1]],
        },
        finishReason: 'STOP',
        groundingMetadata,
        safetyRatings,
      },
    ]);
  });
});

describe('how many tokens', () => {
  test('the provider’s word, or an estimate', async () => {
    expect(await client.models.countTokens({ model: 'mock', contents: 'Hello' })).toMatchObject({ totalTokens: 5 });
    expect(await client.models.countTokens({ model: 'scripted', contents: 'Hello' })).toMatchObject({ totalTokens: 2 });
    const asked = client.models.countTokens({ model: 'google', contents: 'Hello' });
    const call = await provider.call();
    expect(call.path).toBe('/v1beta/models/gemini-x:countTokens');
    expect(call.request).toEqual({
      generateContentRequest: { model: 'models/gemini-x', contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] },
    });
    call.json(200, { totalTokens: 31 });
    expect(await asked).toMatchObject({ totalTokens: 31 });
  });
});

describe('models', () => {
  test('as the SDK pages through them', async () => {
    const names = [];
    for await (const model of await client.models.list({ config: { pageSize: 2 } })) names.push(model.name);
    expect(names).toContain('models/mock');
    expect(names).toContain('models/google');
    expect(new Set(names).size).toBe(names.length);
    expect(await client.models.get({ model: 'scripted' })).toMatchObject({ name: 'models/scripted' });
    await expect(client.models.get({ model: 'none' })).rejects.toMatchObject({ status: 404 });
  });

  test('"provider/model" in the path', async () => {
    const answer = client.models.generateContent({ model: 'scripted/other', contents: 'x' });
    const call = await provider.call();
    expect(call.request.model).toBe('other');
    call.complete('Yes.');
    expect((await answer).text).toBe('Yes.');
  });
});

describe('what cannot be', () => {
  test.each<[string, object, RegExp]>([
    ['no contents', { contents: [] }, /contents/],
    ['a role that is none', { contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] }, /contents\[0\]\.role/],
    ['a part that is none', { contents: [{ parts: [{}] }] }, /contents\[0\]\.parts\[0\]/],
    ['a number that is none', { ...hello, generationConfig: { topP: 'x' } }, /generationConfig\.topP/],
  ])('%s: 400, and where', async (_, body, where) => {
    const answer = await post('/v1beta/models/mock:generateContent', body);
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: { code: number; status: string; message: string } };
    expect(error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
    expect(error.message).toMatch(where);
  });

  test('a wrong key, an unknown model or method, a wrong method of HTTP: all in Gemini’s shape', async () => {
    const stranger = await post('/v1beta/models/mock:generateContent', hello, { 'x-goog-api-key': 'wrong' });
    expect([stranger.status, await stranger.json()]).toMatchObject([401, { error: { status: 'UNAUTHENTICATED' } }]);
    const unknown = await post('/v1/models/none:generateContent', hello);
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: { status: 'NOT_FOUND' } }]);
    const method = await post('/v1beta/models/mock:fly', hello);
    expect([method.status, await method.json()]).toMatchObject([404, { error: { status: 'NOT_FOUND' } }]);
    const put = await fetch(`${gateway.url}/v1beta/models/mock`, { method: 'PUT' });
    expect([put.status, await put.json()]).toMatchObject([405, { error: { code: 405 } }]);
    // A key does not belong into a URL.
    const inUrl = await post(`/v1beta/models/mock:generateContent?key=${token}`, hello, { 'x-goog-api-key': '' });
    expect(inUrl.status).toBe(401);
  });
});
