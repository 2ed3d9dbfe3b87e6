/** The page shown without a session. */
export interface Outcome {
  title: string;
  text: string;
  /** The page retries. */
  isWaiting?: boolean;
  asksForLink?: boolean;
}

const outcomes: Record<string, Outcome> = {
  invalid_token: {
    title: 'Not a valid link',
    text:
      'There is no session under this link, or the link was cut or mistyped. Ask whoever sent it for the whole link.',
    asksForLink: true,
  },
  landing: {
    title: 'Open a shared session',
    text: 'Paste the link that you were sent. It holds the key of one session, and the page shows only that.',
    asksForLink: true,
  },
  capability_revoked: {
    title: 'This link has been revoked',
    text: 'Whoever shared the session has taken this link back. Nothing of the session is kept on this page.',
  },
  capability_expired: { title: 'This link has expired',
    text: 'It was good for a limited time. Ask for a new link if you still need it.' },
  capability_used_up: {
    title: 'This link has been used up',
    text: 'It could be opened a limited number of times. Ask for a new link if you still need it.',
  },
  grant_ended: {
    title: 'Your access has ended',
    text:
      'It was taken back or its time is over, and this link cannot be opened once more. Ask for a new link if you '
        + 'still need it.',
  },
  capability_suspended: {
    title: 'This link is suspended',
    text: 'Whoever shared the session has paused this link. The page opens by itself once it is resumed.',
    isWaiting: true,
  },
  share_deleted: {
    title: 'This session has been deleted',
    text: 'Its content has been erased from the server. The link will not work again.',
  },
  forbidden: {
    title: 'This link does not open a session', text: 'It is good for something else, or does not allow reading.',
      asksForLink: true,
  },
  no_token: {
    title: 'The key of this link is missing',
    text: 'An address from the address bar holds no key: it opens a session only in a browser that '
      + 'has it open already. '
      + 'Ask for a link made by “Copy link” or “Copy link to here”, and paste it:',
    asksForLink: true,
  },
  not_there_yet: {
    title: 'Not there yet, or not a valid link',
    text:
      'A session that was shared just now may take a moment to reach the server. This page tries again by itself for '
        + 'some minutes.',
    isWaiting: true,
  },
  rate_limited: { title: 'Too many tries', text: 'The server asks for a pause. This page tries again by itself.',
    isWaiting: true },
  unknown: { title: 'The session cannot be shown', text: 'The server refused this link. Reload the page to try again.',
    asksForLink: true },
};

export function finalOutcome(code: string): Outcome {
  return outcomes[code] ?? outcomes.unknown!;
}

/** Undefined where there is none. */
export function waitingOutcome(code: string): Outcome | undefined {
  if (code === 'invalid_token') return outcomes.not_there_yet;
  return outcomes[code]?.isWaiting ? outcomes[code] : undefined;
}
