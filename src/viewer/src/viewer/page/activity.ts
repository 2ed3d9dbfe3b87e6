import type { Status } from './chrome.ts';

/** Without a change for so long, a session is not live. */
const quietMs = 10 * 60_000;

/** Decides whether a session that the page follows is live, or ended long ago. */
export class Activity {
  private readonly startedAt = Date.now();
  private lastChange = 0;
  private status: Status = 'connecting';

  /** Returns the status to show; `active` is when the session last changed by its own documents, if they say so. */
  next(status: Status, hasChanged: boolean, active: number | undefined): Status {
    if (hasChanged && status === 'live' && this.status === 'live') this.lastChange = Date.now();
    this.status = status;
    const isQuiet = Date.now() - Math.max(active ?? this.startedAt, this.lastChange) > quietMs;
    return status === 'live' && isQuiet ? 'idle' : status;
  }
}
