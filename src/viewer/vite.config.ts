import { defineConfig } from 'vitest/config';
import { fileURLToPath } from 'node:url';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: { alias: { '@sharerpc/client': at('./client/src/index.ts') } },
  build: {
    outDir: 'dist',
    target: 'es2022',
    // A strict CSP allows no inline script or style: everything is a hashed file, and nothing is inlined as a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { viewer: at('./viewer.html') } },
  },
  test: { include: ['test/**/*.test.ts', 'client/test/**/*.test.ts'] },
});
