/** Stores texts by name in browser storage, or in memory if that throws. */
export class Kept {
  private readonly memory = new Map<string, string>();

  /** `open` throws where site data is blocked. */
  constructor(private readonly open: () => Storage, private readonly prefix: string) {}

  get(name: string): string | undefined {
    return this.attempt((storage) => storage.getItem(this.prefix + name)) ?? this.memory.get(name);
  }

  set(name: string, value: string): void {
    this.memory.set(name, value);
    this.attempt((storage) => {
      storage.setItem(this.prefix + name, value);
      // Other tabs change it too.
      this.memory.delete(name);
    });
  }

  delete(name: string): void {
    this.memory.delete(name);
    this.attempt((storage) => storage.removeItem(this.prefix + name));
  }

  private attempt<T>(use: (storage: Storage) => T): T | undefined {
    try {
      return use(this.open());
    } catch {
      return undefined;
    }
  }
}
