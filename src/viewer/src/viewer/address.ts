import { findLink, formatLink } from '@sharerpc/client';

export interface Place {
  /** With base path, no slash at the end. */
  server: string;
  shareId: string | undefined;
  token: string | undefined;
  /** From `#m-<id>`; never together with a token. */
  message: string | undefined;
}

const idForm = /^[0-9A-Za-z]{22}$/;

/** Parses any form of link, and `<server>/s/<share_id>#m-<message>`. */
export function placeOf(url: URL): Place {
  const link = findLink(url.href);
  const linkServer = link?.server.replace(/\/$/, '');
  // The query may hold another server's link.
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

/** Without a token. */
export function plainAddress(server: string, shareId: string, message?: string): string {
  return `${server}/s/${shareId}${message ? `#m-${encodeURIComponent(message)}` : ''}`;
}

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
