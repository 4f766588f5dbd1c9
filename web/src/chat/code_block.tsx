import { useDeferredValue, useEffect, useMemo, useState, type ReactNode } from 'react';
import { CopyButton } from '../ui/controls.tsx';
import type { Tree } from './highlighter.ts';

type Highlight = typeof import('./highlighter.ts').highlight;
type Node = Tree['children'][number];

// Code beyond this is shown plain: to colour it would be felt.
const highlightedCharactersMax = 50_000;

let loaded: Highlight | undefined;

function useHighlight(isWanted: boolean): Highlight | undefined {
  const [highlight, setHighlight] = useState(() => loaded);
  useEffect(() => {
    if (!isWanted || highlight) return;
    let isHere = true;
    import('./highlighter.ts').then(
      (module) => {
        loaded = module.highlight;
        if (isHere) setHighlight(() => loaded);
      },
      () => {}, // offline: plain code is code too
    );
    return () => void (isHere = false);
  }, [isWanted, highlight]);
  return highlight;
}

function draw(node: Node, key: number): ReactNode {
  if (node.type === 'text') return node.value;
  if (node.type !== 'element') return null;
  const names = node.properties.className;
  return (
    <span key={key} className={Array.isArray(names) ? names.join(' ') : undefined}>
      {node.children.map((child, index) => draw(child as Node, index))}
    </span>
  );
}

export function CodeBlock({ text, language }: { text: string; language: string | undefined }) {
  const isWanted = language !== undefined && text.length <= highlightedCharactersMax;
  const highlight = useHighlight(isWanted);
  const settled = useDeferredValue(text); // a growing text first appears, then gets its colours
  const coloured = useMemo(() => {
    const tree = isWanted && highlight ? highlight(settled, language) : undefined;
    return tree?.children.map((child, index) => draw(child, index));
  }, [settled, language, isWanted, highlight]);
  return (
    <figure className="code-block overflow-hidden rounded-xl border border-line bg-code">
      <figcaption className="flex h-9 items-center justify-between border-b border-line pr-1 pl-4 text-xs text-muted">
        <span>{language ?? 'text'}</span>
        <CopyButton text={text} label="Copy code" className="size-7!" />
      </figcaption>
      <pre tabIndex={0}>
        <code className="font-mono">
          {coloured && text.startsWith(settled) ? [...coloured, text.slice(settled.length)] : text}
        </code>
      </pre>
    </figure>
  );
}
