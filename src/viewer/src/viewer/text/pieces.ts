/**
 * The parser of Markdown takes time that grows with the square of some texts, so it gets no more than this at once:
 * 6,000 characters of the worst kind that is known take it 50 ms.
 */
export const maxPieceChars = 6_000;

/** What each delimiter of emphasis adds to a line's length: the parser compares each with those before it. */
const delimiterChars = 4;

/** Nor more lines: each can become an element of the page. */
const maxPieceLines = 200;
/** Beyond so many lines that are no code, counted as below, a text is shown as it is, in one element. */
const maxLines = 2_500;
/** A line that is longer is not parsed. */
const maxLineChars = 6_000;
/** Lists and quotes that are nested deeper than this are not parsed. */
const maxDepth = 40;
/** Definitions of links, for the pieces that may refer to them. */
const maxDefinitionChars = 2_000;

/** A heading counts as so many lines: the browser takes longer to lay it out. */
const linesOfHeading = 4;

const heading = /^ {0,3}#{1,6}(?:[ \t]|$)/;
const fence = /^ {0,3}(`{3,}|~{3,})/;
const item = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/;
const delimiter = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const definition = /^ {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S/;
const prefix = /^(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t])))*[ \t]*/;
const marks = />|[-*+]|\d{1,9}[.)]/g;

/** Returns the length of a text, with more for what takes the parser long. */
export function weightOf(text: string): number {
  let delimiters = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 42 || code === 95 || code === 126) delimiters++;
  }
  return text.length + delimiterChars * delimiters;
}

/** Returns what a line that ends a block of code matches. */
function endOf(opened: string): RegExp {
  return new RegExp(`^[ \\t]*\\${opened[0]}{${opened.length},}[ \\t]*$`);
}

/** Returns whether a text is a single block of code. */
export function isFence(text: string): boolean {
  const opened = fence.exec(text)?.[1];
  if (opened === undefined) return false;
  const lines = text.trimEnd().split('\n');
  const closing = endOf(opened);
  const end = lines.slice(1).findIndex((line) => closing.test(line));
  return end < 0 || end === lines.length - 2;
}

/** Returns whether a text is one that the parser must not get: a line too long, or nested too deep. */
export function isTooMuch(text: string): boolean {
  const lines = text.split('\n');
  return lines.length > maxPieceLines + 100 || lines.some((line) => {
    const start = prefix.exec(line.slice(0, maxLineChars))![0];
    const isDeep = start.length > 4 * maxDepth || (start.match(marks)?.length ?? 0) > maxDepth;
    return isDeep || line.length > maxLineChars || weightOf(line) > maxLineChars;
  });
}

/**
 * Divides a text into pieces that are set on their own: whole lines, at most {@link maxPieceChars}. Longer are a block
 * of code, a single line, and what comes after 2,500 lines. Divides before a paragraph or an item if it can. A table
 * that goes on in a further piece has its head there again.
 */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let lines: string[] = [];
  let chars = 0;
  let head: string[] = [];
  let fenceEnd: RegExp | undefined;
  const end = () => {
    if (lines.some((line) => line.trim() !== '')) pieces.push(lines.join('\n'));
    lines = [];
    chars = 0;
  };
  const all = text.split('\n');
  let parsed = 0;
  for (const [at, line] of all.entries()) {
    if (!fenceEnd) parsed += heading.test(line) ? linesOfHeading : 1;
    if (!fenceEnd && parsed > maxLines) {
      end();
      pieces.push(all.slice(at).join('\n'));
      break;
    }

    if (fenceEnd) {
      lines.push(line);
      if (fenceEnd.test(line)) {
        fenceEnd = undefined;
        end();
      }
      continue;
    }
    const opened = fence.exec(line)?.[1];
    const weight = weightOf(line);
    const isAfterBlank = lines.at(-1)?.trim() === '';
    const isNew = isAfterBlank && /^\S/.test(line)
      && !(item.test(line) && item.test(lines.find((each) => each.trim() !== '') ?? ''));
    if (opened !== undefined || isNew || (chars > maxPieceChars / 2 && item.test(line))
      || chars + weight > maxPieceChars
      || lines.length >= maxPieceLines) {
      end();
      if (head.length > 0 && line.includes('|') && !isNew && opened === undefined) {
        lines.push(...head);
        chars = head.join('').length;
      }
    }
    if (opened !== undefined) fenceEnd = endOf(opened);
    if (line.trim() === '' || opened !== undefined) head = [];
    else if (line.includes('|') && line.length < 1_000 && delimiter.test((all[at + 1] ?? '').slice(0, 1_000))) head =
      [line, all[at + 1]!];
    lines.push(line);
    chars += weight + 1;
  }
  end();
  const definitions = all.filter((line) => definition.test(line.slice(0, 300))).join('\n').slice(0, maxDefinitionChars);
  return definitions === '' ? pieces : pieces.map((piece) =>
    (piece.includes('[') && !isFence(piece) ? `${piece}\n\n${definitions}` : piece));
}
