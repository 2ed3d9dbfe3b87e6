// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { blocksOf, renderBlock, safeAddress } from '../../../src/viewer/src/viewer/text/markdown.ts';

function shown(text: string): HTMLElement {
  const root = document.createElement('div');
  for (const block of blocksOf(text)) root.append(renderBlock(block));
  return root;
}

const hostile = [
  '<script>globalThis.owned = 1</script>',
  '<img src=x onerror="globalThis.owned = 1">',
  '<svg onload="globalThis.owned = 1"><a xlink:href="javascript:1">x</a></svg>',
  '<iframe srcdoc="<script>parent.owned = 1</script>"></iframe>',
  '[click](javascript:globalThis.owned=1)',
  '[click](<java\nscript:globalThis.owned=1>)',
  '[click](data:text/html;base64,PHNjcmlwdD4=)',
  '![x](javascript:globalThis.owned=1)',
  '![x](https://example.org/pixel.png)',
  '<style>body { display: none }</style>',
  '<form action="https://example.org"><input name="token"></form>',
  '<a href="https://example.org" onclick="owned = 1" style="position:fixed" class="top" id="app">x</a>',
  '`<b onmouseover=owned=1>`\n\n    <script>owned = 1</script>\n\n```html\n<script>owned = 1</script>\n```',
  '<math><mtext><table><mglyph><style><img src=x onerror=owned=1>',
  '> <noscript><p title="</noscript><img src=x onerror=owned=1>">',
  '[a]: javascript:owned=1 "t"\n\n[x][a]',
  '```"onmouseover="owned=1\ncode\n```',
  '- [x] <input autofocus onfocus=owned=1>',
];

describe('Markdown', () => {
  it.each(hostile)('renders inert: %s', (text) => {
    const root = shown(text);
    const tags = [...root.querySelectorAll('*')].map((element) => element.tagName.toLowerCase());
    const forbidden = ['script', 'style', 'img', 'svg', 'math', 'iframe', 'object', 'form', 'input', 'noscript',
      'template', 'link'];
    expect(tags.filter((tag) => forbidden.includes(tag))).toEqual([]);
    for (const element of root.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|^style$|^id$|^name$|^src|^xlink/);
        if (name === 'class') expect(value).toBe('table-frame');
        if (name === 'href') expect(safeAddress(value)).toBe(true);
      }
    }
    expect((globalThis as { owned?: number }).owned).toBeUndefined();
  });

  it('shows HTML as the text that it is', () => {
    expect(shown('a <b>bold</b> word').textContent).toContain('a <b>bold</b> word');
  });

  it('loads no image of another site: it becomes a link', () => {
    const root = shown('![a cat](https://example.org/cat.png)');
    expect(root.querySelector('img')).toBeNull();
    const link = root.querySelector('a')!;
    expect(link.href).toBe('https://example.org/cat.png');
    expect(link.rel).toContain('noreferrer');
    expect(link.target).toBe('_blank');
    expect(link.textContent).toBe('a cat');
  });

  it('makes no links of paths and of addresses with a user in them', () => {
    expect(shown('[file](src/a.ts) [deceit](https://bank.example@evil.example/)').querySelectorAll('a'))
      .toHaveLength(0);
  });

  it('shows what turns text around as marks', () => {
    expect(shown('access \u202e\u2066level').textContent).toContain('access ⟨U+202E⟩⟨U+2066⟩level');
  });

  it('renders tables, lists, tasks, code with its language, and headings below those of the page', () => {
    const root = shown('# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n'
      + '- [x] done\n- [ ] open\n\n```ts\nconst a = 1;\n```');
    expect(root.querySelector('h1, h2')).toBeNull();
    expect(root.querySelector('h3')!.textContent).toBe('Title');
    expect(root.querySelectorAll('td')).toHaveLength(2);
    expect(root.querySelector('li')!.textContent).toContain('☑');
    expect(root.querySelector<HTMLElement>('code')!.dataset.language).toBe('ts');
  });

  it('keeps the blocks before the one that grows, so that they need not be made anew', () => {
    const before = blocksOf('First.\n\nSecond begins');
    const after = blocksOf('First.\n\nSecond begins here.\n\nThird');
    expect(after[0]).toBe(before[0]);
    expect(after).toHaveLength(3);
  });

  it('stands a text with a line of a megabyte, unclosed fences and deep quotes', () => {
    expect(shown('x'.repeat(1_000_000)).querySelector('pre')!.textContent!.length).toBe(100_000);
    expect(shown('```\nnever closed').querySelector('pre')).not.toBeNull();
    expect(shown(`${'> '.repeat(500)}deep`).textContent).toContain('deep');
  });
});
