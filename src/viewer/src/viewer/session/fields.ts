/** A JSON object that somebody else wrote: nothing about its members is known until it is looked at. */
export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** A string member at a path; empty when it is not there, or is something else. */
export function text(value: unknown, ...path: string[]): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}

/** A finite number at a path; undefined when it is not there, or is something else. */
export function number(value: unknown, ...path: string[]): number | undefined {
  const found = at(value, path);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

export function list(value: unknown, ...path: string[]): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

/** Whether there is anything at a path. */
export function has(value: unknown, ...path: string[]): boolean {
  const found = at(value, path);
  return found !== undefined && found !== null;
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = Object.hasOwn(fields(found), name) ? fields(found)[name] : undefined;
  return found;
}
