/** The first record of a stream, as `--source auto` shows it to every source. */
export interface RecordSample {
  readonly text: string;
  /** The text as JSON, parsed once for all sources; undefined where it is none. */
  readonly json: unknown;
  /** The program that the record's syslog header names; the header is not part of the text. */
  readonly program?: string;
}

/** Why a source takes a record for its own. */
export interface Recognition {
  /**
   * 0 to 1. 1: only this product writes such records. 0.6: the product's default format, which others can be made to
   * write. 0.3: the record could be read, and nothing more.
   */
  readonly confidence: number;
  /** A short sentence that names the marks; it never quotes the record. */
  readonly reason: string;
}

export type Recognise = (sample: RecordSample) => Recognition | undefined;
