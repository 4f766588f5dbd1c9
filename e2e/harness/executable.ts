import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import { patienceMs, signal, within } from './deadline.ts';

const root = resolve(import.meta.dirname, '..', '..');

export const executables = {
  sluice: process.env.SLUICE_BIN ?? resolve(root, 'build/release/bin/sluice'),
  llmsim: process.env.LLMSIM_BIN ?? resolve(root, 'build/release/bin/llmsim'),
  chromium: process.env.CHROMIUM ?? '/usr/bin/chromium',
  /** Debian's own, which finds Debian's packages. */
  python: '/usr/bin/python3',
  psql: '/usr/bin/psql',
  promtool: '/usr/bin/promtool',
  prometheus: '/usr/bin/prometheus',
};

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The environment without what the tests are told by it, which is nothing to Sluice. */
function outside(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_')));
}

/** A child process: its lines of output as they come, its standard error kept for the message of a failure. */
export class Executable {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly ended: Promise<Ended>;
  stderr = '';
  #waiting: (() => void)[] = [];
  #isOver = false;

  constructor(
    command: string,
    args: string[],
    options: { env?: Record<string, string>; cwd?: string; input?: string } = {},
  ) {
    this.child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...(command === executables.sluice ? outside() : process.env), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const ended = signal<Ended>();
    this.ended = ended.promise;
    this.child.once('error', ended.reject);
    this.child.once('close', (code, signal) => {
      this.#isOver = true;
      ended.resolve({ code, signal });
      this.#wake();
    });
    this.child.stdin!.on('error', () => {}); // a child that ended before it read its input
    if (options.input !== undefined) this.child.stdin!.end(options.input);
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#wake();
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
  }

  get stdout(): string {
    return this.lines.join('\n');
  }

  /** The first line of standard output that matches, past or future. */
  async line(pattern: RegExp, ms: number = patienceMs): Promise<RegExpExecArray> {
    return this.#find(pattern, () => this.lines, ms);
  }

  /** The same of standard error, where the log goes. */
  async errorLine(pattern: RegExp, ms: number = patienceMs): Promise<RegExpExecArray> {
    return this.#find(pattern, () => this.stderr.split('\n').slice(0, -1), ms);
  }

  /** Resolves when there are more than `count` lines of standard output, or it has ended. */
  async lineAfter(count: number): Promise<void> {
    while (this.lines.length <= count && !this.#isOver) {
      const { promise, resolve } = signal();
      this.#waiting.push(resolve);
      await promise;
    }
  }

  /** Its standard output's line of that number, from 1 on. */
  async lineNumber(number: number, ms: number = patienceMs): Promise<string> {
    let seen = 0;
    const [line] = await this.#find(
      { exec: (text) => (++seen >= number ? ([text] as any) : null) },
      () => this.lines,
      ms,
    );
    return line!;
  }

  async #find(
    pattern: { exec(line: string): RegExpExecArray | null },
    lines: () => string[],
    ms: number,
  ): Promise<RegExpExecArray> {
    const search = async (): Promise<RegExpExecArray> => {
      for (let seen = 0; ;) {
        const all = lines();
        for (; seen < all.length; ++seen) {
          const match = pattern.exec(all[seen]!);
          if (match) return match;
        }
        if (this.#isOver) throw new Error('it ended');
        const { promise, resolve } = signal();
        this.#waiting.push(resolve);
        await Promise.race([promise, this.ended]);
      }
    };
    try {
      return await within(`a line like ${pattern}`, search(), ms);
    } catch (error) {
      throw new Error(`${this.child.spawnfile}: ${String(error)}\n${this.stdout}\n${this.stderr}`);
    }
  }

  /** Asks it to end and waits until it has; what does not end in time is killed and reported. */
  async stop(how: NodeJS.Signals = 'SIGTERM', ms: number = patienceMs): Promise<Ended> {
    if (!this.#isOver) this.child.kill(how);
    try {
      return await within(`${this.child.spawnfile} to end after ${how}`, this.ended, ms);
    } catch (error) {
      this.child.kill('SIGKILL');
      throw new Error(`${String(error)}\n${this.stderr.slice(-4000)}`);
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Runs a command to its end. */
export async function run(
  command: string,
  args: string[],
  options: { env?: Record<string, string>; cwd?: string; input?: string; ms?: number } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const executable = new Executable(command, args, { ...options, input: options.input ?? '' });
  try {
    const { code } = await within(`${command} ${args.join(' ')} to end`, executable.ended, options.ms ?? patienceMs);
    return { code, stdout: executable.stdout, stderr: executable.stderr };
  } finally {
    executable.child.kill('SIGKILL');
  }
}
