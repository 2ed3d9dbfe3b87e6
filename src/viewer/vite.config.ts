import { defineConfig } from 'vitest/config';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const pages = ['viewer', 'admin'].filter((page) => existsSync(at(`./src/${page}/main.ts`)));

export default defineConfig({
  // Pages lie one or more levels below the server's root, at addresses that the build does not know: the server puts its own path in front.
  base: '/',
  resolve: { alias: { '@sharerpc/client': at('./client/src/index.ts') } },
  build: {
    outDir: 'dist',
    target: 'es2022',
    // A strict CSP allows no inline script or style: everything is a hashed file, and nothing is inlined as a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: Object.fromEntries(pages.map((page) => [page, at(`./${page}.html`)])) },
  },
  test: { include: ['test/**/*.test.ts', 'client/test/**/*.test.ts'], testTimeout: 60_000, passWithNoTests: true },
});
