/** Elements of so many lines are laid out on their own, and only near the view. */
export const chunkLines = 50;
/** A line that is longer is shown in several. */
const maxLineChars = 8_000;
/** Nor more characters in an element. */
const chunkChars = 20_000;
/** The height of a line, in pixels, until it is laid out. */
const lineHeight = 20;

/** Divides a text into pieces of {@link chunkLines} lines, which are joined by line ends. */
export function* chunksOf(text: string): Generator<string> {
  let lines: string[] = [];
  let chars = 0;
  for (let at = 0; at <= text.length;) {
    const next = text.indexOf('\n', at);
    const end = Math.min(next < 0 ? text.length : next, at + maxLineChars);
    lines.push(text.slice(at, end));
    chars += end - at;
    at = end === next || end === text.length ? end + 1 : end;
    if (lines.length === chunkLines || chars >= chunkChars) {
      yield lines.join('\n');
      [lines, chars] = [[], 0];
    }
  }
  if (lines.length > 0) yield lines.join('\n');
}

/** Returns an element that is laid out when it comes near the view; `lines` says how high it is until then. */
export function chunkElement(lines: number): HTMLElement {
  const element = document.createElement('div');
  element.className = 'chunk';
  element.style.setProperty('contain-intrinsic-block-size', `auto ${lines * lineHeight}px`);
  return element;
}

/** Returns the elements of a text, made as they are asked for. */
export function* textChunks(text: string): Generator<HTMLElement> {
  for (const chunk of chunksOf(text)) {
    const element = chunkElement(chunk.split('\n').length);
    element.textContent = chunk;
    yield element;
  }
}
