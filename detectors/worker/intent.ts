/**
 * What a worker is about to insert, written as commit metadata before it inserts. Whoever takes the partition over
 * forms exactly this block again, and the store's deduplication token makes the second insert a no-op.
 */
export interface Intent {
  /** Offset of the block's last record. */
  readonly through: bigint;
}

export function encodeIntent(intent: Intent): string {
  return JSON.stringify({ v: 1, through: intent.through.toString() });
}

/** Null for an empty text, or one that another program wrote. */
export function decodeIntent(metadata: string): Intent | null {
  const match = /^\{"v":1,"through":"(\d{1,19})"\}$/.exec(metadata);
  return match?.[1] === undefined ? null : { through: BigInt(match[1]) };
}

/** @param first offset committed while the block is under way. */
export function blockToken(topic: string, partition: number, first: bigint, through: bigint): string {
  return `${topic}:${partition}:${first}-${through}`;
}
