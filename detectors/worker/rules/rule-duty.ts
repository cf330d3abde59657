import { z } from 'zod';
import type { RuleSet } from './rule-set.js';

const ids = z.array(z.string().max(64)).max(1000).default([]);
const DAY_S = 86_400;

/** The `rules` part of the configuration. */
export const rulesOptionsSchema = z.strictObject({
  /** False leaves the shipped rules out. */
  pack: z.boolean().default(true),
  /** Directory of the operator's own; read again when its files change. */
  directory: z.string().min(1).optional(),
  disabled: ids,
  /** Their findings are signals and no alerts. */
  observe: ids,
  lateness_seconds: z.int().min(0).max(3600).default(15),
  lookback_seconds: z
    .int()
    .min(600)
    .max(14 * DAY_S)
    .default(DAY_S),
});

export interface RuleOptions {
  /** How long after its end a pane is waited for, milliseconds. */
  readonly latenessMs: number;
  /** How long ago, by the store's clock, events may have been stored that are still looked at anew, milliseconds. */
  readonly lookbackMs: number;
}

export interface RuleDuty {
  readonly rules: RuleSet;
  readonly options: RuleOptions;
  /** False for a replay, which asks for the rules when all is stored. */
  readonly byItself: boolean;
}
