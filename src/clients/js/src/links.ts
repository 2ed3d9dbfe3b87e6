import { isId } from './ids.js';
import { capIdOf } from './tokens.js';

export interface ShareLink {
  /** Absolute, with the server's own path; without query and fragment. */
  server: string;
  /** Absent in a link of opencode's (LINK-3). */
  shareId?: string;
  token: string;
}

/** Reads a link of LINK-1 or LINK-3. Throws, without quoting it, when the text is none. */
export function parseLink(text: string): ShareLink {
  const link = tryParse(text);
  if (!link) throw new Error('That is not a share link.');
  return link;
}

/** The link as it is written. */
export function formatLink(link: ShareLink): string {
  const server = link.server.replace(/\/+$/, '');
  return link.shareId ? `${server}/s/${link.shareId}#${link.token}` : `${server}/share/${link.token}`;
}

/** The address of a server's endpoint (WS-1). */
export function rpcAddress(server: string): string {
  const url = new URL(server);
  const scheme = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  return `${scheme}//${url.host}${url.pathname.replace(/\/+$/, '')}/rpc`;
}

function tryParse(text: string): ShareLink | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username || url.password || url.search || text.includes('?')) return undefined;
  return text.includes('#') ? ofFragment(url) : ofPath(url);
}

function ofFragment(url: URL): ShareLink | undefined {
  const at = url.pathname.lastIndexOf('/s/');
  const shareId = at < 0 ? '' : url.pathname.slice(at + 3);
  const token = url.hash.slice(1);
  if (!isId(shareId) || !capIdOf(token)) return undefined;
  return { server: serverOf(url, at), shareId, token };
}

function ofPath(url: URL): ShareLink | undefined {
  const at = url.pathname.lastIndexOf('/share/');
  const token = at < 0 ? '' : url.pathname.slice(at + '/share/'.length);
  return capIdOf(token) ? { server: serverOf(url, at), token } : undefined;
}

function serverOf(url: URL, end: number): string {
  return url.origin + (url.pathname.slice(0, end) || '/');
}
