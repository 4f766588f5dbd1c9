import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { Cluster } from './cluster.ts';
import { makeDatabase, PostgresDatabase, SqliteFile, type Database } from './database.ts';
import { Executable, executables, run, type Ended } from './executable.ts';
import { FrontDoor } from './front_door.ts';
import { sumMetrics } from './metrics.ts';

export interface ProviderSettings {
  type: 'mock' | 'openai' | 'anthropic' | 'gemini';
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
  retry?: { attempts?: number; base_delay?: string; max_delay?: string };
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
    // Tests of a provider's failures look at one attempt; http/fallback.test.ts is about several.
    retry: { attempts: 1, ...overrides.retry },
  };
}

/** Whether the suite runs against the four roles instead of `serve`: every Gateway is then two of each, and more. */
export const isCluster = process.env.SLUICE_E2E === 'cluster';

/** Of one process that takes clients. */
export interface Entrance {
  url: string;
  chatUrl: string;
  port: number;
}

const chatUrlOf = (url: string): string => `${url.replace(/^http/, 'ws')}/chat`;

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
      // The same directory is the same database.
      const postgres = makeDatabase(process.env.SLUICE_E2E_POSTGRES!, basename(directory));
      const cluster = await Cluster.start(file, directory, { env, postgres });
      const addresses = cluster.of('gateway').map(({ address }) => new URL(address!));
      const door = await FrontDoor.before(
        addresses.map(({ port }) => Number(port)),
        Number(new URL(cluster.node('admin').address!).port),
        listen,
      );
      const url = `${addresses[0]!.protocol}//127.0.0.1:${door.port}`;
      return new Gateway(cluster.executable, url, directory, performance.now() - begin, cluster, door);
    }
    const executable = new Executable(executables.sluice, ['serve', '--listen', listen, '--config', file], {
      cwd: directory,
      env,
    });
    try {
      const [, url] = await executable.line(/^ready (https?:\/\/\S+)$/);
      if (overrides.server?.internal_listen) await executable.line(new RegExp(`^ready (?!${url}$)`));
      return new Gateway(executable, url!, directory, performance.now() - begin);
    } catch (error) {
      executable.child.kill('SIGKILL');
      throw error;
    }
  }

  /** What it, or the node that has accounts, has said on its terminal. */
  get said(): string {
    return this.cluster ? this.cluster.log('identity') : this.executable.stderr;
  }

  /** What each process has logged, and said on its terminal. */
  get logs(): string[] {
    return this.cluster ? this.cluster.logs() : [this.executable.stdout + this.executable.stderr];
  }

  /** A line that any of them has logged, or will have. */
  async logged(pattern: RegExp): Promise<RegExpExecArray> {
    if (!this.cluster) return this.executable.errorLine(pattern);
    const find = (): RegExpExecArray | null => this.logs.map((log) => pattern.exec(log)).find(Boolean) ?? null;
    await expect.poll(find, { message: String(pattern) }).not.toBeNull();
    return find()!;
  }

  /** Where each process tells its health and its metrics. */
  get internalUrls(): string[] {
    if (this.cluster) return this.cluster.roles.map(({ internal }) => internal!);
    const told = this.executable.lines.flatMap((line) => /^ready (https?:\/\/\S+)$/.exec(line)?.[1] ?? []);
    return [told.find((url) => url !== this.url) ?? this.url];
  }

  /** The metrics, of all processes together. */
  async metrics(): Promise<string> {
    return sumMetrics(await Promise.all(this.internalUrls.map(async (url) => (await fetch(`${url}/metrics`)).text())));
  }

  /** One of the processes that take clients: what is said of one process, such as how many sockets it takes. */
  get one(): Entrance {
    const url = this.cluster?.node('gateway-1').address ?? this.url;
    return { url, chatUrl: chatUrlOf(url), port: Number(new URL(url).port) };
  }

  /** What the processes that take clients hold in memory, in bytes. */
  async memory(): Promise<number> {
    const pids = this.cluster ? this.cluster.of('gateway').map(({ pid }) => pid) : [this.executable.child.pid];
    const statuses = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8')));
    return statuses.reduce((sum, status) => sum + Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024, 0);
  }

  /** The roles of its processes, sorted. */
  get roles(): string[] {
    return this.cluster ? this.cluster.roles.map(({ name }) => name.split('-')[0]!).sort() : ['serve'];
  }

  get database(): Database {
    return this.cluster
      ? new PostgresDatabase(this.cluster.database)
      : new SqliteFile(join(this.directory, 'data', 'sluice.db'));
  }

  /** Another process of ours on the same data: `sluice WORDS…`. */
  command(words: string[], input = ''): ReturnType<typeof run> {
    const data = join(this.directory, this.cluster ? 'command' : 'data');
    return run(executables.sluice, [...words, '--data', data], { input, env: this.cluster?.environment });
  }

  /** Returns when what an earlier process left is cleared up: at once by the only one, by agents after a lease. */
  async recovered(): Promise<void> {
    if (!this.cluster) return;
    const running = (): unknown[] => this.database.rows(`SELECT id FROM generations WHERE status = 'running'`);
    await expect.poll(running, { timeout: 25_000 }).toEqual([]);
  }

  /** Where official OpenAI clients are pointed. */
  get openaiUrl(): string {
    return `${this.url}/v1`;
  }

  get chatUrl(): string {
    return chatUrlOf(this.url);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Ends it as a power cut would; what it kept stays in `directory`, for the next one to be started there. */
  async kill(): Promise<void> {
    if (this.cluster) await this.cluster.crash();
    else await this.executable.stop('SIGKILL');
    await this.#door?.close();
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
