import { findLink, formatLink } from '@sharerpc/client';

export interface Place {
  /** With base path, no slash at the end. */
  server: string;
  shareId: string | undefined;
  token: string | undefined;
  /** The message to show: `#m-<id>`, or `#<token>&m=<id>`. */
  message: string | undefined;
  /** The line of a diff to show, as `renderDiff` names it: `#l-<line>`, or `#<token>&l=<line>`. */
  line: string | undefined;
}

/** Returns whether an address is the root of a server, which asks for a link. */
export function isLanding(url: URL): boolean {
  return url.pathname.endsWith('/') && !/\/(s|share)\/$/.test(url.pathname) && findLink(url.href) === undefined;
}

/** A message, or a line of a diff. */
export type Spot = Pick<Place, 'message' | 'line'>;

const idForm = /^[0-9A-Za-z]{22}$/;

/** Parses any form of link, and `<server>/s/<share_id>#m-<message>`. */
export function placeOf(url: URL): Place {
  const link = findLink(url.href);
  const linkServer = link?.server.replace(/\/$/, '');
  // The query may hold another server's link.
  if (link && linkServer && url.href.startsWith(`${linkServer}/`)) {
    return { server: linkServer, shareId: link.shareId, token: link.token, ...spotIn(url.href, link.token) };
  }
  const parts = /^(.*)\/(s|share)\/([^/]*)\/?$/.exec(url.pathname) ?? [];
  const [, base = url.pathname.replace(/\/$/, ''), word, last] = parts;
  const fragment = decode(url.hash.slice(1));
  return {
    server: url.origin + base,
    shareId: word === 's' && idForm.test(last ?? '') ? last : undefined,
    token: undefined,
    message: fragment.startsWith('m-') ? fragment.slice(2) : undefined,
    line: fragment.startsWith('l-') ? fragment.slice(2) : undefined,
  };
}

/** Without a token. */
export function plainAddress(server: string, shareId: string, { message, line }: Partial<Spot> = {}): string {
  const spot = message ? `#m-${encodeURIComponent(message)}` : line ? `#l-${encodeURIComponent(line)}` : '';
  return `${server}/s/${shareId}${spot}`;
}

/** Returns the address of a share, or of a spot in it, with its token: whoever has it can read the share. */
export function wholeLink(
  server: string, shareId: string, token: string, { message, line }: Partial<Spot> = {},
): string {
  const spot = message ? `&m=${encodeURIComponent(message)}` : line ? `&l=${encodeURIComponent(line)}` : '';
  return formatLink({ server, shareId, token }) + spot;
}

export function pastedLink(text: string, server: string): Place | undefined {
  const link = findLink(text);
  const place = link && placeOf(new URL(formatLink(link)));
  return place?.server === server ? { ...place, ...spotIn(text, link!.token) } : undefined;
}

/** Reads the spot behind a token, without the punctuation of a text around it. */
function spotIn(text: string, token: string): Spot {
  const [, kind, spot] = /^&([ml])=([^&#?\s]+)/.exec(text.slice(text.indexOf(token) + token.length)) ?? [];
  const said = spot && decode(spot).replace(/[).,;:>\]"'*\s]+$/, '');
  return { message: kind === 'm' ? said : undefined, line: kind === 'l' ? said : undefined };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
