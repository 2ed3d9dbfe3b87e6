import '../shared/theme.css';
import './admin.css';
import { AdminApp } from './app.ts';

new AdminApp(document.getElementById('app')!);
