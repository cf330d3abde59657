import { groupFindings, noticeKinds } from '../../../../api/alerts/grouping.js';
import { ocsfOfAlert, ocsfOfFinding } from '../../../../api/alerts/ocsf.js';
import { alertPayload } from '../../../../api/alerts/payload.js';
import { defaultPolicy } from '../../../../api/alerts/policy.js';
import type { Finding } from '../../../../detectors/core/finding.js';
import { severities } from '../../../../detectors/core/detector.js';
import { formatTime } from '../../../../ingest/event/time.js';
import { finding, T0 } from '../../../support/alert-fixtures.js';

type Json = Readonly<Record<string, unknown>>;

const endpoint = [
  'ip',
  'uid',
  'name',
  'hostname',
  'svc_name',
  'instance_uid',
  'interface_uid',
  'interface_name',
  'domain',
];
/**
 * What https://schema.ocsf.io/1.9.0/classes/detection_finding requires of an event and of the objects that we use:
 * required attributes, `at_least_one` constraints, enumerations, and how type_uid is made.
 */
const required: Readonly<Record<string, readonly string[]>> = {
  event: ['activity_id', 'category_uid', 'class_uid', 'finding_info', 'metadata', 'severity_id', 'time', 'type_uid'],
  metadata: ['product', 'version'],
  finding_info: ['uid'],
  analytic: ['type_id'],
  remediation: ['desc'],
};
const atLeastOne: Readonly<Record<string, readonly string[]>> = {
  product: ['name', 'uid'],
  resources: ['name', 'uid'],
  attacks: ['tactic', 'technique', 'sub_technique'],
  technique: ['name', 'uid'],
  sub_technique: ['name', 'uid'],
  evidences: ['actor', 'api', 'data', 'dst_endpoint', 'src_endpoint', 'resources', 'url', 'user'],
  actor: ['user', 'process', 'session', 'app_name', 'invoked_by', 'app_uid'],
  user: ['account', 'name', 'uid'],
  src_endpoint: endpoint,
  dst_endpoint: endpoint,
  related_events: ['uid'],
};
const enumerations: Readonly<Record<string, readonly number[]>> = {
  activity_id: [0, 1, 2, 3, 99],
  severity_id: [0, 1, 2, 3, 4, 5, 6, 99],
  status_id: [0, 1, 2, 3, 4, 5, 6, 99],
  confidence_id: [0, 1, 2, 3, 99],
  type_id: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99],
}; // prettier-ignore

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function faults(name: string, value: Json): string[] {
  const found = (required[name] ?? []).filter((key) => value[key] === undefined).map((key) => `${name}.${key} is missing`);
  const one = atLeastOne[name];
  if (one !== undefined && !one.some((key) => value[key] !== undefined)) found.push(`${name} has none of ${one.join(', ')}`);
  for (const [key, part] of Object.entries(value)) {
    if (enumerations[key] !== undefined && !enumerations[key].includes(part as number)) found.push(`${key} ${String(part)}`);
    if ((key === 'time' || key.endsWith('_time')) && !Number.isInteger(part)) found.push(`${key} is no timestamp_t`);
    if (part === '' || (Array.isArray(part) && part.length === 0)) found.push(`${name}.${key} is empty`);
    // What is unmapped is ours.
    if (key === 'unmapped') continue;
    for (const child of Array.isArray(part) ? part : [part]) if (isObject(child)) found.push(...faults(key, child));
  }
  return found;
} // prettier-ignore

function check(event: Json): void {
  expect(faults('event', event)).toEqual([]);
  expect([event['class_uid'], event['category_uid']]).toEqual([2004, 2]);
  expect(event['type_uid']).toBe(2004 * 100 + Number(event['activity_id']));
}

const exported = (one: Finding) => ({
  ...one,
  ...one.score,
  sample_count: one.score.sampleCount,
  window_start: formatTime(one.score.windowStartMs),
  window_end: formatTime(one.score.windowEndMs),
  suppressed: null,
});
const bare = { principal_uid: '', principal_name: '', client_address: '', target_service: '', techniques: [], evidence: [] }; // prettier-ignore

describe('OCSF Detection Findings', () => {
  it.each(severities)('a finding of severity %s, whole and bare, has what the class requires', (severity) => {
    for (const change of [{ severity }, { severity, ...bare, token_name: '' }]) {
      check(ocsfOfFinding(exported(finding(0, { techniques: ['T1550.001', 'T1528'], ...change })), '1.2.3'));
    }
  });

  it('says what the finding says', () => {
    const one = finding(0, { techniques: ['T1550.001'], severity: 'critical', fidelity: 'high' });
    expect(ocsfOfFinding(exported(one), '1.2.3')).toMatchObject({
      severity_id: 5,
      confidence_id: 3,
      time: T0,
      metadata: { version: '1.9.0', product: { version: '1.2.3' } },
      finding_info: {
        uid: one.finding_uid,
        attacks: [{ technique: { uid: 'T1550' }, sub_technique: { uid: 'T1550.001' } }],
        analytic: { uid: 'rate/requests' },
      },
      resources: [{ uid: one.token_uid }],
      evidences: [{ src_endpoint: { ip: '203.0.113.7' } }, { dst_endpoint: { svc_name: 'orders' } }],
      unmapped: { observed: 300, expected: 12, sql: one.sql },
    });
  });

  it.each(noticeKinds)('an alert that is %s keeps its id and tells its stage', (kind) => {
    for (const change of [{}, { ...bare, token_name: '' }]) {
      const [notice] = groupFindings([finding(0, change)], [], defaultPolicy, formatTime(T0)).notices;
      const event = ocsfOfAlert(alertPayload(notice!.alert, kind, 'https://tq.example'), '1.2.3');
      check(event);
      expect(event.finding_info.uid).toBe(notice!.alert.alert_uid);
    }
  });
});
