import type { TokenEvent } from '../event/token-event.js';

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * 32-bit MurmurHash2 as Kafka's default partitioner computes it, so that other producers put a key where we do
 * (https://github.com/apache/kafka, org.apache.kafka.common.utils.Utils#murmur2).
 */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let hash = SEED ^ length;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k = at(data, i) | (at(data, i + 1) << 8) | (at(data, i + 2) << 16) | (at(data, i + 3) << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  const rest = length & 3;
  if (rest === 3) hash ^= at(data, whole + 2) << 16;
  if (rest >= 2) hash ^= at(data, whole + 1) << 8;
  if (rest >= 1) {
    hash ^= at(data, whole);
    hash = Math.imul(hash, M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

function at(data: Uint8Array, index: number): number {
  return data[index] ?? 0;
}

const scratch = Buffer.allocUnsafe(1024);

/**
 * The partition that Kafka's default partitioner gives a key.
 *
 * @param partitions how many the topic has, 1 or more.
 * @returns 0 … partitions - 1.
 */
export function partitionFor(key: string, partitions: number): number {
  // A key of n UTF-16 units has at most 3n bytes; nearly all keys fit and need no allocation.
  const bytes = key.length * 3 <= scratch.length ? scratch.subarray(0, scratch.write(key, 'utf8')) : Buffer.from(key);
  return (murmur2(bytes) & 0x7fffffff) % partitions;
}

/** What keeps order: the token; without one the client's address; without that the source instance. */
export function eventKey(event: TokenEvent): string {
  if (event.token !== undefined) return event.token.token_uid;
  if (event.client !== undefined) return `client:${event.client.address}`;
  return `source:${event.source.instance}`;
}
