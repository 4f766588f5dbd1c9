import { relative, resolve } from 'node:path';
import { beforeEach } from 'vitest';
import { aboutOneProcess } from './one_process.ts';

const root = resolve(import.meta.dirname, '..');

beforeEach(({ task, skip }) => {
  const ofFile = aboutOneProcess[relative(root, task.file.filepath)];
  if (typeof ofFile === 'object' && ofFile[task.name] !== undefined) skip(ofFile[task.name]);
});
