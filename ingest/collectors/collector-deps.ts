import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Fingerprinter } from '../event/fingerprint.js';
import type { EventSink } from '../pipeline/event-sink.js';
import type { EventEnricher } from '../pipeline/record-parser.js';
import type { CountsListener } from '../pipeline/record-tally.js';

/** What every collector needs from the composition root. */
export interface CollectorDeps {
  readonly sink: EventSink;
  readonly fingerprinter: Fingerprinter;
  readonly enricher?: EventEnricher | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A number in [0, 1) that spreads retries. */
  readonly random: () => number;
  /** Hears the counts of each batch after it became durable. */
  readonly onCounts?: CountsListener;
}
