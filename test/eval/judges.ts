import type { Finding } from '../../detectors/core/finding.js';
import { DecoyIndex } from '../../detectors/honeytoken/decoys.js';
import { createDetectors, type DetectorsOptions } from '../../detectors/registry.js';
import { OfflineStages } from '../../detectors/worker/offline-stages.js';
import { rulesOverHistory } from '../../detectors/worker/rules/rule-history.js';
import { RuleSet } from '../../detectors/worker/rules/rule-set.js';
import { workerOptionsSchema } from '../../detectors/worker/worker-options.js';
import { silentLogger } from '../../ingest/core/logger.js';
import { parseTime } from '../../ingest/event/time.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { EventBlock } from '../../ingest/store/store.js';
import { openTestStore, type TestStore } from '../integration/store/support.js';
import { decoy } from './attacks/abused.js';

/** Whatever reads events in order of arrival and says what it found: the stream detectors of a stage, a set of rules. */
export interface Judge {
  readonly name: string;
  offer(event: TokenEvent): void;
  /** Since the last call; after `finish` nothing more comes. */
  findings(): Promise<readonly Finding[]>;
  finish(): Promise<void>;
}

/** Both stages with the shipped settings. */
export class StreamJudge implements Judge {
  readonly name = 'stream detectors';
  readonly #stages: OfflineStages;
  #ended = false;

  constructor(options?: DetectorsOptions) {
    const { allowedLatenessMs, keysMax } = workerOptionsSchema.parse({});
    const detectors = createDetectors(options, new DecoyIndex([decoy]));
    this.#stages = new OfflineStages({ detectors, allowedLatenessMs, entitiesMax: keysMax });
  }

  offer(event: TokenEvent): void {
    this.#stages.offer(event);
  }

  findings(): Promise<readonly Finding[]> {
    return Promise.resolve(this.#stages.takeFindings(this.#ended));
  }

  finish(): Promise<void> {
    this.#ended = true;
    return Promise.resolve();
  }
}

const BLOCK_ROWS = 50_000;
const MINUTE_MS = 60_000;

/**
 * The shipped rules on the ClickHouse engine, by the code and the statements of the worker, once all events are stored: live
 * and afterwards they find the same.
 */
class RuleJudge implements Judge {
  readonly name = 'rules';
  readonly #opened: TestStore;
  readonly #rules = new RuleSet({ pack: true, disabled: [], observe: [] }, silentLogger);
  #block: EventBlock;
  #offset = 0n;
  #fromMs = Infinity;
  #toMs = 0;
  #found: readonly Finding[] = [];

  private constructor(opened: TestStore) {
    this.#opened = opened;
    this.#block = opened.store.writer.newBlock();
  }

  static async open(): Promise<RuleJudge> {
    return new RuleJudge(await openTestStore());
  }

  offer(event: TokenEvent): void {
    this.#block.add({ event, partition: 0, offset: this.#offset });
    this.#offset += 1n;
    const timeMs = parseTime(event.time);
    this.#fromMs = Math.min(this.#fromMs, timeMs);
    this.#toMs = Math.max(this.#toMs, timeMs);
  }

  async findings(): Promise<readonly Finding[]> {
    if (this.#block.rows >= BLOCK_ROWS) await this.#store();
    const found = this.#found;
    this.#found = [];
    return found;
  }

  async finish(): Promise<void> {
    if (this.#offset === 0n) return;
    await this.#store();
    const span = { fromMs: this.#fromMs, toMs: this.#toMs + MINUTE_MS };
    const { findings, refused } = await rulesOverHistory(this.#opened.store.querier, this.#rules.current(), span);
    const [first] = refused;
    if (first !== undefined) throw new Error(`the engine refused the rule ${first.rule}: ${first.reason}`);
    this.#found = findings;
  }

  close(): Promise<void> {
    return this.#opened.close();
  }

  async #store(): Promise<void> {
    const block = this.#block;
    this.#block = this.#opened.store.writer.newBlock();
    await this.#opened.store.writer.insertBlock(block, `eval ${this.#offset}`);
    block.release();
  }
}

/** Both stages and the rules, with the shipped settings, for one simulation. */
export async function withShippedJudges<T>(work: (judges: readonly Judge[]) => Promise<T>): Promise<T> {
  const rules = await RuleJudge.open();
  try {
    return await work([new StreamJudge(), rules]);
  } finally {
    await rules.close();
  }
}
