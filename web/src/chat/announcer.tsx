import type { Answer } from '@sluice/client';
import { useEffect, useState } from 'react';

// How often a screen reader is told of a growing answer.
const periodMs = 4_000;

/** The end of the last whole sentence or line behind `from`; `from` if there is none. */
export function endOfSentence(text: string, from: number): number {
  let end = from;
  for (const match of text.slice(from).matchAll(/[.!?。！？](?=\s)|\n/g)) end = from + match.index + match[0].length;
  return end;
}

/** Reads a growing answer out politely, in whole sentences and not more often than a listener can follow. */
export function Announcer({ answer }: { answer: Answer | undefined }) {
  const [words, setWords] = useState('');
  useEffect(() => {
    if (!answer || answer.isOver) return;
    let said = answer.text.length;
    setWords('The answer begins.');
    const speak = (): void => {
      if (answer.text.length < said) said = answer.text.length;
      const end = answer.isOver ? answer.text.length : endOfSentence(answer.text, said);
      if (end > said) setWords(answer.text.slice(said, end));
      said = end;
      if (!answer.isOver) return;
      clearInterval(timer);
      leave();
    };
    const timer = setInterval(speak, periodMs);
    const leave = answer.subscribe(() => {
      if (answer.isOver) speak();
    });
    return () => {
      clearInterval(timer);
      leave();
    };
  }, [answer]);
  return (
    <p className="sr-only" aria-live="polite">
      {words}
    </p>
  );
}
