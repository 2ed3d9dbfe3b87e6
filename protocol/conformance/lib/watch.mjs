// An eye on what a client sends: by its class, and against what it sent before.

const UNPROVEN_BYTES = 262144;

export class Watch {
  #class;
  #limits;
  #blame;
  #batches = new Map();

  constructor(of, limits, blame) {
    [this.#class, this.#limits, this.#blame] = [of, limits, blame];
  }

  /** Looks at what the client sends: by its class, and against what it sent before. */
  look(session, method, params, text) {
    if (!session.isProven && text.length > UNPROVEN_BYTES)
      this.#blame('WS-3', `${text.length} bytes before a redemption`);
    if (method === 'appendOps' && !session.writer && session.unanswered > 1)
      this.#blame('APPLY-27', 'a second batch under way without a writer');
    if (method === 'redeemShare' && this.#class === 'outbox' && !params.writer_id)
      this.#blame('APPLY-27', 'an outbox without a writer_id');
    const writer = method === 'redeemShare' ? params.writer_id : session.writer;
    const batches = method === 'redeemShare' ? params.append ?? [] : method === 'appendOps' ? [params] : [];
    const texts = [...text.matchAll(/"ops":\s*\[/g)].map((match) => opTexts(text, match.index + match[0].length));
    batches.forEach((batch, i) => this.#lookAt(writer, batch, texts[i], method === 'appendOps'));
  }

  #lookAt(writer, batch, texts, isTold) {
    const isNew = !this.#batches.has(`op ${batch.ops[0].op_id}`);
    if (isTold && isNew && batch.ops.length > this.#limits.batch_ops)
      this.#blame('LIMIT-1', `${batch.ops.length} ops in a batch`);
    if (!writer && batch.ops.some((op) => op.seq !== undefined)) this.#blame('BATCH-4', 'a seq without a writer');
    batch.ops.forEach((op, i) => {
      if (writer && op.seq !== batch.ops[0].seq + i) this.#blame('BATCH-4', 'seqs that are not consecutive');
      const bytes = texts[i].replace(/"seq":\s*\d+,?/, '').replace(/,\}$/, '}');
      const before = this.#batches.get(`op ${op.op_id}`);
      if (before !== undefined && before !== bytes) this.#blame('OP-12', `${op.op_id} was written anew`);
      this.#batches.set(`op ${op.op_id}`, bytes);
      if (!writer) return;
      const place = `${writer} ${op.seq}`;
      const group = batch.ops.map((one) => one.op_id).join(' ');
      const was = this.#batches.get(place);
      if (was !== undefined && was !== group) this.#blame('APPLY-25', `seq ${op.seq} was sent in another batch`);
      this.#batches.set(place, group);
    });
  }

  /** What was refused whole may come in other batches. */
  forgetGroups() {
    for (const place of this.#batches.keys()) if (!place.startsWith('op ')) this.#batches.delete(place);
  }
}

/** The texts of the objects of an array that begins at a position. */
function opTexts(text, start) {
  const texts = [];
  for (let i = start, depth = 0, from = start, inString = false; i < text.length; i++) {
    const letter = text[i];
    if (inString) {
      if (letter === '\\') i++;
      else if (letter === '"') inString = false;
    } else if (letter === '"') inString = true;
    else if (letter === '{' || letter === '[') {
      if (depth++ === 0) from = i;
    } else if (letter === '}' || letter === ']') {
      if (depth === 0) return texts;
      if (--depth === 0) texts.push(text.slice(from, i + 1));
    }
  }
  return texts;
}
