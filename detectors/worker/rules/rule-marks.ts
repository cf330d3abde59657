import { z } from 'zod';
import { chunks } from '../../../ingest/core/chunks.js';
import type { MinuteLines } from '../../../ingest/store/minute-batches.js';
import { defineDerivation } from '../../../ingest/store/query.js';
import type { Store } from '../../../ingest/store/store.js';

/** Of one statement: its parameters go into the address of a request, of which proxies take 8 KiB. */
const STATEMENT_MINUTES = 250;
const STATEMENT_RULES = 40;

const markRuleMinutes = defineDerivation({
  name: 'mark-rule-minutes',
  table: 'rule_minutes',
  columns: ['rule', 'minute', 'lines'],
  params: z.object({
    rules: z.array(z.string()).readonly(),
    minutes: z.array(z.number().int()),
    lines: z.array(z.number().int()),
  }),
  sql: `
SELECT arrayJoin({rules:Array(String)}), looked_at.1, looked_at.2
FROM (SELECT arrayJoin(arrayZip({minutes:Array(Int32)}, {lines:Array(UInt64)})) AS looked_at)`,
});

/**
 * What rules have looked at and the store does not know yet. Most rules look at the same minutes: these are written once
 * for all of them, and the store makes the rows.
 */
export class RuleMarks {
  readonly #writer: Store['writer'];
  readonly #rulesOf = new Map<MinuteLines, string[]>();
  #rows = 0;

  constructor(writer: Store['writer']) {
    this.#writer = writer;
  }

  /** Minutes times rules. */
  get rows(): number {
    return this.#rows;
  }

  /** @param minutes of different rules the same objects. */
  add(rule: string, minutes: readonly MinuteLines[]): void {
    for (const minute of minutes) {
      const rules = this.#rulesOf.get(minute);
      if (rules === undefined) this.#rulesOf.set(minute, [rule]);
      else rules.push(rule);
    }
    this.#rows += minutes.length;
  }

  /** @throws what the store throws; what was to be written is forgotten, and rules look at it again. */
  async write(): Promise<void> {
    const bySet = new Map<string, { rules: readonly string[]; minutes: MinuteLines[] }>();
    for (const [minute, rules] of this.#rulesOf) {
      const set = rules.join('\0');
      const known = bySet.get(set);
      if (known === undefined) bySet.set(set, { rules, minutes: [minute] });
      else known.minutes.push(minute);
    }
    this.#rulesOf.clear();
    this.#rows = 0;
    for (const { rules, minutes } of bySet.values()) {
      for (const someRules of chunks(rules, STATEMENT_RULES)) {
        for (const some of chunks(minutes, STATEMENT_MINUTES)) {
          await this.#writer.derive(markRuleMinutes, {
            rules: someRules,
            minutes: some.map(({ minute }) => minute),
            lines: some.map(({ lines }) => lines),
          });
        }
      }
    }
  }
}
