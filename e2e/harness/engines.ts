import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Executable } from './executable.ts';

const script = resolve(import.meta.dirname, '..', '..', 'scripts', 'dev-cluster');

/** One PostgreSQL for all clusters of a run, with a database for each. Each has its own Redis, which starts quickly. */
export async function setup(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-engines-'));
  const engines = new Executable(script, ['--json', '--engines', '--data', directory], { cwd: directory });
  process.env.SLUICE_E2E_POSTGRES = JSON.parse(await engines.lineNumber(1, 60_000)).database;
  return async () => {
    engines.child.stdin!.end();
    await engines.ended;
    await rm(directory, { recursive: true, force: true });
  };
}
