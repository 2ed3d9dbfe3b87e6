import { Kept } from '../../shared/kept.ts';

export type Theme = 'light' | 'dark' | 'system';

/** No session data. */
export class Preferences {
  private readonly kept = new Kept(() => window.localStorage, 'sharerpc.');

  get theme(): Theme {
    const said = this.kept.get('theme');
    return said === 'light' || said === 'dark' ? said : 'system';
  }

  set theme(theme: Theme) {
    this.kept.set('theme', theme);
    this.applyTheme();
  }

  get isSplit(): boolean {
    return this.kept.get('split') === 'true';
  }

  set isSplit(isSplit: boolean) {
    this.kept.set('split', String(isSplit));
  }

  get isRelative(): boolean {
    return this.kept.get('times') === 'relative';
  }

  set isRelative(isRelative: boolean) {
    this.kept.set('times', isRelative ? 'relative' : 'exact');
  }

  get areKeysOff(): boolean {
    return this.kept.get('keys') === 'off';
  }

  set areKeysOff(areOff: boolean) {
    this.kept.set('keys', areOff ? 'off' : 'on');
  }

  applyTheme(): void {
    const theme = this.theme;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  nextTheme(): Theme {
    this.theme = this.theme === 'system' ? 'dark' : this.theme === 'dark' ? 'light' : 'system';
    return this.theme;
  }
}
