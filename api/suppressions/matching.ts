import { isIP } from 'node:net';
import type { Finding } from '../../detectors/core/finding.js';
import { parseTime } from '../../ingest/event/time.js';
import { severityRank } from '../alerts/policy.js';
import type { Suppression } from '../schemas/suppressions.js';
import { addressesOf, familyOf } from './addresses.js';

export type Matcher = (finding: Finding) => boolean;

/** Whether a suppression takes a finding: all that it names must fit, at the finding's event time. */
export function matcherOf(suppression: Suppression): Matcher {
  const { detector, measure, token_uid, principal_uid, address, service, severity_max } = suppression;
  const addresses = address === '' ? null : addressesOf(address);
  const [fromMs, untilMs] = [
    suppression.from === null ? -Infinity : parseTime(suppression.from),
    suppression.until === null ? Infinity : parseTime(suppression.until),
  ];
  const fits = (wanted: string, value: string): boolean => wanted === '' || wanted === value;
  return (finding) => {
    const timeMs = parseTime(finding.time);
    const { client_address: client } = finding;
    return (
      timeMs >= fromMs &&
      timeMs < untilMs &&
      severityRank(finding.severity) <= severityRank(severity_max) &&
      fits(detector, finding.detector) &&
      fits(measure, finding.score.measure) &&
      fits(token_uid, finding.token_uid) &&
      fits(principal_uid, finding.principal_uid) &&
      fits(service, finding.target_service) &&
      (address === '' || (addresses !== null && isIP(client) !== 0 && addresses.check(client, familyOf(client))))
    );
  };
}
