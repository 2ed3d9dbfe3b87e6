import { build } from 'vite';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

interface Built {
  fileName: string;
  name?: string;
  isEntry?: boolean;
  imports?: string[];
  code?: string;
  source?: string | Uint8Array;
}

it('the viewer loads with less than 150 kB, the highlighter apart', async () => {
  const result = (await build({
    root: fileURLToPath(new URL('../../../src/viewer/', import.meta.url)), logLevel: 'silent', build: { write: false },
  })) as { output: Built[] };
  const first = new Map<string, Built>();
  const add = (name: string) => {
    const file = result.output.find((candidate) => candidate.fileName === name);
    if (!file || first.has(name)) return;
    first.set(name, file);
    for (const imported of file.imports ?? []) add(imported);
  };
  add('viewer.html');
  for (const chunk of result.output) if (chunk.isEntry && chunk.name === 'viewer') add(chunk.fileName);
  for (const file of result.output) if (file.fileName.endsWith('.css')) add(file.fileName);
  const content = [...first.values()].map((file) => Buffer.from(file.code ?? file.source ?? ''));
  const gzip = content.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
  const brotli = content.reduce((sum, bytes) => sum + brotliCompressSync(bytes).length, 0);
  console.log(`first load: ${gzip} bytes by gzip, ${brotli} by brotli: ${[...first.keys()].join(' ')}`);
  expect(content.length).toBeGreaterThanOrEqual(3);
  expect(gzip).toBeLessThan(150_000);
  expect([...first.keys()].some((name) => name.includes('languages'))).toBe(false);
});
