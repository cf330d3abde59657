import { fidelities, severities } from '../../detectors/core/detector.js';
import { confidence, HALF_LIVES, impact, REPEAT_EXPONENT } from '../alerts/risk.js';
import { z } from 'zod';

const list = (values: readonly (string | number)[]): string =>
  `[${values.map((value) => (typeof value === 'number' ? String(value) : `'${value}'`)).join(', ')}]`;

const looked = (column: string, names: readonly string[], values: Readonly<Record<string, number>>): string =>
  `transform(toString(${column}), ${list(names)}, ${list(names.map((name) => values[name] ?? 0))}, 0)`;

/** Points of a finding at a time, as `pointsOf` and the fading of `riskAt` have them. */
const points = [
  looked('severity', severities, impact),
  looked('fidelity', fidelities, confidence),
  'exp2((toUnixTimestamp64Milli(time) - {at_ms:Int64}) / {half_life_ms:Int64})',
].join(' * ');

/** When risk is read, and how it fades; milliseconds. */
export const riskParams = { at_ms: z.number().int(), half_life_ms: z.number().int() };

/** Findings that no open alert holds and a closed one does: they have been dealt with. */
const settled = `
  SELECT uid FROM
  (
    SELECT arrayJoin(finding_uids) AS uid, alert_uid GLOBAL IN (
      SELECT alert_uid FROM alert_history FINAL
      GROUP BY alert_uid HAVING argMax(toString(state_after), version) IN ('resolved', 'suppressed')
    ) AS closed
    FROM alerts FINAL
    WHERE toUnixTimestamp64Milli(last_time) > {at_ms:Int64} - ${HALF_LIVES} * {half_life_ms:Int64}
  )
  GROUP BY uid HAVING min(closed) = 1`;

/**
 * One row for each kind of finding of an entity that counts: `uid`, `detector`, `measure`, `findings`, `risk`.
 *
 * @param entity column of `findings`.
 * @param scope condition on its columns.
 */
export const riskByKind = (entity: 'token_uid' | 'principal_uid', scope: string): string => `
SELECT
  ${entity} AS uid,
  toString(detector) AS detector,
  toString(measure) AS measure,
  count() AS findings,
  arrayReverseSort(groupArray(${points})) AS left_points,
  arraySum((left, place) -> left / pow(place, ${REPEAT_EXPONENT}), left_points, arrayEnumerate(left_points)) AS risk
FROM findings FINAL
WHERE ${scope}
  AND toUnixTimestamp64Milli(time) <= {at_ms:Int64}
  AND toUnixTimestamp64Milli(time) >= {at_ms:Int64} - ${HALF_LIVES} * {half_life_ms:Int64}
  AND finding_uid GLOBAL NOT IN (SELECT finding_uid FROM suppressed_findings)
  AND finding_uid GLOBAL NOT IN (${settled})
GROUP BY uid, detector, measure`;
