import type { Alert } from '../../../../api/alerts/alert.js';
import { groupFindings } from '../../../../api/alerts/grouping.js';
import { defaultPolicy } from '../../../../api/alerts/policy.js';
import { finding } from '../../../support/alert-fixtures.js';

const now = '2026-01-05T13:00:00.000Z';
const group = (findings: Parameters<typeof groupFindings>[0], current: readonly Alert[] = []) =>
  groupFindings(findings, current, defaultPolicy, now);

describe('grouping findings into alerts', () => {
  it('makes one alert of an episode and tells of it once', () => {
    const { changed, notices } = group([finding(0), finding(5), finding(60)]);
    expect(changed).toHaveLength(1);
    expect(changed[0]).toMatchObject({ finding_count: 3, first_seen: finding(0).time, last_seen: finding(60).time });
    expect(notices.map((notice) => notice.kind)).toEqual(['opened']);
  });

  it('gives the same alert however the findings were batched', () => {
    const all = [finding(0), finding(3, { severity: 'high' }), finding(9)];
    const atOnce = group(all).changed[0]!;
    let alert: Alert[] = [];
    for (const one of all) alert = [...group([one], alert).changed];
    expect(alert[0]).toEqual(atOnce);
  });

  it('changes nothing when the same findings come again', () => {
    const { changed } = group([finding(0), finding(1)]);
    expect(group([finding(0), finding(1)], changed)).toEqual({ changed: [], notices: [] });
  });

  it('tells of a rise of severity once, and shows the reading of the worst finding', () => {
    const worse = finding(2, { severity: 'critical', summary: 'worse' });
    const { changed, notices } = group([finding(0), worse, finding(3, { severity: 'critical' })]);
    expect(notices.map((notice) => notice.kind)).toEqual(['opened', 'escalated']);
    expect(changed[0]?.reading.finding_uid).toBe(worse.finding_uid);
    expect(changed[0]?.title).toBe('worse');
  });

  it('opens a new alert after the gap, and lets a late finding join the episode it belongs to', () => {
    const first = group([finding(0), finding(10)]).changed;
    const second = group([finding(600)], first).changed;
    expect(second[0]?.alert_uid).not.toBe(first[0]?.alert_uid);
    const late = group([finding(5)], [...first, ...second]).changed;
    expect(late.map((alert) => alert.alert_uid)).toEqual([first[0]?.alert_uid]);
  });

  it('keeps entities apart', () => {
    const other = `tok_${'B'.repeat(22)}`;
    expect(group([finding(0), finding(0, { entity_uid: other, token_uid: other })]).changed).toHaveLength(2);
  });

  it('opens a new alert when a resolved one is followed by new findings', () => {
    const [alert] = group([finding(0)]).changed;
    const resolved: Alert = { ...alert!, state: 'resolved' };
    const { changed, notices } = group([finding(1)], [resolved]);
    expect(changed[0]?.alert_uid).not.toBe(alert?.alert_uid);
    expect(notices).toHaveLength(1);
  });

  it('is silent while suppressed, whatever the severity, and speaks again afterwards', () => {
    const [alert] = group([finding(0)]).changed;
    const suppressed: Alert = { ...alert!, state: 'suppressed', suppressed_until: finding(30).time };
    const during = group([finding(10, { severity: 'critical' })], [suppressed]);
    expect(during.changed[0]?.alert_uid).toBe(alert?.alert_uid);
    expect(during.notices).toEqual([]);
    const after = group([finding(40)], during.changed);
    expect(after.notices.map((notice) => notice.kind)).toEqual(['opened']);
  });

  it('leaves findings below the policy alone', () => {
    expect(group([finding(0, { severity: 'info' })])).toEqual({ changed: [], notices: [] });
  });

  it('bounds what an alert holds', () => {
    const many = Array.from({ length: 1500 }, (_, n) =>
      finding(n / 60, { finding_uid: `f${n}`, client_address: `10.0.0.${n}`, evidence: [`e${n}`] }),
    );
    const alert = group(many).changed[0]!;
    expect(alert.finding_uids).toHaveLength(1000);
    expect(alert.finding_count).toBe(1000);
    expect(alert.client_addresses).toHaveLength(20);
    expect(alert.evidence).toHaveLength(50);
  });
});
