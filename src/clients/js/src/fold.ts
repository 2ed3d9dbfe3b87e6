import type { Doc, JsonObject, Op } from './wire.js';

/**
 * What an op makes of its document (section 10); `undefined` when there is none. The given document stays as it is. A
 * hidden op, and one that the document already holds (STATE-3), changes nothing.
 */
export function foldOp(doc: Doc | undefined, op: Op): Doc | undefined {
  if (op.hidden || (doc && op.cursor <= doc.cursor)) return doc;
  if (op.verb === 'remove') return undefined;
  const redacted = op.redacted || (op.verb === 'append' && doc?.redacted) ? { redacted: true as const } : {};
  const at = { kind: op.kind, key: op.key, cursor: op.cursor };
  if (op.verb === undefined) return { ...at, data: doc ? doc.data : {}, redacted: true }; // REDACT-7
  if (op.verb === 'put') return { ...at, data: op.data ?? null, ...redacted };
  if (!isObject(op.data)) return doc;
  const { field, text } = op.data as { field: string; text: string };
  const before: JsonObject = isObject(doc?.data) ? doc.data : {};
  const old = Object.hasOwn(before, field) ? before[field] : undefined;
  // Joined by code units, so that halves of a surrogate pair in two ops make one character (FOLD-4).
  return { ...at, data: withField(before, field, typeof old === 'string' ? old + text : text), ...redacted };
}

/** A copy; by definition, since `__proto__` is a name like any other here. */
function withField(object: JsonObject, field: string, value: string): JsonObject {
  const copy = { ...object };
  Object.defineProperty(copy, field, { value, writable: true, enumerable: true, configurable: true });
  return copy;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
