import { defineConfig } from 'vitest/config';
import { patienceMs } from './harness/deadline.ts';

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
          exclude: ['real/**', 'node_modules/**'],
          testTimeout: 60_000,
        },
      },
      {
        test: { ...shared, name: 'real', include: ['real/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 900_000 },
      },
    ],
  },
});
