/** Untrusted JSON; members may have any type. */
export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** Empty when there is none. */
export function text(value: unknown, ...path: string[]): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}

/** Undefined unless finite. */
export function number(value: unknown, ...path: string[]): number | undefined {
  const found = at(value, path);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

export function list(value: unknown, ...path: string[]): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

export function has(value: unknown, ...path: string[]): boolean {
  const found = at(value, path);
  return found !== undefined && found !== null;
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = Object.hasOwn(fields(found), name) ? fields(found)[name] : undefined;
  return found;
}
