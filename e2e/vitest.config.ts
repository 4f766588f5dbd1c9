import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { patienceMs } from './harness/deadline.ts';
import { aboutOneProcess } from './harness/one_process.ts';

const isCluster = process.env.SLUICE_E2E === 'cluster';

const wholeFiles: string[] = [];
for (const [file, tests] of Object.entries(aboutOneProcess)) {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  if (typeof tests === 'string') wholeFiles.push(file);
  for (const test of typeof tests === 'string' ? [] : Object.keys(tests)) {
    if (!text.includes(test)) throw new Error(`harness/one_process.ts: ${file} has no "${test}"`);
  }
}

// A test file is a process of its own with its own gateway; more of them at a time than cores only adds noise.
const shared = {
  pool: 'forks',
  maxWorkers: 2,
  hookTimeout: 30_000,
  expect: { poll: { timeout: patienceMs } },
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'quick',
          include: ['**/*.test.ts'],
          exclude: ['real/**', 'node_modules/**', ...(isCluster ? wholeFiles : [])],
          testTimeout: 60_000,
          ...(isCluster ? { setupFiles: ['harness/in_cluster.ts'], globalSetup: ['harness/engines.ts'] } : {}),
        },
      },
      {
        test: { ...shared, name: 'real', include: ['real/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 900_000 },
      },
    ],
  },
});
