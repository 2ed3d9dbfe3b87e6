import { finish, type Steps } from './slices.ts';

/** What a terminal acts upon: without one of these a text is shown as it is. */
const acting = /[\u0007\u0008\r\u001b\u0090\u0098\u009b\u009d-\u009f]/;

// A control sequence, one that ends with a terminator (titles, links), a short one, or the beginning of one that is
// still on its way. Anything else that begins with an escape is left, and shown as such.
const csi = '(?:\\u001b\\[|\\u009b)';
const string = '(?:\\u001b[\\]PX^_]|[\\u0090\\u0098\\u009d-\\u009f])';
const content = '[^\\u0007\\n\\r\\u001b\\u0080-\\u009f]';
const steps = new RegExp(
  `${csi}([0-?]{0,64})[ -/]{0,8}([@-~])|${string}${content}{0,4096}(?:\\u0007|\\u001b\\\\|\\u009c)`
    + `|\\u001b[ -/]{1,4}[0-~]|\\u001b([0-OQ-WYZ\\\\\`-~])|(?:${csi}[0-?]{0,64}[ -/]{0,8}|${string}${content}{0,4096}`
    + '|\\u001b[ -/]{0,4})$|\\r+\\n?|[\\u0007\\u0008\\n]'
    + '|[^\\u0007\\u0008\\n\\r\\u001b\\u0090\\u0098\\u009b\\u009d-\\u009f]+', 'g');

/** The largest number of rows or columns that one sequence moves over. */
const maxMove = 1000;

/** Of a line that is longer nothing is written over: what would be stands on a line behind it. */
const maxCells = 200_000;

/** As many characters or sequences are done in a step. */
const stepChars = 30_000;
const stepSequences = 2_000;

/** Returns whether a terminal would show a text otherwise than it is. */
export function isForTerminal(text: string): boolean {
  return acting.test(text);
}

/**
 * Returns what a terminal without edges would show of a text in the end, without colours: lines that were written over,
 * erased or gone back to, as they were left. Takes time in proportion to the text, whatever it holds.
 */
export function asShown(text: string): string {
  return finish(shownSteps(text));
}

/** The same in steps. */
export function* shownSteps(text: string): Steps<string> {
  return isForTerminal(text) ? yield* new Screen(text.length).write(text) : text;
}

/** A line is a text until something is written into it, so that each change takes the time of what it changes. */
type Line = string | string[];

class Screen {
  private lines: Line[] = [''];
  private row = 0;
  private column = 0;
  private saved = [0, 0] as [number, number];
  /** How many more blank cells and lines may be made, so that a short text cannot make a long one. */
  private blanks: number;

  constructor(length: number) {
    this.blanks = 2 * length + maxMove;
  }

  * write(text: string): Steps<string> {
    let end = 0;
    let [sequences, pause] = [0, stepChars];
    for (const match of text.matchAll(steps)) {
      if (match.index > end) this.put(text.slice(end, match.index));
      const [step, parameters, final, short] = match;
      end = match.index + step.length;
      if (++sequences % stepSequences === 0 || end >= pause) {
        yield;
        pause = end + stepChars;
      }
      if (final !== undefined) this.control(final, parameters!);
      else if (short !== undefined) this.escape(short);
      else if (step.endsWith('\n')) this.go(this.row + 1, 0);
      else if (step[0] === '\r') this.column = 0;
      else if (step === '\b') this.column = Math.max(0, this.column - 1);
      else if (!acting.test(step[0]!)) {
        for (let at = 0; at < step.length; at += stepChars) {
          if (at > 0) yield;
          this.put(step.slice(at, at + stepChars));
        }
      }
    }
    this.put(text.slice(end));
    yield;
    return this.lines.map((line) => (typeof line === 'string' ? line : line.join(''))).join('\n');
  }

  private put(text: string): void {
    if (text === '') return;
    const line = this.lines[this.row]!;
    const missing = this.column - line.length;
    if (missing > 0) this.column -= missing - this.takeBlanks(missing);
    const blanks = ' '.repeat(Math.max(0, this.column - line.length));
    if (typeof line === 'string' && this.column >= line.length) this.lines[this.row] = line + blanks + text;
    else if (typeof line === 'string' && line.length > maxCells) {
      this.lines[this.row] = `${line}\n${text}`;
      this.column = line.length + 1;
    } else {
      const cells = this.cells();
      for (const blank of blanks) cells.push(blank);
      for (let at = 0; at < text.length; at++) cells[this.column + at] = text[at]!;
    }
    this.column += text.length;
  }

  private control(final: string, parameters: string): void {
    const [first = 0, second = 0] = parameters.split(';', 2).map((each) => Math.min(maxMove, Number(each) || 0));
    const by = Math.max(1, first);
    switch (final) {
      case 'A': return this.go(this.row - by, this.column);
      case 'B': return this.go(Math.min(this.row + by, this.lines.length - 1), this.column);
      case 'C': return this.go(this.row, this.column + by);
      case 'D': return this.go(this.row, this.column - by);
      case 'E': return this.go(Math.min(this.row + by, this.lines.length - 1), 0);
      case 'F': return this.go(this.row - by, 0);
      case 'G': case '`': return this.go(this.row, by - 1);
      case 'H': case 'f': return this.go(by - 1, Math.max(1, second) - 1);
      case 'd': return this.go(by - 1, this.column);
      case 'J': return this.eraseScreen(first);
      case 'K': return this.eraseLine(first);
      case 's': return this.escape('7');
      case 'u': return this.escape('8');
    }
  }

  private escape(final: string): void {
    if (final === '7') this.saved = [this.row, this.column];
    else if (final === '8') this.go(...this.saved);
    else if (final === 'M') this.go(this.row - 1, this.column);
    else if (final === 'D' || final === 'E') this.go(this.row + 1, final === 'E' ? 0 : this.column);
    else if (final === 'c') this.eraseScreen(2);
  }

  private go(row: number, column: number): void {
    const missing = row - this.lines.length + 1;
    // A line feed always has its line: it stands in the text itself.
    const more = missing > 1 ? this.takeBlanks(missing) : missing;
    for (let at = 0; at < more; at++) this.lines.push('');
    this.row = Math.max(0, Math.min(row, this.lines.length - 1));
    this.column = Math.max(0, column);
  }

  /** 0: what is behind the cursor; 2 and 3: all of it. */
  private eraseScreen(what: number): void {
    if (what === 0) {
      this.lines.length = this.row + 1;
      this.eraseLine(0);
    } else if (what >= 2) {
      [this.lines, this.row, this.column] = [[''], 0, 0];
    }
  }

  /** 0: what is behind the cursor; 1: what is before it; 2: all of it. */
  private eraseLine(what: number): void {
    const line = this.lines[this.row]!;
    if (what === 2) this.lines[this.row] = '';
    else if (this.column >= line.length && what === 0) return;
    else if (what === 0) this.lines[this.row] = line.slice(0, this.column);
    else if (what === 1 && typeof line === 'string') {
      const end = this.takeBlanks(Math.min(this.column + 1, line.length));
      this.lines[this.row] = ' '.repeat(end) + line.slice(end);
    } else if (what === 1) {
      const cells = this.cells();
      const end = this.takeBlanks(Math.min(this.column + 1, cells.length));
      for (let at = 0; at < end; at++) cells[at] = ' ';
    }
  }

  private cells(): string[] {
    const line = this.lines[this.row]!;
    return typeof line === 'string' ? (this.lines[this.row] = line.split('')) as string[] : line;
  }

  private takeBlanks(wanted: number): number {
    const taken = Math.min(wanted, this.blanks);
    this.blanks -= taken;
    return taken;
  }
}
