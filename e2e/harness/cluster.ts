import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Executable, executables, type Ended } from './executable.ts';

export interface ClusterNode {
  name: string;
  pid: number | null;
  log: string;
  /** Of a role. */
  address?: string;
  /** Of a role: its health and metrics. */
  internal?: string;
}

export interface ClusterOptions {
  gateways?: number;
  agents?: number;
  env?: Record<string, string>;
  /** The URL of a database that is there already. */
  postgres?: string;
}

const readLog = ({ log }: ClusterNode): string => readFileSync(log, 'utf8');

const script = resolve(import.meta.dirname, '..', '..', 'scripts', 'dev-cluster');

// The databases of a cluster are made anew for each.
const startMs = 60_000;

/** The four roles with a Redis and a PostgreSQL of their own: scripts/dev-cluster, driven by lines of text. */
export class Cluster {
  readonly executable: Executable;
  nodes: ClusterNode[] = [];
  database = '';
  /** What the roles are told by the environment: where the others are, and what they know each other by. */
  environment: Record<string, string> = {};

  private constructor(executable: Executable) {
    this.executable = executable;
  }

  /** Redis and PostgreSQL, and no role. */
  static engines(directory: string): Promise<Cluster> {
    return Cluster.#begin(['--engines'], directory);
  }

  static start(file: string, directory: string, options: ClusterOptions = {}): Promise<Cluster> {
    const words = ['--config', file];
    if (options.gateways !== undefined) words.push('--gateways', String(options.gateways));
    if (options.agents !== undefined) words.push('--agents', String(options.agents));
    if (options.postgres !== undefined) words.push('--postgres', options.postgres);
    return Cluster.#begin(words, directory, options.env);
  }

  static async #begin(words: string[], directory: string, env: Record<string, string> = {}): Promise<Cluster> {
    const executable = new Executable(script, ['--json', '--data', resolve(directory, 'cluster'), ...words], {
      cwd: directory,
      env: { SLUICE_BIN: executables.sluice, ...env },
    });
    const cluster = new Cluster(executable);
    try {
      await cluster.#told(1);
    } catch (error) {
      executable.child.kill('SIGKILL');
      throw error;
    }
    return cluster;
  }

  node(name: string): ClusterNode {
    const found = this.nodes.find((each) => each.name === name);
    if (!found) throw new Error(`no node ${name}`);
    return found;
  }

  of(role: string): ClusterNode[] {
    return this.nodes.filter(({ name }) => name.split('-')[0] === role);
  }

  /** Ends a node, as a power cut would unless told otherwise; returns when it is gone. */
  async kill(name: string, signal = 'KILL'): Promise<void> {
    await this.#command(`kill ${name} ${signal}`);
  }

  async signal(name: string, signal: string): Promise<void> {
    await this.#command(`signal ${name} ${signal}`);
  }

  /** Starts a node again where it was; returns when it is ready. */
  async start(name: string): Promise<void> {
    await this.#command(`start ${name}`);
  }

  /** The nodes that are ours; the others are engines. */
  get roles(): ClusterNode[] {
    return this.nodes.filter(({ name }) => name !== 'redis' && name !== 'postgres');
  }

  /** What the nodes of a role have logged. */
  log(role: string): string {
    return this.of(role).map(readLog).join('');
  }

  /** What each has logged. */
  logs(): string[] {
    return this.roles.map(readLog);
  }

  /** Ends all of them at once, as a power cut would. */
  async crash(): Promise<void> {
    this.executable.child.stdin!.end('crash\n');
    await this.executable.ended;
  }

  /** Every stop is also a test: all of them drain, and end with 0. */
  async stop(): Promise<Ended> {
    this.executable.child.stdin!.end();
    return this.executable.ended;
  }

  async #command(line: string): Promise<void> {
    const before = this.executable.lines.length;
    this.executable.child.stdin!.write(`${line}\n`);
    await this.#told(before + 1);
  }

  async #told(count: number): Promise<void> {
    const line = await this.executable.lineNumber(count, startMs);
    ({ nodes: this.nodes, database: this.database, environment: this.environment } = JSON.parse(line));
  }
}
