// The vectors and the schema: in the package, or beside it in the repository.
import { existsSync, readFileSync } from 'node:fs';

const data = ['../data/', '../../'].map((path) => new URL(path, import.meta.url))
  .find((path) => existsSync(new URL('vectors/', path)));

export const schema = JSON.parse(readFileSync(new URL('schema/messages.json', data), 'utf8'));

const BEYOND_DOUBLES = /(: )(\d{17,})(?=[,}\]])/g;

/** The vectors of a suite, as they stand in the file. */
export function load(suite) {
  const text = readFileSync(new URL(`vectors/${suite}.json`, data), 'utf8');
  const file = JSON.parse(text.replace(BEYOND_DOUBLES, '$1{"$raw":"$2"}'));
  if (file.schema !== `sharerpc.vectors.v1/${suite}`) throw new Error(`${suite}.json is of another schema.`);
  return file.vectors.map((vector) => ({ flags: [], ...vector }));
}

/** The JSON text of a value, with its generators expanded (vectors/README.md). */
export function textOf(value, index = 0) {
  if (typeof value === 'string') return JSON.stringify(value.replaceAll('{i}', String(index)));
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, index)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  switch (Object.keys(value)[0]) {
    case '$repeat': return `"${value.$repeat.repeat(value.times)}"`;
    case '$depth': return '['.repeat(value.$depth) + ']'.repeat(value.$depth);
    case '$list': return `[${Array.from({ length: value.times }, (_, i) => textOf(value.$list, i + 1)).join(',')}]`;
    case '$index': return String(index + value.$index - 1);
    case '$raw': return value.$raw;
    default:
      return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${textOf(member, index)}`)
        .join(',')}}`;
  }
}

/** A value with its generators expanded. */
export const expand = (value) => JSON.parse(textOf(value));

/** What is wrong with a value by a schema of messages.json; empty when nothing is. */
export function wrong(of, value, at = '$') {
  if (of === null || of === undefined) return [];
  if (of.$ref) return wrong(schema.$defs[of.$ref.slice('#/$defs/'.length)], value, at);
  const faults = [];
  if (of.type && !isOf(of.type, value)) return [`${at} is no ${of.type}`];
  if (of.enum && !of.enum.includes(value)) faults.push(`${at} is none of ${of.enum}`);
  for (const name of of.required ?? []) if (!(name in value)) faults.push(`${at}.${name} is missing`);
  for (const [name, member] of Object.entries(of.properties ?? {}))
    if (value?.[name] !== undefined) faults.push(...wrong(member, value[name], `${at}.${name}`));
  if (of.additionalProperties === false)
    for (const name of Object.keys(value)) if (!(name in of.properties)) faults.push(`${at}.${name} is unknown`);
  if (of.items) value.forEach((item, i) => faults.push(...wrong(of.items, item, `${at}[${i}]`)));
  if (of.oneOf && of.oneOf.filter((form) => wrong(form, value).length === 0).length !== 1)
    faults.push(`${at} is not one of the forms`);
  return faults;
}

function isOf(type, value) {
  switch (type) {
    case 'array': return Array.isArray(value);
    case 'object': return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer': return Number.isInteger(value);
    default: return typeof value === type;
  }
}
