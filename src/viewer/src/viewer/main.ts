import '../shared/theme.css';
import './viewer.css';
import './transcript.css';
import './talk.css';
import './print.css';
import { App } from './page/app.ts';

new App(document.getElementById('app')!);
