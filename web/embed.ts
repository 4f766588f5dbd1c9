import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join, relative, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

// Packed forms that save less than this are not worth a table entry.
const worthwhile = 0.9;

interface File {
  /** As it is asked for: "/assets/index-….js". */
  path: string;
  plain: Buffer;
  gzip?: Buffer;
  brotli?: Buffer;
}

function readFiles(folder: string): File[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const plain = readFileSync(file);
      const keep = (packed: Buffer): Buffer | undefined =>
        packed.length < plain.length * worthwhile ? packed : undefined;
      const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
      return {
        path: `/${relative(folder, file)}`,
        plain,
        gzip: keep(gzipSync(plain, { level: 9 })),
        brotli: keep(brotliCompressSync(plain, quality)),
      };
    })
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

/**
 * Writes `embedded.cpp` beside what was built: all files, packed and not, in the assembler's words, and the table
 * `door::web_files` over them (services/door/web_files.hpp).
 */
function embed(folder: string): void {
  const packed = join(folder, '..', 'packed');
  rmSync(packed, { recursive: true, force: true });
  mkdirSync(packed, { recursive: true });
  let assembly = '';
  let symbols = '';
  let table = '';
  let count = 0;
  const view = (bytes: Buffer | undefined): string => {
    if (!bytes) return '{}';
    const name = `sluice_web_${++count}`;
    const place = resolve(packed, name);
    writeFileSync(place, bytes);
    assembly += `  .balign 16\n${name}:\n  .incbin "${place}"\n`;
    symbols += `extern "C" const char ${name}[];\n`;
    return `{${name}, ${bytes.length}}`;
  };
  for (const { path, plain, gzip, brotli } of readFiles(folder)) {
    const type = types[extname(path)];
    if (!type) throw new Error(`web/embed.ts does not know the type of ${path}: add it`);
    const etag = createHash('sha256').update(plain).digest('hex').slice(0, 20);
    // Vite names what it puts into assets/ by content.
    const immutable = path.startsWith('/assets/');
    table += `    {.path = "${path}", .type = "${type}", .etag = "${etag}", .immutable = ${immutable},\n`;
    table += `     .plain = ${view(plain)}, .gzip = ${view(gzip)}, .brotli = ${view(brotli)}},\n`;
  }
  const source = [
    '// Made by web/embed.ts.',
    '#include "door/web_files.hpp"\n',
    `asm(R"(\n  .section .rodata\n${assembly}  .previous\n)");`,
    symbols,
    'namespace sluice::door {',
    `static const web_file table[] = {\n${table}};`,
    'const std::span<const web_file> web_files(table);',
    '}  // namespace sluice::door\n',
  ];
  writeFileSync(join(folder, '..', 'embedded.cpp'), source.join('\n'));
}

/** After a build, when SLUICE_EMBED is set: makes what the executable serves. */
export function embedPlugin(): Plugin {
  let folder = '';
  return {
    name: 'sluice-embed',
    apply: 'build',
    configResolved: (config) => void (folder = resolve(config.root, config.build.outDir)),
    closeBundle: () => {
      if (process.env.SLUICE_EMBED) embed(folder);
    },
  };
}
