import DOMPurify from 'dompurify';
import { Marked, type Token, type Tokens } from 'marked';
import { visibleOutput } from './visible.ts';

// Everything that Markdown itself can say, and nothing that could look like, or act upon, the page around it: no class,
// id or style.
const allowedTags = [
  'p', 'br', 'hr', 'h3', 'h4', 'h5', 'h6', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'a', 'table', 'thead',
  'tbody', 'tr', 'th', 'td', 'input', 'sup', 'sub', 'kbd', 'span',
];
const allowedAttributes = ['href', 'align', 'start', 'type', 'checked', 'disabled', 'title', 'data-language', 'data-image'];

/** Of a block that is larger than this only the text is shown: parsing it would hold up the page. */
const maxBlockChars = 200_000;

const marked = new Marked({ gfm: true, breaks: false });
marked.use({
  renderer: {
    // HTML in a message is text that somebody wrote, not part of this page.
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
    // An image of another site would tell that site who reads this page: it becomes a link.
    image: ({ href, text }: Tokens.Image) => {
      const label = escapeHtml(text || 'image');
      return safeAddress(href) ? `<a href="${escapeHtml(href)}" data-image="">${label}</a>` : `<span data-image="">${label}</span>`;
    },
  },
});

/** One block of a message, ready to be shown. */
export interface Block {
  /** The Markdown that it was made of: equal source, equal block. */
  source: string;
  nodes: DocumentFragment;
}

/**
 * The top-level blocks of a text. While the text grows only the last ones change, so that the others can stay as they
 * are.
 */
export function blocksOf(text: string): string[] {
  if (text.length > maxBlockChars * 10) return chunksOf(text);
  const shown = visibleOutput(text);
  const tokens = marked.lexer(shown);
  // Links by reference need the whole text.
  if (Object.keys(tokens.links).length > 0) return [shown];
  return tokens.filter((token: Token) => token.type !== 'space').map((token: Token) => token.raw);
}

/** A fragment without anything that runs, loads, or reaches out of its place. */
export function renderBlock(source: string): DocumentFragment {
  const html = source.length > maxBlockChars ? `<pre><code>${escapeHtml(source)}</code></pre>` : (marked.parse(source) as string);
  return sanitize(html);
}

/** Only what is on the lists above survives; links leave the page without telling where from. */
export function sanitize(html: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(html, {
    ALLOWED_TAGS: allowedTags,
    ALLOWED_ATTR: allowedAttributes,
    // Their values are no addresses, whatever they look like.
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
  for (const block of fragment.querySelectorAll('p, li, h3, h4, h5, h6, blockquote, td, th')) block.setAttribute('dir', 'auto');
  return fragment;
}

/**
 * True for what may become a link: a web or mail address in full. A path of the agent's machine leads nowhere from
 * here.
 */
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

function chunksOf(text: string): string[] {
  const chunks: string[] = [];
  for (let at = 0; at < text.length; at += maxBlockChars * 2) chunks.push(visibleOutput(text.slice(at, at + maxBlockChars * 2)));
  return chunks;
}
