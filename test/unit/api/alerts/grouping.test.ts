import type { Alert } from '../../../../api/alerts/alert.js';
import { groupFindings } from '../../../../api/alerts/grouping.js';
import { linksOf } from '../../../../api/alerts/payload.js';
import { defaultPolicy } from '../../../../api/alerts/policy.js';
import { finding, TOKEN } from '../../../support/alert-fixtures.js';

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

  describe('of a token and its principal', () => {
    const principal = finding(0).principal_uid;
    const ofPrincipal = (minute: number, change: Parameters<typeof finding>[1] = {}) =>
      finding(minute, { entity_kind: 'principal', entity_uid: principal, token_uid: TOKEN, ...change });
    const other = `tok_${'B'.repeat(22)}`;

    it('makes one alert of what one detector says of both, whichever comes first', () => {
      for (const findings of [
        [finding(0), ofPrincipal(1)],
        [ofPrincipal(0), finding(1)],
      ]) {
        const atOnce = group(findings);
        expect(atOnce.changed).toHaveLength(1);
        expect(atOnce.changed[0]).toMatchObject({ finding_count: 2, token_uid: TOKEN, principal_uid: principal });
        expect(atOnce.notices.map(({ kind }) => kind)).toEqual(['opened']);
        const first = group(findings.slice(0, 1)).changed;
        expect(group(findings.slice(1), first).changed).toEqual(atOnce.changed);
        expect(group(findings, atOnce.changed)).toEqual({ changed: [], notices: [] });
      }
    });

    it('keeps apart what another detector says, what another token decided, and what is of another time', () => {
      for (const second of [
        ofPrincipal(1, { detector: 'baseline' }),
        ofPrincipal(1, { token_uid: other }),
        ofPrincipal(600),
      ]) {
        expect(group([finding(0), second]).changed).toHaveLength(2);
      }
    });

    it('stays at home where the entity has an alert of its own', () => {
      const { changed } = group([finding(0), ofPrincipal(0, { token_uid: other }), ofPrincipal(1)]);
      expect(changed.map((alert) => [alert.entity_kind, alert.finding_count])).toEqual([
        ['token', 1],
        ['principal', 2],
      ]);
    });

    it('makes one alert of guessing without a token, and links to the principal', () => {
      const guessed = ofPrincipal(0, { detector: 'failures', token_uid: '', token_name: '' });
      const [alert] = group([guessed, ofPrincipal(1, { detector: 'failures', token_uid: '' })]).changed;
      expect(alert).toMatchObject({ finding_count: 2, token_uid: '' });
      const links = linksOf(alert!, 'https://t.example');
      expect(links.token_api).toBe(`https://t.example/v1/tokens?principal_uid=${encodeURIComponent(principal)}`);
      expect(links.map).toContain('principal_uid=');
    });
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
