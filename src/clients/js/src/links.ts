import { isId } from './ids.js';
import { capIdOf } from './tokens.js';

export interface ShareLink {
  /** Absolute, with path; no query or fragment. */
  server: string;
  /** Absent in opencode links (LINK-3). */
  shareId?: string;
  token: string;
}

/** Parses a link (LINK-1, LINK-3); errors do not quote it. */
export function parseLink(text: string): ShareLink {
  const link = tryParse(text);
  if (!link) throw new Error('That is not a share link.');
  return link;
}

/** `/s/<share id>#<token>` or `/share/<token>`, with a query and an encoded `#` (LINK-4). */
const LINK = new RegExp(
  '(https?://(?:(?!https?://)[^\\s<>"?#])+?)/(?:s/([0-9A-Za-z]{22})/?(?:\\?[^\\s#]{0,2048}?)?'
    + '(?:#|%(?:25)*23|\\*|&#35;)|share/)(srpc_[0-9A-Za-z]{22}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6})', 'gi');

/** Mail line breaks with quotation marks, zero-width characters, Markdown backslashes. */
const ON_THE_WAY = /=?\r?\n[ \t>|]*|[\u00ad\u200b-\u200d\u2060\ufeff]|\\(?=[_#])/g;

/** Finds the first link in text, also if programs changed it (LINK-4). The checksum detects a cut token. */
export function findLink(text: string): ShareLink | undefined {
  const joined = text.replace(ON_THE_WAY, '');
  for (const candidate of [text, decoded(text), joined, decoded(joined)]) {
    for (const [, server, shareId, token] of candidate.matchAll(LINK)) {
      const link = tryParse(formatLink({ server: server!, token: token!, ...(shareId && { shareId }) }));
      if (link) return link;
    }
  }
  return undefined;
}

/** Undoes repeated percent encoding of ASCII characters. */
function decoded(text: string): string {
  return text.replace(/%(?:25)*([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** Writes a link. */
export function formatLink(link: ShareLink): string {
  const server = link.server.replace(/\/+$/, '');
  return link.shareId ? `${server}/s/${link.shareId}#${link.token}` : `${server}/share/${link.token}`;
}

/** Returns the endpoint of a server (WS-1). */
export function rpcAddress(server: string): string {
  const url = new URL(server);
  const scheme = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  return `${scheme}//${url.host}${url.pathname.replace(/\/+$/, '')}/rpc`;
}

function tryParse(text: string): ShareLink | undefined {
  if (!/^https?:\/\/\S+$/i.test(text) || !URL.canParse(text)) return undefined;
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
