import { frameMs, sliceNow } from '../text/slices.ts';

const maxKept = 100;

interface Kept {
  key: readonly unknown[];
  root: HTMLElement;
  left: Iterator<Node> | undefined;
}

/** Elements of many lines: made in slices of frames, and kept while their rows come and go. */
export class Growing {
  private readonly kept = new Map<string, Kept>();

  /** Returns what `make` gives, made anew when the key is another. `isWhole`: all of it, at once. */
  nodeOf(id: string, key: readonly unknown[], make: () => Iterator<Node>, isWhole: boolean): HTMLElement {
    let kept = this.kept.get(id);
    if (!kept || kept.key.some((each, at) => each !== key[at])) {
      if (kept) kept.left = undefined;
      kept = { key, root: document.createElement('div'), left: make() };
      goOn(kept);
    }
    // Ordered by last use; the first entry is evicted.
    this.kept.delete(id);
    this.kept.set(id, kept);
    if (this.kept.size > maxKept) this.drop(this.kept.keys().next().value!);
    if (isWhole) add(kept, Infinity);
    return kept.root;
  }

  clear(): void {
    for (const id of [...this.kept.keys()]) this.drop(id);
  }

  private drop(id: string): void {
    this.kept.get(id)!.left = undefined;
    this.kept.delete(id);
  }
}

function goOn(kept: Kept): void {
  add(kept, sliceNow());
  if (kept.left) setTimeout(() => goOn(kept), frameMs);
}

function add(kept: Kept, until: number): void {
  while (kept.left) {
    const { done, value } = kept.left.next();
    if (done) kept.left = undefined;
    else kept.root.append(value);
    if (performance.now() >= until) break;
  }
}
