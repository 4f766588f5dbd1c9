import { keep, kept } from '../ui/preferences.ts';

// What was written and not sent, and what was sent and not yet taken: kept in this browser, so that no word is lost to
// a reload or a server that goes. Both end when their user signs out (api/session.ts).

const draftName = (username: string, key: string): string => `draft.${username}.${key}`;
const unsentName = (username: string, key: string): string => `draft.${username}.${key}.unsent`;

export const keepDraft = (username: string, key: string, text: string): void => keep(draftName(username, key), text);
export const draftOf = (username: string, key: string): string => kept(draftName(username, key)) ?? '';

export const keepUnsent = (username: string, key: string, text: string): void => keep(unsentName(username, key), text);
export const unsentOf = (username: string, key: string): string => kept(unsentName(username, key)) ?? '';

/** What came back, and behind it what has been written since. */
export function joined(returned: string, draft: string): string {
  if (returned.trim() === '' || draft.startsWith(returned)) return draft;
  return draft.trim() === '' ? returned : `${returned}\n\n${draft}`;
}
