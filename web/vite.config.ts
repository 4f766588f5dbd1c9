import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { embedPlugin } from './embed.ts';

// Where a development server finds Sluice: `npm run dev` beside a `sluice serve`.
const sluice = process.env.SLUICE_URL ?? 'http://127.0.0.1:8080';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react(), tailwindcss(), embedPlugin()],
  resolve: {
    alias: {
      '@sluice/client': here('../sdk/typescript/src/index.ts'),
      // For browsers it has a form that reads an entity through innerHTML, which the Content-Security-Policy forbids.
      'decode-named-character-reference': here('node_modules/decode-named-character-reference/index.js'),
    },
  },
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'], // they know light-dark()
    assetsInlineLimit: 0, // the Content-Security-Policy wants files
    rollupOptions: { input: ['index.html', 'admin.html'] },
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      '/admin/api': { target: sluice },
      '/v1': { target: sluice, ws: true },
      '/chat': { target: sluice, ws: true },
      '/login': { target: sluice, bypass: ({ method, url }) => (method === 'POST' ? undefined : url) },
      '/register': { target: sluice, bypass: ({ method, url }) => (method === 'POST' ? undefined : url) },
    },
  },
  test: { include: ['src/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0]);
