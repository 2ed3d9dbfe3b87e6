import { findLink, formatLink } from '@sharerpc/client';

export interface Place {
  /** With base path, no slash at the end. */
  server: string;
  shareId: string | undefined;
  token: string | undefined;
  /** The message to show: `#m-<id>`, or `#<token>&m=<id>`. */
  message: string | undefined;
}

const idForm = /^[0-9A-Za-z]{22}$/;

/** Parses any form of link, and `<server>/s/<share_id>#m-<message>`. */
export function placeOf(url: URL): Place {
  const link = findLink(url.href);
  const linkServer = link?.server.replace(/\/$/, '');
  // The query may hold another server's link.
  if (link && linkServer && url.href.startsWith(`${linkServer}/`)) {
    return { server: linkServer, shareId: link.shareId, token: link.token, message: messageIn(url.href, link.token) };
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

/** Returns the address of a share, or of a message in it, with its token: whoever has it can read the share. */
export function wholeLink(server: string, shareId: string, token: string, message?: string): string {
  return formatLink({ server, shareId, token }) + (message ? `&m=${encodeURIComponent(message)}` : '');
}

export function pastedLink(text: string, server: string): Place | undefined {
  const link = findLink(text);
  const place = link && placeOf(new URL(formatLink(link)));
  return place?.server === server ? { ...place, message: messageIn(text, link!.token) } : undefined;
}

/** Reads the message behind a token, without the punctuation of a text around it. */
function messageIn(text: string, token: string): string | undefined {
  const [, message] = /^&m=([^&#?\s]+)/.exec(text.slice(text.indexOf(token) + token.length)) ?? [];
  return message && decode(message).replace(/[).,;:>\]"'*\s]+$/, '');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
