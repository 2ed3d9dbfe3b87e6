export type Theme = 'light' | 'dark' | 'system';

/** What the reader chose for themselves; nothing of a session is in it. */
export class Preferences {
  constructor(private readonly storage: Storage) {}

  get theme(): Theme {
    const said = this.read('theme');
    return said === 'light' || said === 'dark' ? said : 'system';
  }

  set theme(theme: Theme) {
    this.write('theme', theme);
    this.applyTheme();
  }

  get isSplit(): boolean {
    return this.read('split') === 'true';
  }

  set isSplit(isSplit: boolean) {
    this.write('split', String(isSplit));
  }

  get areKeysOff(): boolean {
    return this.read('keys') === 'off';
  }

  set areKeysOff(areOff: boolean) {
    this.write('keys', areOff ? 'off' : 'on');
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

  private read(name: string): string | null {
    try {
      return this.storage.getItem(`sharerpc.${name}`);
    } catch {
      return null;
    }
  }

  private write(name: string, value: string): void {
    try {
      this.storage.setItem(`sharerpc.${name}`, value);
    } catch {
      // No room, or not allowed: then it holds until the page is closed, at best.
    }
  }
}
