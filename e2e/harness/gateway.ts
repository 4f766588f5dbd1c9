import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Cluster } from './cluster.ts';
import { Executable, executables, type Ended } from './executable.ts';
import { FrontDoor } from './front_door.ts';

export interface ProviderSettings {
  type: 'mock' | 'openai';
  base_url?: string;
  api_key?: string;
  delay_ms?: number;
  timeouts?: { connect?: string; first_token?: string; between_tokens?: string; total?: string };
}

export interface Target {
  provider: string;
  model?: string;
  weight?: number;
}

export type Limit = {
  name: string;
  by: 'address' | 'user' | 'key' | 'global';
  match?: { path?: string; method?: string; operation?: 'request' | 'chat' };
} & (
  | { algorithm: 'token_bucket'; rate: number; burst: number }
  | { algorithm: 'sliding_window'; limit: number; per: string }
);

export interface GatewayConfig {
  server?: Record<string, unknown>;
  auth?: Record<string, unknown>;
  providers?: Record<string, ProviderSettings>;
  models?: { name: string; targets: Target[]; fallback?: string[]; context_tokens?: number }[];
  default_model?: string;
  generations?: Record<string, unknown>;
  limits?: Limit[];
  telemetry?: Record<string, unknown>;
}

/** The fixed token of user `demo`, and the API keys of two users who must not see each other's work. */
export const token = '123';
export const keys = { alice: 'sk-slc-alice-0123456789abcdef', bob: 'sk-slc-bob-0123456789abcdef' } as const;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What every test's gateway has unless the test says otherwise: a mock without delay, one token, two keys. */
export function configuration(overrides: GatewayConfig = {}): GatewayConfig {
  return {
    ...overrides,
    server: { listen: '127.0.0.1:0', allow_query_token: true, ...overrides.server },
    auth: {
      insecure_tokens: [token],
      keys: Object.entries(keys).map(([name, key]) => ({ name, sha256: sha256(key), role: 'user' })),
      ...overrides.auth,
    },
    providers: { mock: { type: 'mock', delay_ms: 0 }, ...overrides.providers },
    models: [{ name: 'mock', targets: [{ provider: 'mock' }] }, ...(overrides.models ?? [])],
    default_model: overrides.default_model ?? 'mock',
  };
}

/** Whether the suite runs against the four roles instead of `serve`: every Gateway is then two of each, and more. */
export const isCluster = process.env.SLUICE_E2E === 'cluster';

/** `sluice serve` in a directory of its own; or the four roles, with a balancer before the gateways. */
export class Gateway {
  readonly executable: Executable;
  readonly url: string;
  readonly directory: string;
  /** From the spawn to the line `ready`. */
  readonly startedMs: number;
  readonly cluster: Cluster | undefined;
  readonly #door: FrontDoor | undefined;

  private constructor(
    executable: Executable,
    url: string,
    directory: string,
    startedMs: number,
    cluster?: Cluster,
    door?: FrontDoor,
  ) {
    this.executable = executable;
    this.url = url;
    this.directory = directory;
    this.startedMs = startedMs;
    this.cluster = cluster;
    this.#door = door;
  }

  static async start(
    overrides: GatewayConfig = {},
    env: Record<string, string> = {},
    listen = '127.0.0.1:0',
    directory?: string,
  ): Promise<Gateway> {
    directory ??= await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
    const file = join(directory, 'sluice.yaml');
    await writeFile(file, stringify(configuration(overrides)));
    const begin = performance.now();
    if (isCluster) {
      const cluster = await Cluster.start(file, directory, { env });
      const gateways = cluster.of('gateway').map(({ address }) => new URL(address!));
      const door = await FrontDoor.before(
        gateways.map(({ port }) => Number(port)),
        listen,
      );
      const url = `${gateways[0]!.protocol}//127.0.0.1:${door.port}`;
      return new Gateway(cluster.executable, url, directory, performance.now() - begin, cluster, door);
    }
    const executable = new Executable(executables.sluice, ['serve', '--listen', listen, '--config', file], {
      cwd: directory,
      env,
    });
    try {
      const [, url] = await executable.line(/^ready (https?:\/\/\S+)$/);
      return new Gateway(executable, url!, directory, performance.now() - begin);
    } catch (error) {
      executable.child.kill('SIGKILL');
      throw error;
    }
  }

  /** Where the administration is: of `serve`, at the same address. */
  get adminUrl(): string {
    return this.cluster ? this.cluster.node('admin').address! : this.url;
  }

  /** What it, or the node that has accounts, has said on its terminal. */
  get said(): string {
    return this.cluster ? this.cluster.log('identity') : this.executable.stderr;
  }

  /** Where official OpenAI clients are pointed. */
  get openaiUrl(): string {
    return `${this.url}/v1`;
  }

  get chatUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/chat`;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Ends it as a power cut would; what it kept stays in `directory`, for the next one to be started there. */
  async kill(): Promise<void> {
    await this.executable.stop('SIGKILL');
  }

  /** Every stop is also a test: it drains and exits 0. */
  async stop(): Promise<Ended> {
    await this.#door?.close();
    const ended = await (this.cluster ?? this.executable).stop();
    await rm(this.directory, { recursive: true, force: true });
    if (ended.code !== 0) {
      throw new Error(`sluice ended with ${JSON.stringify(ended)}\n${this.executable.stderr.slice(-8000)}`);
    }
    return ended;
  }
}
