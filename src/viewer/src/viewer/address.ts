/** What the address bar says, and what this tab remembers. The token is kept for the tab only (sessionStorage), by share. */
export interface Place {
  /** The server's address with its base path, without a slash at the end. */
  server: string;
  shareId: string | undefined;
  token: string | undefined;
  /** A permalink's message: `#m-<id>`. It never comes with a token. */
  message: string | undefined;
}

const tokenForm = /^srpc_[0-9A-Za-z]{22}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/;
const idForm = /^[0-9A-Za-z]{22}$/;

/** Reads `<server>/s/<share_id>#<token>`, `<server>/s/<share_id>#m-<message>` and `<server>/share/<token>`. */
export function placeOf(url: URL): Place {
  const [, base, word, last] = /^(.*)\/(s|share)\/([^/]*)\/?$/.exec(url.pathname) ?? [];
  const fragment = decode(url.hash.slice(1));
  const server = url.origin + (base ?? '');
  const message = fragment.startsWith('m-') ? fragment.slice(2) : undefined;
  if (word === 'share') return { server, shareId: undefined, token: tokenForm.test(last ?? '') ? last : undefined, message };
  return { server, shareId: idForm.test(last ?? '') ? last : undefined, token: tokenForm.test(fragment) ? fragment : undefined, message };
}

export function rememberToken(storage: Storage, shareId: string, token: string): void {
  storage.setItem(`sharerpc.token.${shareId}`, token);
}

export function rememberedToken(storage: Storage, shareId: string): string | undefined {
  return storage.getItem(`sharerpc.token.${shareId}`) ?? undefined;
}

export function forgetToken(storage: Storage, shareId: string): void {
  storage.removeItem(`sharerpc.token.${shareId}`);
}

/** Which share of this tab shows a session of the agent: so that a subagent's session can be linked, if its link was opened here. */
export function rememberSession(storage: Storage, sessionId: string, shareId: string): void {
  storage.setItem(`sharerpc.session.${sessionId}`, shareId);
}

export function shareOfSession(storage: Storage, sessionId: string): string | undefined {
  return storage.getItem(`sharerpc.session.${sessionId}`) ?? undefined;
}

/** The page's own address without a token; with a message, its permalink. */
export function plainAddress(server: string, shareId: string, message?: string): string {
  return `${server}/s/${shareId}${message ? `#m-${encodeURIComponent(message)}` : ''}`;
}

/** A link that somebody pasted: its address if it is one of this server's, else undefined. */
export function pastedLink(text: string, server: string): URL | undefined {
  try {
    const url = new URL(text.trim());
    const place = placeOf(url);
    return place.server === server && place.token !== undefined ? url : undefined;
  } catch {
    return undefined;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
