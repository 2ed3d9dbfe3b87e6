const maxChars = 400;

/**
 * Returns why a server that answers takes no WebSocket of this page, as a sentence; `undefined` if it does not answer.
 * A browser tells a page nothing about a refused one, so the endpoint is asked by a POST, which has the page's origin.
 */
export async function whyNoSocket(server: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${server}/rpc`, { method: 'POST', cache: 'no-store', credentials: 'omit' });
    if (response.status === 403) return (await response.text()).slice(0, maxChars);
    return 'WebSockets do not get through to this server: a proxy on the way blocks them.';
  } catch {
    return undefined;
  }
}
