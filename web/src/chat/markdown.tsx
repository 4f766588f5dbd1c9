import { memo } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import rehypeSanitize from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import { CodeBlock } from './code_block.tsx';
import { markdownBlocks } from './markdown_blocks.ts';

const components: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  ),
  // A picture that a model names would tell its host who reads this: it becomes a link.
  img: ({ src, alt }) => (
    <a href={typeof src === 'string' ? src : undefined} target="_blank" rel="noopener noreferrer nofollow">
      {alt || 'picture'}
    </a>
  ),
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

interface Node {
  type: string;
  children?: Node[];
}

// HTML is shown as it was written; the sanitizer would leave it out, and with it what was said.
function rawAsText() {
  return (tree: Node): void => {
    for (const nodes = [tree]; nodes.length > 0;) {
      const node = nodes.pop()!;
      if (node.type === 'raw') node.type = 'text';
      nodes.push(...(node.children ?? []));
    }
  };
}

const plugins = { remark: [remarkGfm], rehype: [rawAsText, rehypeSanitize] };

const Block = memo(function Block({ text }: { text: string }) {
  return (
    <div className="block">
      <ReactMarkdown remarkPlugins={plugins.remark} rehypePlugins={plugins.rehype} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
});

/** What a model wrote. HTML in it is shown as text; links open elsewhere; nothing is fetched. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className="prose">
      {markdownBlocks(text).map((block, index) => (
        <Block key={index} text={block} />
      ))}
    </div>
  );
});
