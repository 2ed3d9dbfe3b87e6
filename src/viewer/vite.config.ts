import { defineConfig, type Plugin } from 'vite';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const WORTH_IT = 1024;

/** Compresses the assets, which never change under their names, once here instead of with every request. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async writeBundle() {
      const folder = at('./dist/assets/');
      for (const name of await readdir(folder)) {
        const content = await readFile(folder + name);
        if (!/\.(js|css|svg)$/.test(name) || content.length < WORTH_IT) continue;
        await writeFile(`${folder + name}.br`, brotliCompressSync(content));
        await writeFile(`${folder + name}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  // Assets are named relative to the page, so that a proxy may serve all of it below any path. The server sets how
  // deep a page lies.
  base: './',
  plugins: [compressed()],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // The content security policy allows no inline script or style: everything is a hashed file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { viewer: at('./viewer.html'), admin: at('./admin.html') } },
  },
});
