import { Executable, executables } from './executable.ts';

export interface SimulatorStats {
  connections: number;
  requests: number;
  active: number;
  completed: number;
  /** Answers whose reader went away before their end. */
  aborted: number;
  faulted: number;
  tokens_sent: number;
}

/** The project's own simulated provider; the model's name says what it does with a request, see bench/README.md. */
export class Llmsim {
  readonly executable: Executable;
  readonly url: string;

  private constructor(executable: Executable, url: string) {
    this.executable = executable;
    this.url = url;
  }

  static async start(...args: string[]): Promise<Llmsim> {
    const executable = new Executable(executables.llmsim, ['--listen', '127.0.0.1:0', ...args]);
    const [, url] = await executable.line(/^ready (http:\/\/\S+)$/);
    return new Llmsim(executable, url!);
  }

  get baseUrl(): string {
    return `${this.url}/v1`;
  }

  async stats(): Promise<SimulatorStats> {
    return (await fetch(`${this.url}/sim/stats`)).json() as Promise<SimulatorStats>;
  }

  async reset(): Promise<void> {
    await fetch(`${this.url}/sim/reset`, { method: 'POST' });
  }

  /** What it says to this prompt under this plan, `tokens=50,text=unicode` for example. */
  async expected(plan: string, content: string): Promise<{ text: string; reasoning: string; tokens: number }> {
    const body = JSON.stringify({ model: `sim:${plan}`, messages: [{ role: 'user', content }] });
    const response = await fetch(`${this.url}/sim/answer`, { method: 'POST', body });
    if (!response.ok) throw new Error(await response.text());
    return response.json() as Promise<{ text: string; reasoning: string; tokens: number }>;
  }

  async stop(): Promise<void> {
    await this.executable.stop();
  }
}
