/** How long another tab may take to answer, in milliseconds. */
const patienceMs = 1000;

interface Message {
  asks?: string;
  gives?: string;
  token?: string;
}

/**
 * Passes the key of a share between the tabs of one browser, so that a permalink opens in a new one. A key is in no
 * address and no storage on its way.
 */
export class TabKeys {
  private readonly channel: BroadcastChannel | undefined;

  /** `keyOf`: the key that this tab has for a share. */
  constructor(keyOf: (shareId: string) => string | undefined) {
    try {
      this.channel = new BroadcastChannel('sharerpc.keys');
    } catch {
      return; // An older browser, or one that blocks site data.
    }
    this.channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      const token = data.asks === undefined ? undefined : keyOf(data.asks);
      if (token !== undefined) this.channel!.postMessage({ gives: data.asks!, token } satisfies Message);
    });
  }

  /** Asks the other tabs for the key of a share; `undefined` if none has it. */
  ask(shareId: string): Promise<string | undefined> {
    const { channel } = this;
    if (!channel) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const end = (token?: string) => {
        clearTimeout(timer);
        channel.removeEventListener('message', answered);
        resolve(token);
      };
      const answered = ({ data }: MessageEvent<Message>) => { if (data.gives === shareId) end(data.token); };
      const timer = setTimeout(end, patienceMs);
      channel.addEventListener('message', answered);
      channel.postMessage({ asks: shareId } satisfies Message);
    });
  }
}
