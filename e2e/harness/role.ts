import { join } from 'node:path';
import { expect } from 'vitest';
import { Cluster } from './cluster.ts';
import { Executable, executables } from './executable.ts';
import { freePort } from './free_port.ts';

// Two attempts of a role lie two seconds apart, and what it needs is asked once a second.
const patience = { timeout: 20_000 };

interface Readiness {
  status: number;
  checks: Record<string, string>;
}

/** Where each role is told that the others are, whether they are there or not. */
export interface Addresses {
  identity: number;
  agent: number;
}

export const known = ({ identity, agent }: Addresses): Record<string, string> => ({
  SLUICE_SERVICES__IDENTITY__ADDRESS: `["127.0.0.1:${identity}"]`,
  SLUICE_SERVICES__AGENT__ADDRESS: `["127.0.0.1:${agent}"]`,
});

/** One role, by its own executable. */
class Role {
  readonly address: string;
  readonly internal: string;
  readonly executable: Executable;
  readonly #running: Set<Role>;

  constructor(executable: Executable, address: string, internal: string, running: Set<Role>) {
    this.executable = executable;
    this.address = address;
    this.internal = internal;
    this.#running = running.add(this);
  }

  async readiness(): Promise<Readiness> {
    const answer = await fetch(`${this.internal}/readyz`);
    const { checks } = (await answer.json()) as Readiness;
    return { status: answer.status, checks };
  }

  /** Until it says so. */
  async says(expected: object): Promise<void> {
    await expect.poll(() => this.readiness().catch(() => 'no answer'), patience).toMatchObject(expected);
  }

  async stop(): Promise<void> {
    this.#running.delete(this);
    expect(await this.executable.stop()).toEqual({ code: 0, signal: null });
  }
}
export type { Role };

/** Starts roles one by one on the engines of a cluster, each as its test wants it. */
export class Roles {
  readonly #engines: Cluster;
  readonly #directory: string;
  readonly #running = new Set<Role>();

  constructor(engines: Cluster, directory: string) {
    this.#engines = engines;
    this.#directory = directory;
  }

  async start(role: string, env: Record<string, string> = {}, listen?: number): Promise<Role> {
    const port = listen ?? (await freePort());
    const internal = await freePort();
    const executable = new Executable(executables.sluice, [role], {
      cwd: this.#directory,
      env: {
        ...this.#engines.environment,
        SLUICE_SERVER__LISTEN: `127.0.0.1:${port}`,
        SLUICE_SERVER__INTERNAL_LISTEN: `127.0.0.1:${internal}`,
        SLUICE_DATA_DIR: join(this.#directory, `${role}-${port}`),
        SLUICE_AUTH__INSECURE_TOKENS: '["123"]',
        ...env,
      },
    });
    const scheme = role === 'gateway' || role === 'admin' ? 'http://' : '';
    return new Role(executable, `${scheme}127.0.0.1:${port}`, `http://127.0.0.1:${internal}`, this.#running);
  }

  /** What a test that failed has left. */
  async killAll(): Promise<void> {
    for (const role of this.#running) await role.executable.stop('SIGKILL');
    this.#running.clear();
  }
}
