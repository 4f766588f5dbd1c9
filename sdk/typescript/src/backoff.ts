export interface BackoffSettings {
  /** The first wait is between 0 and this. */
  firstMs: number;
  longestMs: number;
}

export const usualBackoff: BackoffSettings = { firstMs: 500, longestMs: 30_000 };

/**
 * Full jitter: anything between 0 and a ceiling that doubles, so that clients which were cut off together do not come
 * back together. `random` gives numbers in [0, 1).
 */
export function fullJitterMs(attempt: number, { firstMs, longestMs }: BackoffSettings, random: () => number): number {
  return random() * Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 30));
}
