import { OUTLOOKS_MAX, type AnyDetector, type Observation } from '../../detectors/core/detector.js';

/** The detectors that tell what they compare. */
export const outspoken: ReadonlySet<string> = new Set(['rate', 'baseline', 'failures']);

/** What is wrong with what a detector says it compares. @param frozen a state with the same content as `state`. */
export function unsoundOutlook(
  detector: AnyDetector,
  state: unknown,
  frozen: unknown,
  observation: Observation,
): readonly unknown[] {
  const wrong: unknown[] = [];
  const before = detector.encode(frozen);
  const outlook = detector.outlook?.(frozen, observation) ?? [];
  const sound = outlook.every(({ observed, expected, threshold }) =>
    [observed, expected ?? 0, threshold ?? 0].every((number) => Number.isFinite(number) && number >= 0),
  );
  if (!sound || outlook.length > OUTLOOKS_MAX || detector.encode(frozen) !== before) wrong.push(outlook);
  const again = detector.outlook?.(state, observation) ?? [];
  if (JSON.stringify(again) !== JSON.stringify(outlook)) wrong.push(again);
  // A verdict on what is shown stands at or above the threshold that is shown.
  for (const score of detector.score(state, observation, () => undefined)) {
    const shown = outlook.find(({ name }) => name === score.measure);
    if (shown === undefined || detector.classify(score, observation, state, () => undefined) === null) continue;
    if (shown.threshold === null || shown.observed < shown.threshold - 1e-9) wrong.push({ score, shown });
  }
  return wrong;
}
