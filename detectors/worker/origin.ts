/**
 * Where the events of an observation record come from. Offsets of one partition of token events only rise, so the reader
 * of a topic of observations knows by one number for each such partition what it has had already.
 */
export interface Origin {
  /** Partition of the topic of token events. */
  readonly partition: number;
  /** Offset there of each event of the record, in order, never falling. */
  readonly offsets: readonly number[];
  /** Event time that the partition has reached when all of the record is taken, milliseconds; null for no news. */
  readonly watermarkMs: number | null;
  /** Offset up to which, exclusive, the partition has been handed on when all of the record is taken; null for no news. */
  readonly next: number | null;
}

const names = {
  partition: 'origin_partition',
  offsets: 'origin_offsets',
  watermark: 'origin_watermark',
  next: 'origin_next',
} as const;

/** Steps from offset to offset, each with its number of events where that is not 1: `100*3,1,2*5`. */
function encodeOffsets(offsets: readonly number[]): string {
  const parts: string[] = [];
  let before = 0;
  for (let at = 0; at < offsets.length;) {
    const offset = offsets[at] ?? 0;
    let end = at + 1;
    while (offsets[end] === offset) end += 1;
    parts.push(end - at === 1 ? String(offset - before) : `${offset - before}*${end - at}`);
    before = offset;
    at = end;
  }
  return parts.join(',');
}

/** Null for text that `encodeOffsets` did not write, or that says another number of events. */
function decodeOffsets(text: string, count: number): number[] | null {
  const offsets: number[] = [];
  let offset = 0;
  for (const part of text === '' ? [] : text.split(',')) {
    const [step, times = '1'] = part.split('*');
    if (step === undefined || !/^\d{1,16}$/.test(step) || !/^\d{1,9}$/.test(times)) return null;
    offset += Number(step);
    if (offsets.length + Number(times) > count) return null;
    for (let n = 0; n < Number(times); n += 1) offsets.push(offset);
  }
  return offsets.length === count ? offsets : null;
}

export function originHeaders(origin: Origin): Record<string, string> {
  return {
    [names.partition]: String(origin.partition),
    [names.offsets]: encodeOffsets(origin.offsets),
    ...(origin.watermarkMs !== null && { [names.watermark]: String(origin.watermarkMs) }),
    ...(origin.next !== null && { [names.next]: String(origin.next) }),
  };
}

/**
 * @param count how many events the record carries.
 * @returns null where the headers are not those of an observation record.
 */
export function readOrigin(headers: Readonly<Record<string, string>>, count: number): Origin | null {
  const partition = headers[names.partition] ?? '';
  const watermark = headers[names.watermark];
  const next = headers[names.next];
  const offsets = decodeOffsets(headers[names.offsets] ?? '', count);
  if (!/^\d{1,5}$/.test(partition) || offsets === null) return null;
  if (watermark !== undefined && !/^-?\d{1,16}$/.test(watermark)) return null;
  if (next !== undefined && !/^\d{1,16}$/.test(next)) return null;
  return {
    partition: Number(partition),
    offsets,
    watermarkMs: watermark === undefined ? null : Number(watermark),
    next: next === undefined ? null : Number(next),
  };
}
