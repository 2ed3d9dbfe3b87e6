import { highlight } from '../text/highlight.ts';
import { textChunks } from '../text/chunks.ts';
import { blocksOf, renderBlock } from '../text/markdown.ts';
import { frameMs, sliceNow } from '../text/slices.ts';

const maxTexts = 300;

interface Rendered {
  text: string;
  root: HTMLElement;
  blocks: { source: string; nodes: Node[] }[];
  /** The blocks that are still to be set. */
  left: string[];
}

/** Caches rendered texts of recent rows. Growing texts keep all but the last blocks. */
export class MarkdownCache {
  private readonly texts = new Map<string, Rendered>();

  /** `isWhole`: all of it is set at once. */
  nodeOf(id: string, text: string, isWhole: boolean): Node {
    let known = this.texts.get(id);
    if (!known) {
      const root = document.createElement('div');
      root.className = 'markdown';
      known = { text: '', root, blocks: [], left: [] };
    }
    // Ordered by last use; the first entry is evicted.
    this.texts.delete(id);
    this.texts.set(id, known);
    if (this.texts.size > maxTexts) this.texts.delete(this.texts.keys().next().value!);
    if (known.text !== text) update(known, text);
    if (isWhole) add(known, Infinity);
    return known.root;
  }

  clear(): void {
    this.texts.clear();
  }
}

function update(known: Rendered, text: string): void {
  const sources = blocksOf(text);
  let same = 0;
  while (same < sources.length && known.blocks[same]?.source === sources[same]) same++;
  for (const block of known.blocks.splice(same)) for (const node of block.nodes) (node as ChildNode).remove();
  known.text = text;
  const isGoingOn = known.left.length > 0;
  known.left = sources.slice(same);
  if (!isGoingOn) goOn(known);
}

function goOn(known: Rendered): void {
  add(known, sliceNow());
  if (known.left.length > 0) setTimeout(() => goOn(known), frameMs);
}

/** Sets blocks until then, at least one. */
function add(known: Rendered, until: number): void {
  let at = 0;
  for (; at < known.left.length && (at === 0 || performance.now() < until); at++) {
    const source = known.left[at]!;
    const fragment = renderBlock(source);
    for (const code of fragment.querySelectorAll<HTMLElement>('pre > code')) frameCode(code);
    const nodes = [...fragment.childNodes];
    known.root.append(fragment);
    known.blocks.push({ source, nodes });
  }
  known.left = known.left.slice(at);
}

function frameCode(code: HTMLElement): void {
  const language = code.dataset.language ?? '';
  const pre = code.parentElement!;
  const frame = document.createElement('div');
  frame.className = 'code';
  const head = document.createElement('div');
  head.className = 'code-head';
  const name = document.createElement('span');
  name.textContent = language || 'text';
  const copy = document.createElement('button');
  copy.type = 'button';
  copy.className = 'copy';
  copy.textContent = 'Copy';
  copy.setAttribute('aria-label', 'Copy code');
  const written = code.textContent ?? '';
  copy.addEventListener('click', () => void copyText(written, copy));
  head.append(name, copy);
  pre.replaceWith(frame);
  pre.tabIndex = 0;
  pre.setAttribute('role', 'group');
  pre.setAttribute('aria-label', `Code${language ? `, ${language}` : ''}`);
  frame.append(head, pre);
  const chunks = [...textChunks(written)];
  if (chunks.length > 1) code.replaceChildren(...chunks);
  highlight(chunks.length > 1 ? chunks : [code], written, language);
}

export async function copyText(text: string, button: HTMLElement): Promise<void> {
  // Keeps the label if pressed twice.
  const before = (button.dataset.words ??= button.textContent ?? '');
  button.textContent = (await writeToClipboard(text)) ? 'Copied' : 'Cannot copy';
  setTimeout(() => (button.textContent = before), 1500);
}

/** Returns false where the browser does not allow it. */
export async function writeToClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

/** Copies as browsers did before there was a clipboard for pages: over plain http there is none. */
function copySelected(text: string): boolean {
  const field = document.createElement('textarea');
  const focused = document.activeElement as HTMLElement | null;
  field.value = text;
  field.className = 'for-screen-readers';
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    field.remove();
    focused?.focus({ preventScroll: true });
  }
}
