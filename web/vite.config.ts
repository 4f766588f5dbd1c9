import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { embedPlugin } from './embed.ts';

// Where a development server finds Sluice: `npm run dev` beside a `sluice serve`.
const sluice = process.env.SLUICE_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), tailwindcss(), embedPlugin()],
  resolve: {
    alias: { '@sluice/client': fileURLToPath(new URL('../sdk/typescript/src/index.ts', import.meta.url)) },
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
