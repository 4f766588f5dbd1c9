import { Answer, SluiceError } from '@sluice/client';
import { describe, expect, test } from 'vitest';
import type { StoredMessage } from '../api/conversations.ts';
import { shownAnswer } from './shown_message.ts';

const started = {
  type: 'started',
  generation_id: 'gen_1',
  payload: { conversation_id: 'conv_1', message_id: 'msg_1', model: 'm', provider: 'p' },
} as const;

/** An answer of which `text` came. */
function live(text: string): Answer {
  const answer = new Answer(() => {}, 'gen_1');
  answer.take(started);
  if (text !== '') answer.take({ type: 'chat', seq: 1, payload: { type: 'text', content: text, model: 'm' } });
  return answer;
}

function refused(text: string): Answer {
  const answer = live(text);
  answer.refuse(new SluiceError({ code: 404, type: 'not_found', message: 'there is no generation "gen_1"' }));
  return answer;
}

const stored = (status: StoredMessage['status'], content: string): StoredMessage => ({
  id: 'msg_1',
  parent_id: null,
  role: 'assistant',
  content,
  model: 'm',
  usage: null,
  status,
  generation_id: 'gen_1',
  created_at: '2026-11-23T00:00:00Z',
});

describe('an answer that was refused', () => {
  test('shows what came of it and why there is no more, as long as nothing better is stored', () => {
    for (const message of [undefined, stored('streaming', '')]) {
      const shown = shownAnswer(refused('one '), message);
      expect(shown).toMatchObject({ text: 'one ', isWriting: false, trouble: 'There is no generation "gen_1".' });
    }
    expect(shownAnswer(refused(''), stored('streaming', '')).trouble).toBe('There is no generation "gen_1".');
  });

  test('gives way to the stored one once that has ended', () => {
    const shown = shownAnswer(refused('one '), stored('completed', 'one two'));
    expect(shown).toMatchObject({ text: 'one two', isWriting: false, trouble: undefined });
    expect(shownAnswer(refused('one '), stored('cancelled', 'one')).trouble).toBe('Stopped.');
  });
});

test('what was read of an answer stays, though its server has lost it', () => {
  const answer = live('one ');
  answer.take(started);
  answer.take({
    type: 'rewind',
    seq: 1,
    payload: { keep: { text: 0, reasoning: 0, tool_calls: [] }, reason: 'stored' },
  });
  const error = { code: 503, message: 'the server was restarted' };
  const timing = { queue_ms: 0, total_ms: 0 };
  answer.take({ type: 'done', seq: 2, payload: { status: 'failed', finish_reason: 'error', error, timing } });
  const shown = shownAnswer(answer, stored('interrupted', ''));
  expect(shown).toMatchObject({ text: 'one ', isWriting: false, trouble: 'The server was restarted.' });
  expect(shown.totalMs).toBeUndefined();
});

test('a live answer is shown before the stored one, whose end it knows better', () => {
  expect(shownAnswer(live('one '), stored('streaming', ''))).toMatchObject({ text: 'one ', isWriting: true });
  const ended = live('one ');
  ended.take({ type: 'done', seq: 2, payload: { status: 'completed', finish_reason: 'stop' } });
  expect(shownAnswer(ended, stored('streaming', ''))).toMatchObject({ text: 'one ', isWriting: false });
});

test('a stored one alone is being written until its status says otherwise', () => {
  expect(shownAnswer(undefined, stored('streaming', 'one')).isWriting).toBe(true);
  expect(shownAnswer(undefined, stored('completed', 'one'))).toMatchObject({ text: 'one', isWriting: false });
});
