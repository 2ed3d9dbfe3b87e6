import { highlightCode } from './languages.ts';

/** Colours `[number, code, language]` and answers `[number, html or undefined]`. */
self.addEventListener('message', ({ data: [number, code, language] }: MessageEvent<[number, string, string]>) => {
  let html: string | undefined;
  try {
    html = highlightCode(code, language);
  } catch {
    // It stays plain.
  }
  self.postMessage([number, html]);
});
