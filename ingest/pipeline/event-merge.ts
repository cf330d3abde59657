/** A list of times in reading order; the merge walks it once. */
export interface MergeSource {
  /** RFC 3339 UTC with milliseconds: of fixed width, so that text order is time order. */
  peek(): string | undefined;
}

/** A binary heap by the time at each source's head: the earliest is on top. */
export class MergeHeap<T extends MergeSource> {
  private readonly items: T[] = [];

  get size(): number {
    return this.items.length;
  }

  top(): T | undefined {
    return this.items[0];
  }

  /** The head time of the second earliest source: the top may be drained up to it. */
  second(): string | undefined {
    const left = this.items[1]?.peek();
    const right = this.items[2]?.peek();
    if (left === undefined) return right;
    return right === undefined || left <= right ? left : right;
  }

  push(item: T): void {
    this.items.push(item);
    let at = this.items.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.less(at, parent)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  /** To be called after the top's head changed. */
  sink(): void {
    let at = 0;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.items.length && this.less(child, least)) least = child;
      }
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  pop(): void {
    const last = this.items.pop();
    if (last === undefined || this.items.length === 0) return;
    this.items[0] = last;
    this.sink();
  }

  private less(a: number, b: number): boolean {
    return (this.items[a]?.peek() ?? '') < (this.items[b]?.peek() ?? '');
  }

  private swap(a: number, b: number): void {
    const left = this.items[a];
    const right = this.items[b];
    if (left === undefined || right === undefined) return;
    this.items[a] = right;
    this.items[b] = left;
  }
}
