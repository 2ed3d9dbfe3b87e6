import DOMPurify from 'dompurify';

/** Longer code stays plain, to keep the page responsive. */
const maxChars = 60_000;

type Highlighter = (code: string, language: string) => string | undefined;
let loading: Promise<Highlighter> | undefined;

/** Colours a code block; loads the highlighter at the first one. Its output is sanitized. */
export function highlight(element: HTMLElement, language: string): void {
  const code = element.textContent ?? '';
  if (language === '' || code.length > maxChars) return;
  loading ??= import('./languages.ts').then((module) => module.highlightCode);
  void loading.then((highlighter) => {
    const html = element.textContent === code ? highlighter(code, language) : undefined;
    if (html === undefined) return;
    const nodes = DOMPurify.sanitize(html, { ALLOWED_TAGS: ['span'], ALLOWED_ATTR: ['class'], RETURN_DOM_FRAGMENT: true });
    element.replaceChildren(nodes);
  }, () => {
    // Offline or outdated page: show plain code; the next block retries.
    loading = undefined;
  });
}

const byExtension: Record<string, string> = {
  ts: 'typescript', tsx: 'typescript', mts: 'typescript', js: 'javascript', jsx: 'javascript', mjs: 'javascript', cs: 'csharp',
  py: 'python', rs: 'rust', go: 'go', java: 'java', kt: 'kotlin', swift: 'swift', c: 'c', h: 'c', cpp: 'cpp', hpp: 'cpp', cc: 'cpp',
  rb: 'ruby', php: 'php', sh: 'bash', bash: 'bash', zsh: 'bash', json: 'json', yaml: 'yaml', yml: 'yaml', toml: 'ini', ini: 'ini',
  xml: 'xml', html: 'xml', svg: 'xml', csproj: 'xml', css: 'css', scss: 'css', sql: 'sql', md: 'markdown', diff: 'diff', patch: 'diff',
};

/** Empty if unknown. */
export function languageOfFile(path: string): string {
  return byExtension[/\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? ''] ?? '';
}
