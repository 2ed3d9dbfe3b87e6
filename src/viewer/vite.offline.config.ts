import { defineConfig, type Plugin } from 'vite';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Puts script and style into the page, and lets nothing else run or load there. */
function inOneFile(): Plugin {
  return {
    name: 'in-one-file',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = bundle['offline.html']!;
      if (page.type !== 'asset') throw new Error('offline.html is no page.');
      let html = String(page.source);
      const [scripts, styles]: [string[], string[]] = [[], []];
      for (const [name, file] of Object.entries(bundle)) {
        if (name === 'offline.html') continue;
        // What stands in a page must not end its element.
        const text = file.type === 'chunk' ? file.code.replaceAll('</script', '<\\/script') : String(file.source);
        if (file.type === 'chunk') scripts.push(text);
        else if (name.endsWith('.css')) styles.push(text);
        delete bundle[name];
      }
      const [script, style] = [scripts.join('\n'), styles.join('\n')];
      html = html.replace(/\s*<script type="module"[^>]*><\/script>/, '').replace(/\s*<link rel="stylesheet"[^>]*>/g,
        '');
      const policy = "default-src 'none'; img-src data: blob:; base-uri 'none'; form-action 'none'; "
        + `script-src ${hash(script)}; style-src ${hash(style)}`;
      html = html.replace('POLICY', () => policy).replace('</head>', () => `  <style>${style}</style>\n  </head>`);
      page.source = html.replace('</body>', () => `  <script type="module">${script}</script>\n  </body>`);
    },
  };
}

/** A file has no worker: code is not coloured there. */
function withoutWorker(): Plugin {
  return {
    name: 'without-worker',
    enforce: 'pre',
    resolveId: (id) => (id.endsWith('?worker&url') ? '\0no-worker' : undefined),
    load: (id) => (id === '\0no-worker' ? "export default '';" : undefined),
  };
}

export default defineConfig({
  base: './',
  plugins: [withoutWorker(), inOneFile()],
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: { input: { offline: at('./offline.html') }, output: { inlineDynamicImports: true } },
  },
});
