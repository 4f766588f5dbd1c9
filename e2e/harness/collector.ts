import { resolve } from 'node:path';
import { within } from './deadline.ts';
import { Executable, executables } from './executable.ts';

/** A span as a collector gets it. */
export interface Span {
  trace: string;
  id: string;
  /** Empty: it began the trace. */
  parent: string;
  state: string;
  name: string;
  kind: 'internal' | 'server' | 'client';
  start: number;
  end: number;
  attributes: Record<string, string | number | boolean | string[]>;
  events: { name: string; attributes: Record<string, unknown> }[];
  failed: boolean;
  problem: string;
  resource: Record<string, string>;
  /** Of the export that brought it. */
  headers: Record<string, string>;
}

/** Whether it is a call of one of our nodes to another. */
export const isCall = (span: Span): boolean => 'rpc.system' in span.attributes;

export type OtlpProtocol = 'http/protobuf' | 'grpc';

/** A collector that speaks OTLP by OpenTelemetry's own definitions: Debian's Python has them. */
export class Collector {
  readonly url: string;
  readonly protocol: OtlpProtocol;
  readonly #executable: Executable;

  private constructor(executable: Executable, url: string, protocol: OtlpProtocol) {
    this.#executable = executable;
    this.url = url;
    this.protocol = protocol;
  }

  static async start(protocol: OtlpProtocol = 'http/protobuf'): Promise<Collector> {
    const receiver = resolve(import.meta.dirname, 'otlp_receiver.py');
    const executable = new Executable(executables.python, [receiver, protocol === 'grpc' ? 'grpc' : 'http']);
    const [, url] = await executable.line(/^ready (http:\/\/\S+)$/);
    return new Collector(executable, url!, protocol);
  }

  /** What tells a process to send its traces here, at once. */
  get environment(): Record<string, string> {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: this.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: this.protocol,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    };
  }

  get spans(): Span[] {
    return this.#executable.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Span);
  }

  /** Everything that was received, for a look at what must not be in it. */
  get text(): string {
    return this.#executable.stdout;
  }

  /** The spans that fit, once there are as many. */
  async find(what: string, count: number, fits: (span: Span) => boolean): Promise<Span[]> {
    const search = async (): Promise<Span[]> => {
      for (;;) {
        const lines = this.#executable.lines.length;
        const found = this.spans.filter(fits);
        if (found.length >= count) return found;
        await this.#executable.lineAfter(lines);
        if (this.#executable.lines.length === lines) throw new Error('the collector has ended');
      }
    };
    try {
      return await within(`${count} spans: ${what}`, search());
    } catch (error) {
      throw new Error(`${String(error)}; there are ${this.spans.map((span) => span.name).join(', ')}`);
    }
  }

  /** The id of a span's parent, calls between our own nodes left out. */
  async parentOf(span: Span): Promise<string> {
    const [parent] = await this.find(`the parent of ${span.name}`, 1, ({ id }) => id === span.parent);
    return isCall(parent!) ? this.parentOf(parent!) : parent!.id;
  }

  async stop(): Promise<void> {
    await this.#executable.stop('SIGKILL');
  }
}
