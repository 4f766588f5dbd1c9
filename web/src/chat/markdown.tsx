import { memo, useMemo, type ReactNode } from 'react';
import ReactMarkdown, { type Components, type Options } from 'react-markdown';
import rehypeSanitize, { defaultSchema } from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import { Boundary } from '../ui/boundary.tsx';
import { CodeBlock } from './code_block.tsx';
import { markdownBlocks } from './markdown_blocks.ts';
import { depthMax, depthOf, opensTooMany, type Tree } from './markdown_depth.ts';

// A target that was taken away, `javascript:` for one, leaves its words; as a link they would lead to this page.
const outward = (href: string | undefined, words: ReactNode): ReactNode =>
  href ? (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {words}
    </a>
  ) : (
    words
  );

const components: Components = {
  a: ({ node: _, href, children, ...rest }) =>
    href?.startsWith('#') ? (
      <a href={href} {...rest}>
        {children}
      </a>
    ) : (
      outward(href, children)
    ),
  // A picture that a model names would tell its host who reads this: it becomes a link.
  img: ({ src, alt }) => outward(typeof src === 'string' ? src : undefined, alt || 'picture'),
  pre: ({ node }) => {
    const code = node?.children[0];
    if (code?.type !== 'element') return null;
    const names = Array.isArray(code.properties.className) ? code.properties.className : [];
    const language = names.map(String).find((name) => name.startsWith('language-'));
    const text = code.children.map((child) => (child.type === 'text' ? child.value : '')).join('');
    return <CodeBlock text={text.replace(/\n$/, '')} language={language?.slice('language-'.length)} />;
  },
  table: ({ children }) => (
    <div className="table" tabIndex={0} role="region" aria-label="Table">
      <table>{children}</table>
    </div>
  ),
};

interface Node extends Tree {
  tagName?: string;
  properties?: { href?: unknown };
  children?: Node[];
}

function visit(tree: Node, look: (node: Node) => void): void {
  for (const nodes = [tree]; nodes.length > 0;) {
    const node = nodes.pop()!;
    look(node);
    nodes.push(...(node.children ?? []));
  }
}

// Before anything walks down the tree by calling itself.
function notTooDeep() {
  return (tree: Node): void => {
    if (depthOf(tree) > depthMax) throw new RangeError('this nests too deeply to be drawn');
  };
}

// HTML is shown as it was written; the sanitizer would leave it out, and with it what was said.
function rawAsText() {
  return (tree: Node): void =>
    visit(tree, (node) => {
      if (node.type === 'raw') node.type = 'text';
    });
}

// Links to footnotes and back follow what the sanitizer makes of their ids.
function ownFragments(prefix: string) {
  return (tree: Node): void =>
    visit(tree, ({ tagName, properties }) => {
      if (tagName !== 'a' || typeof properties?.href !== 'string' || !properties.href.startsWith('#')) return;
      properties.href = `#${prefix}${properties.href.slice(1)}`;
    });
}

// All footnotes of a page have names of their own: those of an answer begin with its `prefix`.
const makePlugins = (
  prefix: string,
): Required<Pick<Options, 'remarkPlugins' | 'remarkRehypeOptions' | 'rehypePlugins'>> => ({
  remarkPlugins: [remarkGfm, notTooDeep],
  remarkRehypeOptions: { clobberPrefix: '' },
  rehypePlugins: [rawAsText, [rehypeSanitize, { ...defaultSchema, clobberPrefix: prefix }], [ownFragments, prefix]],
});

interface BlockProps {
  text: string;
  plugins: ReturnType<typeof makePlugins>;
}

const Block = memo(function Block({ text, plugins }: BlockProps) {
  const plain = <p className="whitespace-pre-wrap">{text.trimEnd()}</p>;
  return (
    <div className="block">
      {opensTooMany(text) ? (
        plain
      ) : (
        <Boundary of={text} fallback={() => plain}>
          <ReactMarkdown {...plugins} components={components}>
            {text}
          </ReactMarkdown>
        </Boundary>
      )}
    </div>
  );
});

interface MarkdownProps {
  text: string;
  /** Of the message, so that its footnotes are not taken for another's. */
  id: string;
}

/**
 * What a model wrote. HTML in it is shown as text; links open elsewhere; nothing is fetched. What cannot be drawn, for
 * it nests too deeply, is shown as it was written.
 */
export const Markdown = memo(function Markdown({ text, id }: MarkdownProps) {
  const plugins = useMemo(() => makePlugins(`${id}-`), [id]);
  return (
    <div className="prose">
      {markdownBlocks(text).map((block, index) => (
        <Block key={index} text={block} plugins={plugins} />
      ))}
    </div>
  );
});
