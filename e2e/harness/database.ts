import { execFileSync } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';
import { Executable, executables } from './executable.ts';

export interface WriteLock {
  release(): Promise<void>;
}

/** The database of a running Sluice, past the program that writes it. */
export interface Database {
  rows<Row>(query: string): Row[];
  /** What the engine itself finds wrong with what it keeps. */
  faults(): string[];
  /** From here on everybody can read, and nobody else can write. */
  lockWrites(): Promise<WriteLock>;
}

export class SqliteFile implements Database {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  rows<Row>(query: string): Row[] {
    const database = new DatabaseSync(this.#file, { readOnly: true });
    try {
      return database.prepare(query).all() as Row[];
    } finally {
      database.close();
    }
  }

  faults(): string[] {
    return ['integrity_check', 'foreign_key_check']
      .flatMap((check) => this.rows<object>(`PRAGMA ${check}`))
      .map((row) => Object.values(row).join(' '))
      .filter((found) => found !== 'ok');
  }

  async lockWrites(): Promise<WriteLock> {
    const other = new DatabaseSync(this.#file);
    other.exec('BEGIN IMMEDIATE');
    return {
      release: async () => {
        other.exec('ROLLBACK');
        other.close();
      },
    };
  }
}

export class PostgresDatabase implements Database {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  rows<Row>(query: string): Row[] {
    const asked = `SELECT coalesce(json_agg(row), '[]') FROM (${query}) AS row`;
    const words = [this.#url, '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--command', asked];
    return JSON.parse(execFileSync(executables.psql, words, { encoding: 'utf8', maxBuffer: 1 << 28 })) as Row[];
  }

  // Its own business: it checks the rest with each write, and what it recovers from.
  faults(): string[] {
    return [];
  }

  async lockWrites(): Promise<WriteLock> {
    const other = new Executable(executables.psql, [this.#url, '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1']);
    other.child.stdin!.write(`BEGIN;
      DO $$ DECLARE each text; BEGIN
        FOR each IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema() LOOP
          EXECUTE 'LOCK TABLE ' || each || ' IN EXCLUSIVE MODE';
        END LOOP;
      END $$;
      \\echo locked\n`);
    await other.line(/^locked$/);
    return {
      release: async () => {
        other.child.stdin!.end('ROLLBACK;\n');
        await other.ended;
      },
    };
  }
}

/** Makes a database on the server of that URL, if it is not there already; returns the URL of the new one. */
export function makeDatabase(server: string, name: string): string {
  const there = new PostgresDatabase(server).rows(`SELECT 1 FROM pg_database WHERE datname = '${name}'`).length > 0;
  if (!there) execFileSync(executables.psql, [server, '--quiet', '--command', `CREATE DATABASE "${name}"`]);
  const made = new URL(server);
  made.pathname = `/${name}`;
  return made.href;
}
