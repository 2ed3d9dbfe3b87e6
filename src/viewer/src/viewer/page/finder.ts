const name = 'found';

/** Highlights a text without changing the DOM of rows. */
export function markFound(content: HTMLElement, query: string): void {
  const highlights = (CSS as unknown as { highlights?: Map<string, unknown> }).highlights;
  if (!highlights) return;
  const wanted = query.trim().toLowerCase();
  if (wanted === '') {
    highlights.delete(name);
    return;
  }
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && ranges.length < 500; node = walker.nextNode()) {
    const text = (node.nodeValue ?? '').toLowerCase();
    for (let at = text.indexOf(wanted); at >= 0 && ranges.length < 500; at = text.indexOf(wanted, at + wanted.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, Math.min(at + wanted.length, node.nodeValue!.length));
      ranges.push(range);
    }
  }
  highlights.set(name, new Highlight(...ranges));
}
