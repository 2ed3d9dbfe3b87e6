import type { PresenceList } from '@sharerpc/client';
import { nameOf, type Holder } from '../session/comments.ts';

/** How often the page asks who is here. */
const askMs = 15_000;

/** Asks who else has the session open while the page is looked at; says nothing where the link may not. */
export class Presence {
  /** Their names, the reader's own among them; undefined: not told. */
  names: readonly Omit<Holder, 'id'>[] | undefined;
  private readonly timer: ReturnType<typeof setInterval>;

  /** `list`: undefined where the link may not, or there is no connection. */
  constructor(
    private readonly list: () => Promise<PresenceList> | undefined, private readonly changed: () => void,
  ) {
    this.timer = setInterval(() => void this.ask(), askMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  async ask(): Promise<void> {
    if (document.visibilityState !== 'visible') return;
    const before = JSON.stringify(this.names);
    try {
      const asked = this.list();
      this.names = asked && namesOf(await asked);
    } catch {
      this.names = undefined; // asked again soon
    }
    if (JSON.stringify(this.names) !== before) this.changed();
  }
}

/** Exported for its test. */
export function namesOf({ present, more = 0 }: PresenceList): Omit<Holder, 'id'>[] {
  const names = present.map(({ id, label = '', owner = false, handles }) => ({
    name: nameOf({ id, label, isOwner: owner }) + (handles > 1 ? ` (${handles})` : ''), isOwner: owner,
  }));
  return more > 0 ? [...names, { name: `and ${more} more`, isOwner: false }] : names;
}
