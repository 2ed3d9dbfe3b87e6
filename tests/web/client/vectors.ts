import { readFileSync } from 'node:fs';

/** One test vector with its generators expanded (protocol/vectors/README.md). */
export interface Vector {
  id: string;
  comment: string;
  flags: string[];
  input: any;
  expect: any;
  /** Of links: what is found in the text (LINK-4), where that is not `expect`. */
  found?: any;
}

/** The vectors of a suite. Values are made when they are asked for: some are megabytes. */
export function load(suite: string): Vector[] {
  const file = JSON.parse(readFileSync(new URL(`../../../protocol/vectors/${suite}.json`, import.meta.url), 'utf8'));
  if (file.schema !== `sharerpc.vectors.v1/${suite}`) throw new Error(`${suite}.json is of another schema.`);
  return file.vectors.map((vector: any) => ({
    id: vector.id,
    comment: vector.comment,
    flags: vector.flags ?? [],
    ...('found' in vector && { found: vector.found }),
    get input() {
      return expand(vector.input);
    },
    get expect() {
      return expand(vector.expect);
    },
  }));
}

function expand(value: any, index = 0): any {
  if (typeof value === 'string') return value.replaceAll('{i}', String(index));
  if (Array.isArray(value)) return value.map((item) => expand(item, index));
  if (typeof value !== 'object' || value === null) return value;
  const first = Object.keys(value)[0] ?? '';
  // What the patterns of rpc vectors begin with are no generators.
  if (!['$repeat', '$depth', '$list', '$index', '$raw'].includes(first)) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expand(member, index)]));
  }
  return generate(first, value, index);
}

function generate(name: string, value: any, index: number): any {
  switch (name) {
    case '$repeat':
      return value.$repeat.repeat(value.times);
    case '$depth':
      return JSON.parse('['.repeat(value.$depth) + ']'.repeat(value.$depth));
    case '$list':
      return Array.from({ length: value.times }, (_, i) => expand(value.$list, i + 1));
    case '$index':
      return index + value.$index - 1;
    default:
      return JSON.parse(value.$raw);
  }
}
