import { ByteBuilder } from './byte-builder.js';

const ZEROS = new Uint8Array(64 << 10);

/**
 * Bytes in parts, as they lie in memory: a block of megabytes is not copied into one buffer before it is written. The parts are
 * views, good as long as what they were taken from is left alone.
 */
export class ByteList {
  private readonly parts: Uint8Array[] = [];
  private own = new ByteBuilder();

  varint(value: number): void {
    this.own.varint(value);
  }

  uint64(value: number): void {
    this.own.uint64(value);
  }

  string(text: string): void {
    this.own.string(text);
  }

  append(view: Uint8Array): void {
    if (view.byteLength === 0) return;
    this.closeOwn();
    this.parts.push(view);
  }

  zeros(count: number): void {
    for (let left = count; left > 0; left -= ZEROS.length) this.append(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
  }

  finish(): readonly Uint8Array[] {
    this.closeOwn();
    return this.parts;
  }

  private closeOwn(): void {
    const view = this.own.view();
    if (view.byteLength === 0) return;
    this.parts.push(view);
    this.own = new ByteBuilder();
  }
}
