import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { signal } from '../harness/deadline.ts';
import { executables, run } from '../harness/executable.ts';
import { configuration, Gateway, keys } from '../harness/gateway.ts';
import { mockText } from '../harness/mock_answer.ts';

const { sluice } = executables;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

describe('sluice', () => {
  test('version names itself', async () => {
    for (const args of [['version'], ['--version']]) {
      const { code, stdout } = await run(sluice, args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^(sluice )?\d+\.\d+\.\d+/);
    }
  });

  test('--help lists the commands', async () => {
    const { code, stdout } = await run(sluice, ['--help']);
    expect(code).toBe(0);
    for (const command of ['serve', 'chat', 'config', 'user', 'key', 'healthcheck', 'version'])
      expect(stdout).toContain(command);
  });

  test.each([[[]], [['dance']], [['serve', '--lisen', '127.0.0.1:0']]])(
    '%j is a usage error: 2, with a hint',
    async (args) => {
      const { code, stdout, stderr } = await run(sluice, args);
      expect(code).toBe(2);
      expect(stdout + stderr).toMatch(/help/i);
    },
  );
});

test.each([[['frob']], [['config', 'frob']]])('%j: the word that is no command is named', async (words) => {
  const { code, stderr } = await run(sluice, words);
  expect(stderr).toContain('there is no command "frob"');
  expect(code).toBe(2);
});

describe('standard output', () => {
  const shell = (script: string, ...args: string[]) => run('/bin/sh', ['-c', script, sluice, ...args]);

  test.each([['version'], ['config env'], ['config print --effective'], ['--help']])(
    'that cannot be written is an error of `%s`: 69',
    async (command) => {
      for (const nowhere of ['>/dev/full', '>&-']) {
        const { code, stderr } = await shell(`"$0" ${command} ${nowhere}`);
        expect(stderr, nowhere).toContain('cannot write to standard output');
        expect(code, nowhere).toBe(69);
      }
    },
  );

  test('that is closed is not taken for a file: the database stays whole', async () => {
    const data = join(directory, 'closed');
    const add = await run('/bin/sh', ['-c', '"$0" user add ann --data "$1" >&-', sluice, data], {
      input: 'seven grey herons wade\n',
    });
    expect(add.code).toBe(69);
    const { code, stdout } = await run(sluice, ['user', 'list', '--data', data]);
    expect(code).toBe(0);
    expect(stdout).toContain('ann');
  });
});

describe('sluice config', () => {
  test('check accepts what the tests run with', async () => {
    const path = await file('good.yaml', stringify(configuration()));
    expect(await run(sluice, ['config', 'check', '--config', path])).toMatchObject({ code: 0 });
  });

  test.each([
    [
      'a typo',
      'models:\n  - name: m\n    targets:\n      - provider: mock\n        modle: x\n',
      /bad\.yaml:5:9: .*"modle".*"model"/,
    ],
    ['a typo at the top', 'sever:\n  listen: 127.0.0.1:0\n', /bad\.yaml:1:1: .*"sever".*"server"/],
    ['a wrong type', 'server:\n  limits:\n    sockets: many\n', /bad\.yaml:3:14: .*sockets/],
    ['a bad duration', 'generations:\n  grace: 5 fortnights\n', /bad\.yaml:2:10: .*grace/],
    ['what is not YAML', 'server: [\n', /bad\.yaml:\d+:\d+: /],
    [
      'a model of a provider that is not there',
      'models:\n  - {name: m, targets: [{provider: nobody}]}\n',
      /bad\.yaml:2:\d+: .*nobody/,
    ],
    [
      'a missing environment variable',
      'providers:\n  p: {type: openai, base_url: "${SLUICE_E2E_NOT_SET}"}\n',
      /bad\.yaml:2:\d+: .*SLUICE_E2E_NOT_SET/,
    ],
    [
      'a certificate that is not there',
      'server:\n  tls: {certificate: none.pem, key: none.pem}\n',
      /bad\.yaml:2:22: server\.tls\.certificate: .*"none\.pem": No such file/,
    ],
    [
      'authorities of a provider that are none',
      'providers:\n  p: {type: openai, ca_file: /dev/null}\n',
      /bad\.yaml:2:30: providers\.p\.ca_file .*"\/dev\/null"/,
    ],
  ])('%s: 78, with line and column', async (_, text, says) => {
    const path = await file('bad.yaml', text);
    for (const args of [
      ['config', 'check', '--config', path],
      ['serve', '--config', path, '--listen', '127.0.0.1:0'],
    ]) {
      const { code, stderr } = await run(sluice, args);
      expect(stderr).toMatch(says);
      expect(code).toBe(78);
    }
  });

  test('check refuses a variable that sets nothing, serve warns of it', async () => {
    const path = await file('frob.yaml', stringify(configuration()));
    const env = { SLUICE_FROB: '1', SLUICE_LOG_LEVEL: 'debug' };
    const { code, stderr } = await run(sluice, ['config', 'check', '--config', path], { env });
    expect(stderr).toMatch(/^SLUICE_FROB: sets no key;/m);
    expect(stderr).toContain('SLUICE_LOG_LEVEL: sets no key, did you mean "SLUICE_TELEMETRY__LOG_LEVEL"?');
    expect(code).toBe(78);
    const gateway = await Gateway.start({}, env);
    await gateway.executable.errorLine(/SLUICE_FROB: sets no key/);
    await gateway.stop();
  });

  test('a file that is not there: 78', async () => {
    const { code, stderr } = await run(sluice, ['config', 'check', '--config', join(directory, 'none.yaml')]);
    expect(code).toBe(78);
    expect(stderr).toContain('none.yaml');
  });

  test('print --effective shows what is in force, without secrets', async () => {
    const path = await file(
      'secret.yaml',
      stringify(
        configuration({
          providers: { p: { type: 'openai', base_url: 'http://127.0.0.1:1/v1', api_key: '${UPSTREAM_KEY}' } },
        }),
      ),
    );
    const { code, stdout } = await run(sluice, ['config', 'print', '--effective', '--config', path], {
      env: { UPSTREAM_KEY: 'sk-upstream-secret', SLUICE_SERVER__LISTEN: '127.0.0.1:4711' },
    });
    expect(code).toBe(0);
    expect(stdout).not.toContain('sk-upstream-secret');
    expect(parse(stdout)).toMatchObject({ server: { listen: '127.0.0.1:4711' }, default_model: 'mock' });
  });

  test('schema is a JSON schema, env lists the variables', async () => {
    const schema = await run(sluice, ['config', 'schema']);
    expect(JSON.parse(schema.stdout)).toMatchObject({
      type: 'object',
      properties: { server: {}, providers: {}, models: {} },
    });
    const env = await run(sluice, ['config', 'env']);
    expect(env.stdout).toContain('SLUICE_SERVER__LISTEN');
    expect([schema.code, env.code]).toEqual([0, 0]);
  });
});

describe('with a running server', () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await Gateway.start();
  });
  afterAll(async () => {
    await gateway?.stop();
  });

  test('healthcheck: 0 where it answers, not 0 where nobody does', async () => {
    expect(await run(sluice, ['healthcheck', '--url', gateway.url])).toMatchObject({ code: 0 });
    const { code, stdout, stderr } = await run(sluice, ['healthcheck', '--url', 'http://127.0.0.1:1']);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain('127.0.0.1:1');
  });

  test('chat answers what is on the command line', async () => {
    const { code, stdout } = await run(sluice, [
      'chat',
      '--url',
      gateway.url,
      '--token',
      '123',
      '--model',
      'mock',
      'Hello AI',
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain(mockText('Hello AI'));
  });

  test('chat answers what comes by standard input, line by line', async () => {
    const { code, stdout } = await run(sluice, ['chat', '--url', gateway.url, '--token', '123'], {
      input: 'one\nzwei 二\n',
    });
    expect(code).toBe(0);
    expect(stdout).toContain(mockText('one'));
    expect(stdout).toContain(mockText('zwei 二'));
    expect(stdout.indexOf('one')).toBeLessThan(stdout.indexOf('zwei'));
  });

  test('chat takes an API key from the environment', async () => {
    const { code, stdout } = await run(sluice, ['chat', '--url', gateway.url, 'Hi'], {
      env: { SLUICE_TOKEN: keys.alice },
    });
    expect(code).toBe(0);
    expect(stdout).toContain(mockText('Hi'));
  });

  test('chat says what was wrong: bad token, unknown model, nobody there', async () => {
    for (const [args, says] of [
      [['--url', gateway.url, '--token', 'no', 'Hi'], /401|token|credential/i],
      [['--url', gateway.url, '--token', '123', '--model', 'gpt-0', 'Hi'], /gpt-0/],
      [['--url', 'http://127.0.0.1:1', '--token', '123', 'Hi'], /127\.0\.0\.1:1|refused/i],
    ] as const) {
      const { code, stderr } = await run(sluice, ['chat', ...args]);
      expect(stderr).toMatch(says);
      expect(code).not.toBe(0);
    }
  });

  test('serve on a port in use says so', async () => {
    const path = await file('serve.yaml', stringify(configuration()));
    const args = ['serve', '--config', path, '--listen', `127.0.0.1:${gateway.port}`];
    const { code, stderr } = await run(sluice, args, { cwd: directory });
    expect(stderr).toMatch(new RegExp(`${gateway.port}.*in use|in use.*${gateway.port}`));
    expect(stderr).not.toMatch(/password/); // of a first account, which would be told once and then never again
    expect([69, 78]).toContain(code);
  });

  test('serve on a port that another program holds says so', async () => {
    const holder = createServer();
    const listening = signal();
    holder.listen(0, '127.0.0.1', () => listening.resolve());
    await listening.promise;
    const { port } = holder.address() as AddressInfo;
    const { code, stderr } = await run(sluice, ['serve', '--listen', `127.0.0.1:${port}`], { cwd: directory });
    expect(stderr).toMatch(new RegExp(String(port)));
    expect([69, 78]).toContain(code);
    holder.close();
  });
});

test('fixed tokens are refused on an address that others can reach', async () => {
  const path = await file('open.yaml', stringify(configuration()));
  const { code, stderr } = await run(sluice, ['serve', '--config', path, '--listen', '0.0.0.0:0']);
  expect(code).toBe(78);
  expect(stderr).toMatch(/insecure_tokens/);
});
