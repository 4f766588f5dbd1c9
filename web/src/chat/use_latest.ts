import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';

// Who is nearer to the end than this reads along.
const nearPx = 80;

export interface Latest {
  scroller: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLDivElement | null>;
  isAtEnd: boolean;
  jump: () => void;
}

/** Keeps a growing column at its end for as long as the reader stays there, and not a moment longer. */
export function useLatest(of: unknown): Latest {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const [isAtEnd, setAtEnd] = useState(true);

  const toEnd = useCallback(() => {
    const box = scroller.current;
    if (box) box.scrollTop = box.scrollHeight;
  }, []);

  const jump = useCallback(() => {
    follows.current = true;
    setAtEnd(true);
    toEnd();
  }, [toEnd]);

  useEffect(jump, [of, jump]);

  useEffect(() => {
    const box = scroller.current;
    if (!box || !content.current) return;
    let last = box.scrollTop;
    const onScroll = (): void => {
      const isNear = box.scrollHeight - box.scrollTop - box.clientHeight < nearPx;
      // Growing moves the end away without a hand on the wheel: only a move upwards lets go of it.
      if (isNear) follows.current = true;
      else if (box.scrollTop < last) follows.current = false;
      last = box.scrollTop;
      setAtEnd(isNear || follows.current);
    };
    const grown = new ResizeObserver(() => {
      if (follows.current) toEnd();
    });
    grown.observe(content.current);
    grown.observe(box);
    box.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      grown.disconnect();
      box.removeEventListener('scroll', onScroll);
    };
  }, [toEnd]);

  return { scroller, content, isAtEnd, jump };
}
