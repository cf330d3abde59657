import type { LogRecord, StoredRecord } from '../event-log.js';

const LAYOUT = 1;
const FIXED = 1 + 8 + 4 + 4;
const NO_KEY = 0xffffffff;

/** Layout 1: u8 layout, f64 timestamp, u32 key bytes (0xffffffff: null), u32 header bytes, key, headers as JSON, value. */
export function encodeRecord(record: LogRecord): Buffer {
  const headers = Buffer.from(JSON.stringify(record.headers));
  const keyBytes = record.key?.length ?? 0;
  const out = Buffer.allocUnsafe(FIXED + keyBytes + headers.length + record.value.length);
  out.writeUInt8(LAYOUT, 0);
  out.writeDoubleBE(record.timestampMs, 1);
  out.writeUInt32BE(record.key === null ? NO_KEY : keyBytes, 9);
  out.writeUInt32BE(headers.length, 13);
  record.key?.copy(out, FIXED);
  headers.copy(out, FIXED + keyBytes);
  record.value.copy(out, FIXED + keyBytes + headers.length);
  return out;
}

/** The record shares memory with `stored`. @throws RangeError or SyntaxError on bytes that `encodeRecord` did not make. */
export function decodeRecord(stored: Buffer, offset: bigint): StoredRecord {
  const layout = stored.readUInt8(0);
  if (layout !== LAYOUT) throw new RangeError(`unknown record layout ${layout}`);
  const keyBytes = stored.readUInt32BE(9);
  const keyEnd = FIXED + (keyBytes === NO_KEY ? 0 : keyBytes);
  const headersEnd = keyEnd + stored.readUInt32BE(13);
  return {
    offset,
    key: keyBytes === NO_KEY ? null : stored.subarray(FIXED, keyEnd),
    value: stored.subarray(headersEnd),
    headers: JSON.parse(stored.toString('utf8', keyEnd, headersEnd)) as Record<string, string>,
    timestampMs: stored.readDoubleBE(1),
  };
}

/** Big-endian, so that lmdb's byte order is the order of offsets: u16 topic id, u16 partition, u64 offset. */
export function recordKey(topicId: number, partition: number, offset: bigint): Buffer {
  const key = Buffer.allocUnsafe(12);
  key.writeUInt16BE(topicId, 0);
  key.writeUInt16BE(partition, 2);
  key.writeBigUInt64BE(offset, 4);
  return key;
}

export const offsetOfKey = (key: Buffer): bigint => key.readBigUInt64BE(4);
