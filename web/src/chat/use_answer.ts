import type { Answer } from '@sluice/client';
import { useCallback, useSyncExternalStore } from 'react';

/** Draws the component again when the answer has grown, at most once a frame however many deltas come. */
export function useAnswer(answer: Answer | undefined): void {
  const subscribe = useCallback(
    (draw: () => void) => {
      let frame = 0;
      const leave = answer?.subscribe(() => {
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          draw();
        });
      });
      return () => {
        leave?.();
        cancelAnimationFrame(frame);
      };
    },
    [answer],
  );
  useSyncExternalStore(subscribe, () => answer?.version ?? 0);
}
