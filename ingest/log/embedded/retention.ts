import type { LogStorage, TopicState } from './log-storage.js';

const PAGE_RECORDS = 500;
const PAGE_BYTES = 8 << 20;

/**
 * Removes records older than their topic's retention, and the oldest ones of a topic that holds more than
 * `topicBytesMax`. Records that a group of this log has still to read stay in either case: a reader that is behind
 * fills the disk and is heard of (TQ_DISK_FULL), it does not lose events.
 *
 * @returns how many records went.
 */
export async function applyRetention(storage: LogStorage, nowMs: number, topicBytesMax: number): Promise<number> {
  let removed = 0;
  for (const topic of storage.allTopics()) {
    let excess = topic.partitions.reduce((sum, { bytes }) => sum + bytes, 0) - topicBytesMax;
    for (const { partition } of topic.partitions) {
      for (;;) {
        const page = oldest(storage, topic, partition, nowMs, excess);
        if (page.offsets.length === 0) break;
        storage.trim(topic, partition, page.offsets, page.bytes);
        // Each page blocks for one sync of the disk; others have their turn in between.
        await new Promise(setImmediate);
        if (storage.isClosed) return removed + page.offsets.length;
        excess -= page.bytes;
        removed += page.offsets.length;
      }
    }
  }
  return removed;
}

function oldest(
  storage: LogStorage,
  topic: TopicState,
  partition: number,
  nowMs: number,
  excess: number,
): { offsets: bigint[]; bytes: number } {
  const offsets: bigint[] = [];
  let bytes = 0;
  const { low, next } = storage.partition(topic, partition);
  const until = storage.lowestCommit(topic.name, partition) ?? next;
  for (const record of storage.read(topic, partition, low, PAGE_RECORDS, PAGE_BYTES)) {
    const tooOld = topic.retentionMs >= 0 && record.timestampMs < nowMs - topic.retentionMs;
    if (record.offset >= until || !(tooOld || bytes < excess)) break;
    offsets.push(record.offset);
    bytes += record.value.length;
  }
  return { offsets, bytes };
}
