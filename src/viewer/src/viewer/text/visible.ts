import { asShown } from './terminal.ts';

// Controls that reorder or hide text.
const deceiving =
  /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** Makes controls visible, e.g. `⟨U+202E⟩`. */
export function visible(text: string): string {
  const marked = text.replace(deceiving, (character) => `⟨U+${hex(character)}⟩`);
  return marked.replace(controls, (character) => (character === '\r' ? ''
    : String.fromCodePoint(pictureOf(character))));
}

/** Returns what a terminal would have shown of a text, with everything visible that would act upon its surroundings. */
export function visibleOutput(text: string): string {
  return visible(asShown(text));
}

export function oneLine(text: string, max: number): string {
  const line = visibleOutput(text.slice(0, max * 8)).replace(/\s+/g, ' ').trim();
  return line.length <= max ? line : `${line.slice(0, max - 1).trimEnd()}…`;
}

/** Lines of a rest that is longer are not counted. */
const maxCounted = 1_000_000;

export interface Clipped {
  text: string;
  /** 0 if they were not counted. */
  hiddenLines: number;
  isClipped: boolean;
}

export function clip(text: string, maxLines: number, maxChars: number): Clipped {
  let end = 0;
  for (let line = 0; line < maxLines && end < text.length; line++) {
    const next = text.indexOf('\n', end);
    end = next < 0 ? text.length : next + 1;
  }
  const cut = Math.min(end, maxChars);
  const rest = text.slice(cut);
  if (rest.trim().length === 0) return { text: text.trimEnd(), hiddenLines: 0, isClipped: false };
  const hiddenLines = rest.length > maxCounted ? 0 : lineCount(rest);
  return { text: text.slice(0, cut).trimEnd(), hiddenLines, isClipped: true };
}

export function lineCount(text: string): number {
  if (text.length === 0) return 0;
  let lines = text.endsWith('\n') ? 0 : 1;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) === 10) lines++;
  return lines;
}

function hex(character: string): string {
  return character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
}

function pictureOf(character: string): number {
  const code = character.codePointAt(0)!;
  if (code < 0x20) return 0x2400 + code;
  return code === 0x7f ? 0x2421 : 0xfffd;
}
