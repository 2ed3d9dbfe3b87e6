export const keys: readonly { keys: string[]; does: string }[] = [
  { keys: ['j', 'k'], does: 'Next, previous message of the user' },
  { keys: ['e', 'E'], does: 'Next, previous edit of a file' },
  { keys: ['m', 'M'], does: 'Next, previous comment' },
  { keys: ['g', 'G'], does: 'To the beginning, to the end (and follow it)' },
  { keys: ['/'], does: 'Search in the session' },
  { keys: ['n', 'N'], does: 'Next, previous place that was found' },
  { keys: ['f'], does: 'Edits only, or everything' },
  { keys: ['c'], does: 'Changed files, or everything' },
  { keys: ['u', 'U'], does: 'Unfold, fold everything' },
  { keys: ['r'], does: 'Times of day, or how long ago' },
  { keys: ['o'], does: 'Show or hide the outline' },
  { keys: ['d'], does: 'Diffs side by side, or in one column' },
  { keys: ['t'], does: 'Light, dark, or as the system has it' },
  { keys: ['?'], does: 'This page' },
  { keys: ['Esc'], does: 'Close what is open' },
];

export type KeyAction =
  | 'nextMessage' | 'previousMessage' | 'nextEdit' | 'previousEdit'
  | 'nextComment' | 'previousComment' | 'start' | 'end' | 'search' | 'nextHit'
  | 'previousHit' | 'outline' | 'edits' | 'files' | 'times' | 'unfold' | 'fold' | 'split' | 'theme' | 'help' | 'escape';

const actions: Record<string, KeyAction> = {
  j: 'nextMessage', k: 'previousMessage', e: 'nextEdit', E: 'previousEdit', m: 'nextComment',
    M: 'previousComment', g: 'start', G: 'end', '/': 'search',
    n: 'nextHit',
  N: 'previousHit', f: 'edits', c: 'files', r: 'times', u: 'unfold', U: 'fold', o: 'outline', d: 'split', t: 'theme',
    '?': 'help', Escape: 'escape',
};

/** Returns undefined while typing or with a modifier key. */
export function actionOf(event: KeyboardEvent, areLettersOff: boolean): KeyAction | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return undefined;
  const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
  if (action === 'escape') return action;
  const target = event.composedPath()[0];
  const isTyping = target instanceof HTMLElement && (target.isContentEditable
    || /^(input|textarea|select)$/i.test(target.tagName));
  return isTyping || areLettersOff ? undefined : action;
}
