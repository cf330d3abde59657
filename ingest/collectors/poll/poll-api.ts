/** What shows an API who asks. */
export interface PollCredentials {
  headers(signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** Forgets a token that was refused before its time; false where there is no other to be had. */
  renew(): boolean;
  /** Whether the text holds the credential, as it is or percent-encoded: such a text is not written down. */
  isIn(text: string): boolean;
}

/** What an API answered: parsed, its headers under lower-case names. */
export interface PollAnswer {
  readonly body: unknown;
  readonly headers: Headers;
}

/** Event times, milliseconds since the Unix epoch; `toMs` is exclusive. */
export interface PollWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PollPage {
  readonly records: readonly unknown[];
  /** Address of the next page. */
  readonly next?: string | undefined;
}

/**
 * One list of records that an API pages through.
 *
 * `windows`: asked for one window of event time after the other, each begun an overlap before the end of the last, since
 * records come late; a page without `next` ends the window. `cursor`: the API itself orders by arrival and gives a
 * cursor that never ends, so nothing comes late; an empty page ends the round, and the next one asks again there.
 */
export interface PollFeed {
  readonly name: string;
  readonly paging: 'windows' | 'cursor';
  /** The longest window, milliseconds; without it one window reaches until now. */
  readonly windowMs?: number;
  /** Address of the first page. */
  first(window: PollWindow): string;
  /** @throws AppError TQ_SOURCE_REFUSED when the answer is no page of this API. */
  read(answer: PollAnswer, asked: string, window: PollWindow): PollPage;
  /** When the record happened, milliseconds since the Unix epoch. */
  timeOf(record: unknown): number | undefined;
}

/** How an API is asked. */
export interface ApiAccess {
  readonly product: string;
  /** `https://host:port`: credentials are sent nowhere else. */
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: PollCredentials;
  /** What the credential must be allowed to do, for people. */
  readonly rights: string;
}

/** A product's API as the poller needs it. */
export interface PollApi extends ApiAccess {
  /** Whose records are read, where no address says it: a tenant, a subject. */
  readonly owner?: string;
  readonly feeds: readonly PollFeed[];
  /** How long records may be late, milliseconds, as the maker says or as is usual. */
  readonly overlapMs: number;
}
