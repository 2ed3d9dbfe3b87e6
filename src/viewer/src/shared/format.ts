const numbers = new Intl.NumberFormat('en');
const times = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'short' });

/** 12345 -> "12,345". */
export function count(value: number): string {
  return numbers.format(value);
}

/** "1 line", "2 lines". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 950, 12.3k, 4.1M. */
export function short(value: number): string {
  if (value < 1000) return String(value);
  if (value < 999_500) return `${trim(value / 1000)}k`;
  return `${trim(value / 1_000_000)}M`;
}

/** 512 B, 1.4 kB, 3 MB. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  return value < 999_500 ? `${trim(value / 1000)} kB` : `${trim(value / 1_000_000)} MB`;
}

/** US dollars; more digits for small amounts. */
export function money(value: number): string {
  if (value === 0) return '$0';
  return value < 0.01 ? `$${value.toPrecision(2)}` : `$${value.toFixed(2)}`;
}

/** 35 ms, 1.4 s, 2 min 5 s, 3 h 2 min. */
export function duration(ms: number): string {
  if (!(ms >= 0)) return '';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${trim(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

const days = new Intl.DateTimeFormat('en', { dateStyle: 'full' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000_000], ['month', 2_592_000_000], ['week', 604_800_000], ['day', 86_400_000], ['hour', 3_600_000],
  ['minute', 60_000],
];

/** "5 minutes ago", "yesterday", "in 2 hours"; "now" within a minute. */
export function ago(ms: number, now: number): string {
  if (!isTime(ms)) return '';
  const passed = ms - now;
  const [unit, length] = units.find((one) => Math.abs(passed) >= one[1]) ?? ['second', 0];
  return length === 0 ? 'now' : relative.format(Math[passed > 0 ? 'round' : 'trunc'](passed / length), unit);
}

/** "Friday, November 27, 2026". */
export function day(ms: number): string {
  return isTime(ms) ? days.format(ms) : '';
}

/** Local time zone. */
export function dateTime(ms: number): string {
  return isTime(ms) ? times.format(ms) : '';
}

export function exactTime(ms: number): string {
  return isTime(ms) ? exact.format(ms) : '';
}

export function timeOfDay(ms: number): string {
  return isTime(ms) ? clock.format(ms) : '';
}

/** For `<time datetime>`. */
export function isoTime(ms: number): string {
  return isTime(ms) ? new Date(ms).toISOString() : '';
}

function isTime(ms: number): boolean {
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15;
}

function trim(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '');
}
