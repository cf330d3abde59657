import { z } from 'zod';
import type { Component } from '../../ingest/core/component.js';
import { describeError } from '../../ingest/core/errors.js';
import type { Logger } from '../../ingest/core/logger.js';
import { defineQuery } from '../../ingest/store/query.js';
import type { Querier } from '../../ingest/store/store.js';
import { DecoyIndex, type Decoy, type DecoyLookup } from '../honeytoken/decoys.js';

const DECOYS_MAX = 100_000;

/** Every decoy, removed ones included: events before the removal may still come. */
const decoysQuery = defineQuery({
  name: 'worker_decoys',
  sql: `SELECT token_uid, secret_fp, name, planted,
  if(removed_time IS NULL, -1, toUnixTimestamp64Milli(assumeNotNull(removed_time))) AS removed_ms
FROM honeytokens FINAL ORDER BY created_time DESC, token_uid LIMIT {max:UInt32}`,
  params: z.object({ max: z.number() }),
  row: z.object({
    token_uid: z.string(),
    secret_fp: z.string(),
    name: z.string(),
    planted: z.string(),
    removed_ms: z.coerce.number(),
  }),
});

export interface DecoyRegistryDeps {
  readonly querier: Querier;
  readonly logger: Logger;
  /** How often the store is asked, milliseconds; a new decoy is watched that much later at most. */
  readonly refreshMs?: number;
}

/** The registered decoys as the store holds them, kept in memory for the detectors. */
export class DecoyRegistry implements Component, DecoyLookup {
  readonly name = 'decoy-registry';
  readonly find: DecoyLookup['find'];
  readonly #index = new DecoyIndex();
  readonly #deps: DecoyRegistryDeps;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;

  constructor(deps: DecoyRegistryDeps) {
    this.#deps = deps;
    this.find = (token, timeMs) => this.#index.find(token, timeMs);
  }

  /** Resolves when the decoys are known; without them nothing may be scored. */
  async start(): Promise<void> {
    if (this.#timer !== undefined) return;
    await this.#read();
    this.#timer = setInterval(() => {
      // What was known stays in force while the store is away.
      this.#reading ??= this.#read()
        .catch((error: unknown) => {
          this.#deps.logger.warn({ reason: describeError(error) }, 'the decoys cannot be read; the known ones stay');
        })
        .finally(() => {
          this.#reading = undefined;
        });
    }, this.#deps.refreshMs ?? 5000);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#reading;
  }

  async #read(): Promise<void> {
    this.#index.replace(await storedDecoys(this.#deps.querier));
  }
}

/** The registered decoys, removed ones included. */
export async function storedDecoys(querier: Querier): Promise<readonly Decoy[]> {
  const rows = await querier.run(decoysQuery, { max: DECOYS_MAX });
  return rows.map(({ removed_ms, ...decoy }) => ({ ...decoy, removedMs: removed_ms < 0 ? null : removed_ms }));
}
