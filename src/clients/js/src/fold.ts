import type { Doc, JsonObject, Op } from './wire.js';

/**
 * Returns the document after an op (section 7); `undefined` for none. Does not change its input. A hidden or already
 * included op (STATE-3) changes nothing.
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
  // Joins UTF-16 units: a surrogate pair may span two ops (FOLD-4).
  return { ...at, data: withField(before, field, typeof old === 'string' ? old + text : text), ...redacted };
}

/** Defines the property, because `__proto__` is an ordinary name here. */
function withField(object: JsonObject, field: string, value: string): JsonObject {
  const copy = { ...object };
  Object.defineProperty(copy, field, { value, writable: true, enumerable: true, configurable: true });
  return copy;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
