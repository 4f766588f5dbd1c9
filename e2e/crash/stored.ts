import type { Database } from '../harness/database.ts';
import type { Usage } from '../harness/protocol.ts';
import type { Claim } from './talker.ts';

interface MessageRow {
  id: string;
  conversation_id: string;
  parent_id: string;
  role: string;
  status: string;
  words: string;
}

interface UsageRow {
  generation_id: string;
  attempt: number;
  status: string;
  input_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
}

/** What is in the database, read past the program that wrote it. */
export class Stored {
  readonly #database: Database;
  readonly #messages: Map<string, MessageRow>;
  readonly #usage = new Map<string, UsageRow[]>();

  constructor(database: Database) {
    this.#database = database;
    this.#messages = new Map(database.rows<MessageRow>('SELECT * FROM messages').map((row) => [row.id, row]));
    for (const row of database.rows<UsageRow>('SELECT * FROM usage_events ORDER BY attempt')) {
      this.#usage.set(row.generation_id, [...(this.#usage.get(row.generation_id) ?? []), row]);
    }
  }

  /** What is wrong with the database and between its tables, whatever clients were told. */
  faults(): string[] {
    return [
      ...this.#database.faults(),
      ...this.#texts(`SELECT id || ' is still running' AS fault FROM generations WHERE status = 'running'`),
      ...this.#texts(`SELECT id || ' is still streaming' AS fault FROM messages WHERE status = 'streaming'`),
      ...this.#texts(`SELECT id || ' has an ending, but no message' AS fault FROM generations
        WHERE NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = generations.message_id)`),
      ...this.#texts(`SELECT id || ' has no usage' AS fault FROM generations
        WHERE NOT EXISTS (SELECT 1 FROM usage_events WHERE generation_id = generations.id)`),
      ...this.#texts(`SELECT id || ' hangs on nothing' AS fault FROM messages AS child WHERE parent_id <> ''
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
    const answer = this.#messages.get(claim.messageId);
    const question = this.#messages.get(answer?.parent_id ?? '');
    expectEqual('the question', question?.words, claim.prompt);
    expectEqual("the question's conversation", question?.conversation_id, claim.conversationId);
    expectEqual("the question's role", question?.role, 'user');
    expectEqual("the answer's conversation", answer?.conversation_id, claim.conversationId);
    const usage = this.#usage.get(claim.generationId) ?? [];
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

  #texts(query: string): string[] {
    return this.#database.rows<{ fault: string }>(query).map(({ fault }) => fault);
  }
}
