import type { Guidance } from '../../core/detector.js';
import { detectorOf } from '../../rules/rule-finding.js';
import { packFiles } from './rule-files.js';

let known: ReadonlyMap<string, Guidance> | undefined;

/** What a shipped rule says to the reader of its alerts; undefined for others. The pack is read when first asked for. */
export function ruleGuidanceOf(detector: string): Guidance | undefined {
  if (!detector.startsWith(detectorOf(''))) return undefined;
  known ??= new Map(
    packFiles().flatMap(({ rules }) =>
      rules.map((rule) => [detectorOf(rule.id), { falsePositives: rule.false_positives, nextSteps: rule.next_steps }]),
    ),
  );
  return known.get(detector);
}
