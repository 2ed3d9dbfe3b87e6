import { findLink, formatLink } from '@sharerpc/client';

/** The parts of an address of this page. */
export interface Place {
  /** The server's address with its base path, without a slash at the end. */
  server: string;
  shareId: string | undefined;
  token: string | undefined;
  /** A permalink's message: `#m-<id>`. It never comes with a token. */
  message: string | undefined;
}

const idForm = /^[0-9A-Za-z]{22}$/;

/** Reads a link in any form in which it arrives, and `<server>/s/<share_id>#m-<message>`. */
export function placeOf(url: URL): Place {
  const link = findLink(url.href);
  const linkServer = link?.server.replace(/\/$/, '');
  // A link of another server may stand in the query of this page's address.
  if (link && linkServer && url.href.startsWith(`${linkServer}/`)) {
    return { server: linkServer, shareId: link.shareId, token: link.token, message: undefined };
  }
  const [, base, word, last] = /^(.*)\/(s|share)\/([^/]*)\/?$/.exec(url.pathname) ?? [];
  const fragment = decode(url.hash.slice(1));
  return {
    server: url.origin + (base ?? ''),
    shareId: word === 's' && idForm.test(last ?? '') ? last : undefined,
    token: undefined,
    message: fragment.startsWith('m-') ? fragment.slice(2) : undefined,
  };
}

/** Returns the address of a share without a token, or of a message in it. */
export function plainAddress(server: string, shareId: string, message?: string): string {
  return `${server}/s/${shareId}${message ? `#m-${encodeURIComponent(message)}` : ''}`;
}

/** Finds a link of this server in what somebody has pasted. */
export function pastedLink(text: string, server: string): Place | undefined {
  const link = findLink(text);
  const place = link && placeOf(new URL(formatLink(link)));
  return place?.server === server ? place : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
