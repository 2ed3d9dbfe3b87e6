import DOMPurify from 'dompurify';

/** Code longer than this stays plain: colouring it would hold up the page. */
const maxChars = 60_000;

type Highlighter = (code: string, language: string) => string | undefined;
let loading: Promise<Highlighter> | undefined;

/**
 * Colours a block of code where it stands, once the highlighter has been loaded: the first code block of a page asks
 * for it. Its result is cleaned like everything else that becomes HTML here.
 */
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
    // Offline, or an older page than the server: code is readable without colours, and the next block asks again.
    loading = undefined;
  });
}

const byExtension: Record<string, string> = {
  ts: 'typescript', tsx: 'typescript', mts: 'typescript', js: 'javascript', jsx: 'javascript', mjs: 'javascript', cs: 'csharp',
  py: 'python', rs: 'rust', go: 'go', java: 'java', kt: 'kotlin', swift: 'swift', c: 'c', h: 'c', cpp: 'cpp', hpp: 'cpp', cc: 'cpp',
  rb: 'ruby', php: 'php', sh: 'bash', bash: 'bash', zsh: 'bash', json: 'json', yaml: 'yaml', yml: 'yaml', toml: 'ini', ini: 'ini',
  xml: 'xml', html: 'xml', svg: 'xml', csproj: 'xml', css: 'css', scss: 'css', sql: 'sql', md: 'markdown', diff: 'diff', patch: 'diff',
};

/** The language of a file by its name; empty when it has none that can be coloured. */
export function languageOfFile(path: string): string {
  return byExtension[/\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? ''] ?? '';
}
