import type { Source } from '../sources/source.js';
import { LineSplitter } from './line-splitter.js';
import { splitRecord, type RawRecord } from './record-parser.js';

/** A document may be as many times as long as a line. */
const documentLines = 16;

/**
 * The records of a message's value: one, lines of them, or a document that the source knows to take apart.
 *
 * @param container names the message, the same at every delivery.
 * @param bytesMax longer lines are cut, and become dead letters.
 */
export function recordsOfValue(source: Source, value: Buffer, container: string, bytesMax: number): RawRecord[] {
  if (source.framing === 'document') {
    const truncated = value.length > bytesMax * documentLines;
    return [...splitRecord(source, { text: value.toString('utf8'), offset: 0, container, truncated })];
  }
  const lines = new LineSplitter(0, bytesMax);
  return [...lines.push(value), ...lines.flush()].map((line) => ({ ...line, container }));
}
