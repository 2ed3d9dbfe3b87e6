import { html, nothing, type TemplateResult } from 'lit/html.js';
import { bytes } from '../../shared/format.ts';
import { saveBlob } from '../../shared/save.ts';
import { text } from '../session/fields.ts';
import { safeAddress } from '../text/markdown.ts';
import { oneLine } from '../text/visible.ts';
import { icon } from './icons.ts';

// Formats without scripts. SVG is only downloaded, as bytes.
const shownImages = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=]*$/;

/** Shows pictures, offers other content for download, names paths. */
export function renderFile(data: unknown): TemplateResult {
  const url = text(data, 'url');
  const name = oneLine(text(data, 'filename') || text(data, 'mime') || 'Attachment', 120);
  if (url.length < 20_000_000 && shownImages.test(url)) {
    return html`<figure class="picture"><img src=${url} alt="Attached image: ${name}" loading="lazy" />
      <figcaption>${name} ${bytes(sizeOf(url))} ${renderSave(url, name)}</figcaption></figure>`;
  }
  if (url.startsWith('data:')) {
    return html`<p class="file">${icon('file')}<span class="file-name">${name}</span><span
      class="quiet">${bytes(sizeOf(url))}</span>
      ${renderSave(url, name)}</p>`;
  }
  return html`<p class="file">${icon('file')}<span class="file-name">${safeAddress(url)
    ? html`<a href=${url} target="_blank" rel="noopener noreferrer nofollow">${name}</a>` : name}</span>
    ${url.startsWith('file:') ? html`<span class="quiet">on the agent's machine</span>` : nothing}</p>`;
}

function renderSave(url: string, name: string): TemplateResult {
  return html`<button type="button" class="quiet-button" @click=${() => save(url, name)}>Download<span
    class="for-screen-readers"> ${name}</span></button>`;
}

function sizeOf(url: string): number {
  const length = url.length - url.indexOf(',') - 1;
  return /;base64,/.test(url.slice(0, 200)) ? Math.floor((length * 3) / 4) : length;
}

/** Saves as untyped bytes, so that no browser opens it as a page of this server. */
function save(url: string, name: string): void {
  const content = url.slice(url.indexOf(',') + 1);
  try {
    const decoded = /;base64$/i.test(url.slice(0, url.indexOf(','))) ? atob(content) : decodeURIComponent(content);
    const raw = Uint8Array.from(decoded, (character) => character.charCodeAt(0) & 0xff);
    saveBlob(new Blob([raw], { type: 'application/octet-stream' }), name);
  } catch {
    // Not decodable: nothing to save.
  }
}
