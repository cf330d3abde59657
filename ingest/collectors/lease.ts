/** Keeps messages from others while they are in work. */
export class Lease {
  readonly #open: Set<string>;
  readonly #timer: NodeJS.Timeout;

  /** @param extend is called with the messages in work, again and again; what it throws is passed over. */
  constructor(ids: readonly string[], extend: (ids: readonly string[]) => Promise<void>, everyMs: number) {
    this.#open = new Set(ids);
    this.#timer = setInterval(() => {
      if (this.#open.size > 0) extend([...this.#open]).catch(() => undefined);
    }, everyMs);
  }

  /** Messages still in work. */
  get open(): readonly string[] {
    return [...this.#open];
  }

  done(ids: readonly string[]): void {
    for (const id of ids) this.#open.delete(id);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
