const SHORT_ASCII = 64;

/** A growing buffer. */
export class ByteBuilder {
  private bytes: Buffer;
  private length = 0;

  constructor(capacity = 64) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  zeros(count: number): void {
    this.reserve(count);
    this.bytes.fill(0, this.length, this.length + count);
    this.length += count;
  }

  varint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  /** Little-endian UInt64 from a number in [0, 2^53). */
  uint64(value: number): void {
    this.reserve(8);
    this.bytes.writeUInt32LE(value >>> 0, this.length);
    this.bytes.writeUInt32LE(Math.floor(value / 0x1_0000_0000), this.length + 4);
    this.length += 8;
  }

  /** Length-prefixed UTF-8, as ClickHouse writes a String. Lone surrogates become U+FFFD. */
  string(text: string): void {
    const size = text.length;
    if (size <= SHORT_ASCII && this.shortAscii(text, size)) return;
    this.reserve(10 + size * 3);
    const bytes = Buffer.byteLength(text, 'utf8');
    this.varint(bytes);
    this.length += this.bytes.write(text, this.length, bytes, 'utf8');
  }

  // Crossing into C++ costs more than copying a short string by hand.
  private shortAscii(text: string, size: number): boolean {
    this.reserve(1 + size);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = size;
    for (let i = 0; i < size; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      bytes[at++] = code;
    }
    this.length = at;
    return true;
  }

  /** What was written so far: a view, good until the builder is written to or cleared. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** Empty again, with its memory. */
  clear(): void {
    this.length = 0;
  }
}
