import { highlightCode } from './languages.ts';

/** Colours `[number, code, language]` and answers `[number, chunks of HTML, or undefined]`. */
self.addEventListener('message', ({ data: [number, code, language] }: MessageEvent<[number, string, string]>) => {
  let chunks: string[] | undefined;
  try {
    chunks = highlightCode(code, language);
  } catch {
    // It stays plain.
  }
  self.postMessage([number, chunks]);
});
