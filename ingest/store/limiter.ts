/** Lets at most `places` operations run at once; the others wait in order. */
export class Limiter {
  private readonly places: number;
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(places: number) {
    this.places = places;
    this.free = places;
  }

  async run<T>(operation: () => Promise<T>): Promise<T> {
    const turn = this.acquire();
    if (turn !== null) await turn;
    try {
      return await operation();
    } finally {
      this.release();
    }
  }

  /** A place, for what is no single operation. @returns what gives it back; to be called once. */
  async enter(): Promise<() => void> {
    const turn = this.acquire();
    if (turn !== null) await turn;
    return () => this.release();
  }

  /** Runs when those before it have ended, and alone: it holds all places. */
  async runAlone<T>(operation: () => Promise<T>): Promise<T> {
    // Asked for at once, so that two who want to be alone cannot wait for each other.
    const turns = Array.from({ length: this.places }, () => this.acquire());
    await Promise.all(turns.filter((turn) => turn !== null));
    try {
      return await operation();
    } finally {
      for (let place = 0; place < this.places; place += 1) this.release();
    }
  }

  /** Null where a place is free: the operation starts at once. */
  private acquire(): Promise<void> | null {
    if (this.free === 0) return new Promise((resolve) => this.waiting.push(resolve));
    this.free -= 1;
    return null;
  }

  private release(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free++;
    else next();
  }
}
