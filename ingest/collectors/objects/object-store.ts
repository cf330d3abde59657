import type { Readable } from 'node:stream';

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  /** When it was put there, milliseconds since the Unix epoch. */
  readonly modifiedMs: number;
}

export interface ListedPage {
  /** In the order of their keys. */
  readonly objects: readonly ListedObject[];
  readonly isLast: boolean;
}

/** A bucket. Every failure is an AppError TQ_SOURCE_UNAVAILABLE or TQ_SOURCE_REFUSED, also inside the streams it opens. */
export interface ObjectStore {
  readonly bucket: string;
  /** Where the bucket is: a cursor of another place is worth nothing here. */
  readonly place: string;
  /** @param after the key to go on behind; undefined for the first page. */
  list(prefix: string, after: string | undefined, signal: AbortSignal): Promise<ListedPage>;
  open(key: string, signal: AbortSignal): Promise<Readable>;
}

/** An object that a notice tells of. */
export interface NoticedObject {
  readonly bucket: string;
  readonly key: string;
}

export interface ObjectNotice {
  readonly id: string;
  /** Undefined for a message that tells of none; empty for what is no new object. */
  readonly objects: readonly NoticedObject[] | undefined;
}

/** A queue that is told of new objects. */
export interface NoticeQueue {
  /** What its owner does about messages that are left there, for people. */
  readonly redrive: string;
  /** Waits for some as long as the queue does. */
  receive(signal: AbortSignal): Promise<readonly ObjectNotice[]>;
  /** Keeps notices from others for five minutes more. */
  hold(ids: readonly string[]): Promise<void>;
  done(id: string): Promise<void>;
}
