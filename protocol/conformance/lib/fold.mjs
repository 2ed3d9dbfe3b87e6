/** The document after an op; undefined for none (SPEC, section 7). */
export function fold(doc, op) {
  if (op.hidden) return doc;
  if (op.verb === 'remove') return undefined;
  const at = { kind: op.kind, key: op.key, cursor: op.cursor };
  if (op.verb === undefined) return { ...at, data: doc ? doc.data : {}, redacted: true };
  const redacted = op.redacted || (op.verb === 'append' && doc?.redacted) ? { redacted: true } : {};
  if (op.verb === 'put') return { ...at, data: op.data, ...redacted };
  const isObject = doc && typeof doc.data === 'object' && !Array.isArray(doc.data);
  const before = isObject ? doc.data : {};
  const { field, text } = op.data;
  const old = Object.hasOwn(before, field) && typeof before[field] === 'string' ? before[field] : '';
  return { ...at, data: { ...before, [field]: old + text }, ...redacted };
}
