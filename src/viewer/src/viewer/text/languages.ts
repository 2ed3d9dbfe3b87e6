import highlighter from 'highlight.js/lib/core';
import { chunksOf } from './chunks.ts';
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import csharp from 'highlight.js/lib/languages/csharp';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import ini from 'highlight.js/lib/languages/ini';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import kotlin from 'highlight.js/lib/languages/kotlin';
import markdown from 'highlight.js/lib/languages/markdown';
import php from 'highlight.js/lib/languages/php';
import python from 'highlight.js/lib/languages/python';
import ruby from 'highlight.js/lib/languages/ruby';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import swift from 'highlight.js/lib/languages/swift';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';

const languages = {
  bash, c, cpp, csharp, css, diff, go, ini, java, javascript, json, kotlin, markdown, php, python, ruby, rust, sql,
    swift, typescript,
  xml, yaml,
};
for (const [name, definition] of Object.entries(languages)) highlighter.registerLanguage(name, definition);

/** Returns the HTML of each chunk of lines; undefined for unknown languages. */
export function highlightCode(code: string, language: string): string[] | undefined {
  if (!highlighter.getLanguage(language)) return undefined;
  return divide(highlighter.highlight(code, { language, ignoreIllegals: true }).value, [...chunksOf(code)]);
}

/** Divides HTML of spans as the text is divided. A span that goes on in the next chunk is opened there again. */
function divide(html: string, chunks: readonly string[]): string[] {
  if (chunks.length === 1) return [html];
  const open: string[] = [];
  const divided: string[] = [];
  let [made, chars] = ['', 0];
  const end = () => {
    divided.push(made + '</span>'.repeat(open.length));
    [made, chars] = [open.join(''), 0];
  };
  for (const [token] of html.matchAll(/<\/span>|<span[^>]*>|&[^;]{1,8};|[^<&]/gu)) {
    if (token === '</span>') open.pop();
    else if (token.startsWith('<')) open.push(token);
    else {
      const chunk = chunks[divided.length]!;
      if (chars >= chunk.length && divided.length < chunks.length - 1) {
        end();
        if (token === '\n') continue;
      }
      chars += token[0] === '&' ? 1 : token.length;
    }
    made += token;
  }
  end();
  return divided;
}
