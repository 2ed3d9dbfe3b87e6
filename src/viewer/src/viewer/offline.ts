import '../shared/theme.css';
import './viewer.css';
import './transcript.css';
import './talk.css';
import './print.css';
import type { Doc } from './documents.ts';
import { DocumentStore } from './documents.ts';
import { Preferences } from './page/preferences.ts';
import { SessionPage } from './page/session-page.ts';

/** Shows the session that stands in the file itself. Nothing is loaded, and there is no link in it. */
const { docs, cursor } = JSON.parse(document.getElementById('session')!.textContent!) as { docs: Doc[];
  cursor: number };
const store = new DocumentStore();
store.putDocs(docs, cursor);
const preferences = new Preferences();
preferences.applyTheme();
let isScheduled = false;
const changed = (): void => {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    page.draw('saved', undefined);
  });
};
const page = new SessionPage(document.getElementById('app')!, store, preferences, {
  changed,
  permalink: ({ message, line }) => (message ? `#m-${encodeURIComponent(message)}`
    : `#l-${encodeURIComponent(line ?? '')}`),
  sessionAddress: () => undefined,
  shareId: () => '',
});
const go = (): void => {
  const [, kind, spot] = /^#([ml])-(.*)$/.exec(window.location.hash) ?? [];
  if (spot) page.go(kind === 'm' ? { message: decodeURIComponent(spot) } : { line: decodeURIComponent(spot) });
};
window.addEventListener('hashchange', go);
page.showsStart();
changed();
go();
