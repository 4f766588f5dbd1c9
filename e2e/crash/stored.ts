import { DatabaseSync } from 'node:sqlite';
import type { Usage } from '../harness/protocol.ts';
import type { Claim } from './talker.ts';

interface MessageRow {
  conversation_id: string;
  parent_id: string;
  role: string;
  status: string;
  words: string;
}

interface UsageRow {
  attempt: number;
  status: string;
  input_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
}

/** The database file, read past the program that wrote it. */
export class Stored {
  readonly #database: DatabaseSync;

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true });
  }

  close(): void {
    this.#database.close();
  }

  /** What is wrong with the file and between its tables, whatever clients were told. */
  faults(): string[] {
    return [
      ...this.#texts('PRAGMA integrity_check').filter((found) => found !== 'ok'),
      ...this.#texts('PRAGMA foreign_key_check'),
      ...this.#texts(`SELECT id || ' is still running' FROM generations WHERE status = 'running'`),
      ...this.#texts(`SELECT id || ' is still streaming' FROM messages WHERE status = 'streaming'`),
      ...this.#texts(`SELECT id || ' has an ending, but no message' FROM generations
        WHERE NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = generations.message_id)`),
      ...this.#texts(`SELECT id || ' has no usage' FROM generations
        WHERE NOT EXISTS (SELECT 1 FROM usage_events WHERE generation_id = generations.id)`),
      ...this.#texts(`SELECT id || ' hangs on nothing' FROM messages AS child WHERE parent_id <> ''
        AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = child.parent_id)`),
    ];
  }

  /** What of a claim no longer holds. */
  broken(claim: Claim): string[] {
    const wrong: string[] = [];
    const expectEqual = (what: string, found: unknown, expected: unknown): void => {
      if (found !== expected) {
        wrong.push(`${claim.generationId}: ${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
      }
    };
    const answer = this.#message(claim.messageId);
    const question = this.#message(answer?.parent_id ?? '');
    expectEqual('the question', question?.words, claim.prompt);
    expectEqual("the question's conversation", question?.conversation_id, claim.conversationId);
    expectEqual("the question's role", question?.role, 'user');
    expectEqual("the answer's conversation", answer?.conversation_id, claim.conversationId);
    const usage = this.#usage(claim.generationId);
    if (claim.done) {
      expectEqual('the answer', answer?.words, claim.text);
      expectEqual("the answer's status", answer?.status, claim.done.status);
      expectEqual('the number of usage records', usage.length, claim.done.attempts);
      for (const key of ['input_tokens', 'output_tokens', 'reasoning_tokens'] satisfies (keyof Usage)[]) {
        const sum = usage.reduce((all, row) => all + row[key], 0);
        expectEqual(key, sum, claim.done.usage?.[key]);
      }
    } else {
      expectEqual('the number of usage records', usage.length, 1);
    }
    return wrong;
  }

  #message(id: string): MessageRow | undefined {
    const query = this.#database.prepare('SELECT * FROM messages WHERE id = ?');
    return query.get(id) as MessageRow | undefined;
  }

  #usage(generationId: string): UsageRow[] {
    const query = this.#database.prepare('SELECT * FROM usage_events WHERE generation_id = ? ORDER BY attempt');
    return query.all(generationId) as unknown as UsageRow[];
  }

  #texts(query: string): string[] {
    return this.#database
      .prepare(query)
      .all()
      .map((row) => Object.values(row).join(' '));
  }
}
