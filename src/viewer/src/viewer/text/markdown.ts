import DOMPurify from 'dompurify';
import { Marked, type Token, type Tokens } from 'marked';
import { isFence, isTooMuch, maxPieceChars, piecesOf, weightOf } from './pieces.ts';
import { clip, visible } from './visible.ts';

// Markdown's own elements; no class, id or style, which could imitate or affect the page.
const allowedTags = [
  'p', 'br', 'hr', 'h3', 'h4', 'h5', 'h6', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'a',
    'table', 'thead',
  'tbody', 'tr', 'th', 'td', 'input', 'sup', 'sub', 'kbd', 'span',
];
const allowedAttributes = ['href', 'align', 'start', 'type', 'checked', 'disabled', 'title', 'data-language',
  'data-image'];


/** As much of a text is set, and of a block of code shown: the export has all. */
const maxTextChars = 400_000;
const maxCodeLines = 5_000;

/** As much of a text that is not set as Markdown is laid out. */
const maxPlainLines = 1_000;
const maxPlainChars = 100_000;

const marked = new Marked({ gfm: true, breaks: false });
marked.use({
  renderer: {
    // Shows HTML as text.
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    heading({ tokens, depth }: Tokens.Heading) {
      const level = Math.min(6, depth + 2);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    code: ({ text, lang }: Tokens.Code) => {
      const language = /^[\w+#.-]{1,24}/.exec(lang ?? '')?.[0] ?? '';
      return `<pre><code data-language="${escapeHtml(language)}">${escapeHtml(text)}</code></pre>\n`;
    },
    link({ href, tokens, title }: Tokens.Link) {
      const inner = this.parser.parseInline(tokens);
      const hint = title ? ` title="${escapeHtml(title)}"` : '';
      return safeAddress(href) ? `<a href="${escapeHtml(href)}"${hint}>${inner}</a>` : inner;
    },
    // A link instead: loading would reveal the reader to that site.
    image: ({ href, text }: Tokens.Image) => {
      const label = escapeHtml(text || 'image');
      return safeAddress(href) ? `<a href="${escapeHtml(href)}" data-image="">${label}</a>`
        : `<span data-image="">${label}</span>`;
    },
  },
});

export interface Block {
  source: string;
  nodes: DocumentFragment;
}

/**
 * Returns the blocks of a text, in order. While the text grows only the last ones change, so that the others can stay
 * as they are. Takes time in proportion to the text.
 */
export function blocksOf(text: string): string[] {
  if (text.length > maxTextChars) {
    const rest = (text.length - maxTextChars).toLocaleString('en');
    return [...blocksOf(text.slice(0, maxTextChars)),
      `*${rest} more characters are not shown here: the export has them.*`];
  }
  const shown = visible(text);
  return weightOf(shown) > maxPieceChars ? piecesOf(shown) : topLevelOf(shown);
}

/** Returns a fragment without anything that runs, loads, or reaches out of its place. */
export function renderBlock(source: string): DocumentFragment {
  try {
    if (isFence(source)) return renderCode(source);
    if (!isTooMuch(source)) return sanitize(marked.parse(source) as string);
  } catch {
    // Nested deeper than the parser goes.
  }
  const { text, hiddenLines, isClipped } = clip(source, maxPlainLines, maxPlainChars);
  const note = isClipped ? ` ${hiddenLines} lines are not shown here: the export has them.` : '';
  return sanitize(`<p><em>Plain text: too long or too deep to set.${note}</em></p><pre><code>${escapeHtml(
    text)}</code></pre>`);
}

function renderCode(source: string): DocumentFragment {
  const { text, hiddenLines, isClipped } = clip(source, maxCodeLines, maxTextChars);
  const note = isClipped ? `<p><em>${hiddenLines} more lines are not shown here: the export has them.</em></p>` : '';
  return sanitize(marked.parse(text) as string + note);
}

function topLevelOf(text: string): string[] {
  try {
    if (isTooMuch(text)) return piecesOf(text);
    const tokens = marked.lexer(text);
    // Links by reference need the whole text.
    if (Object.keys(tokens.links).length > 0) return [text];
    return tokens.filter((token: Token) => token.type !== 'space').map((token: Token) => token.raw);
  } catch {
    return piecesOf(text);
  }
}

/** Keeps only the allowed lists; links send no referrer. */
export function sanitize(html: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(html, {
    ALLOWED_TAGS: allowedTags,
    ALLOWED_ATTR: allowedAttributes,
    // Not addresses, whatever they contain.
    ADD_URI_SAFE_ATTR: allowedAttributes.filter((name) => name !== 'href'),
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const link of fragment.querySelectorAll('a')) {
    if (!link.hasAttribute('href')) continue;
    link.setAttribute('target', '_blank');
    link.setAttribute('rel', 'noopener noreferrer nofollow ugc');
    if (!link.title) link.title = link.href.slice(0, 500);
  }
  for (const input of fragment.querySelectorAll('input')) {
    const mark = input.checked || input.hasAttribute('checked') ? '☑ ' : '☐ ';
    input.replaceWith(mark);
  }
  for (const table of fragment.querySelectorAll('table')) wrapTable(table);
  for (const block of fragment.querySelectorAll('p, li, h3, h4, h5, h6, blockquote, td, th')) block.setAttribute('dir',
    'auto');
  return fragment;
}

/** True for full web and mail addresses. */
export function safeAddress(address: string): boolean {
  if (!/^(https?:\/\/|mailto:)/i.test(address)) return false;
  try {
    const { protocol, username, password } = new URL(address);
    return ['http:', 'https:', 'mailto:'].includes(protocol) && username === '' && password === '';
  } catch {
    return false;
  }
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function wrapTable(table: HTMLTableElement): void {
  const frame = document.createElement('div');
  frame.className = 'table-frame';
  frame.tabIndex = 0;
  frame.setAttribute('role', 'group');
  frame.setAttribute('aria-label', 'Table');
  table.replaceWith(frame);
  frame.append(table);
}
