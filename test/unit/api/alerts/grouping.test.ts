import fc from 'fast-check';
import type { Alert } from '../../../../api/alerts/alert.js';
import { groupFindings } from '../../../../api/alerts/grouping.js';
import { linksOf } from '../../../../api/alerts/payload.js';
import { defaultPolicy } from '../../../../api/alerts/policy.js';
import { severities } from '../../../../detectors/core/detector.js';
import type { Finding } from '../../../../detectors/core/finding.js';
import { finding, TOKEN } from '../../../support/alert-fixtures.js';

const now = '2026-01-05T13:00:00.000Z';
const group = (findings: Parameters<typeof groupFindings>[0], current: readonly Alert[] = []) =>
  groupFindings(findings, current, defaultPolicy, now);

const nothing = { changed: [], merged: [], notices: [] };

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
    // What was known before is what it is assessed with.
    expect(alert[0]).toEqual({ ...atOnce, version: 3, risk: alert[0]?.risk });
  });

  it('changes nothing when the same findings come again', () => {
    const { changed } = group([finding(0), finding(1)]);
    expect(group([finding(0), finding(1)], changed)).toEqual(nothing);
  });

  it('tells of a rise of severity once, and shows the reading of the worst finding', () => {
    const worse = finding(2, { severity: 'critical', summary: 'worse' });
    const first = group([finding(0)]).changed;
    const { changed, notices } = group([worse, finding(3, { severity: 'critical' })], first);
    expect(notices.map(({ kind, discriminator }) => [kind, discriminator])).toEqual([
      ['escalated', 'escalated:critical'],
    ]);
    expect(changed[0]?.reading.finding_uid).toBe(worse.finding_uid);
    expect(changed[0]?.title).toBe('worse');
  });

  it('tells of a new kind of high fidelity though the severity stays', () => {
    const first = group([finding(0, { severity: 'high' })]).changed;
    const sure = finding(1, { severity: 'high', fidelity: 'high', detector: 'honeytoken' });
    const { changed, notices } = group([sure], first);
    expect(notices.map(({ discriminator }) => discriminator)).toEqual(['signal:honeytoken/requests']);
    expect(changed[0]?.signals.map(({ detector, count }) => [detector, count])).toEqual([['honeytoken', 1], ['rate', 1]]); // prettier-ignore
    expect(group([finding(2, { severity: 'high' })], changed).notices).toEqual([]);
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
    const ofPrincipal = (minute: number, change: Partial<Finding> = {}) =>
      finding(minute, { entity_kind: 'principal', entity_uid: principal, token_uid: TOKEN, ...change });
    const other = `tok_${'B'.repeat(22)}`;

    it('makes one alert of what any detector says of both, whichever comes first', () => {
      for (const findings of [
        [finding(0), ofPrincipal(1, { detector: 'novelty', severity: 'low' })],
        [ofPrincipal(0, { detector: 'novelty' }), finding(1)],
      ]) {
        const atOnce = group(findings);
        expect(atOnce.changed).toHaveLength(1);
        expect(atOnce.changed[0]).toMatchObject({ finding_count: 2, token_uid: TOKEN, principal_uid: principal });
        expect(atOnce.notices.map(({ kind }) => kind)).toEqual(['opened']);
        const first = group(findings.slice(0, 1)).changed;
        expect(group(findings.slice(1), first).changed).toMatchObject([{ finding_count: 2 }]);
        expect(group(findings, atOnce.changed)).toEqual(nothing);
      }
    });

    it('names every token of the principal, and keeps apart what is of another time', () => {
      const second = ofPrincipal(1, { token_uid: other });
      expect(group([finding(0), second]).changed).toMatchObject([{ token_uid: TOKEN, token_uids: [TOKEN, other] }]);
      expect(group([finding(0), ofPrincipal(600)]).changed).toHaveLength(2);
    });

    it('knows the owner of a token whose own finding names none', () => {
      const bare = finding(0, { principal_uid: '', principal_name: '' });
      const first = group([bare]).changed;
      expect(first).toMatchObject([{ entity_kind: 'token', entity_uid: TOKEN }]);
      const second = group([ofPrincipal(1), bare], first);
      expect(second.changed).toMatchObject([{ alert_uid: first[0]?.alert_uid, principal_uid: principal }]);
      expect(group([bare, ofPrincipal(1)]).changed).toHaveLength(1);
    });

    it('keeps a drill apart from the real thing', () => {
      expect(group([finding(0), finding(1, { drill: true })]).changed).toHaveLength(2);
    });

    it('makes one alert of guessing without a token, and links to the principal', () => {
      const guessed = ofPrincipal(0, { detector: 'failures', token_uid: '', token_name: '' });
      const [alert] = group([guessed, ofPrincipal(1, { detector: 'failures', token_uid: '' })]).changed;
      expect(alert).toMatchObject({ finding_count: 2, token_uid: '', token_uids: [] });
      const links = linksOf(alert!, 'https://t.example');
      expect(links.token_api).toBe(`https://t.example/v1/tokens?principal_uid=${encodeURIComponent(principal)}`);
      expect(links.map).toContain('principal_uid=');
    });
  });

  describe('by risk', () => {
    const weak = (minute: number, detector: string, change: Partial<Finding> = {}) =>
      finding(minute, { detector, severity: 'low', fidelity: 'medium', ...change });

    it('lets one weak signal be, and raises an alert when several add up', () => {
      expect(group([weak(0, 'novelty')])).toEqual(nothing);
      const { changed, notices } = group([weak(0, 'novelty'), weak(90, 'concurrent')]);
      expect(changed).toMatchObject([{ severity: 'medium', finding_count: 2, first_seen: weak(90, 'x').time }]);
      expect(changed[0]?.title).toMatch(/^Several signals together: /);
      expect(changed[0]?.risk).toBeGreaterThan(100);
      expect(notices.map(({ kind }) => kind)).toEqual(['opened']);
    });

    it('forgets: the same signals, days apart, raise nothing', () => {
      expect(group([weak(0, 'novelty'), weak(2 * 1440, 'concurrent'), weak(4 * 1440, 'travel')])).toEqual(nothing);
    });

    it('is not raised by debts, and one detector that repeats itself adds little', () => {
      const debts = ['plaintext', 'long', 'never', 'url'].flatMap((detector) =>
        [0, 60, 120].map((minute) => finding(minute, { detector, severity: 'info', fidelity: 'high' })),
      );
      expect(group(debts)).toEqual(nothing);
      expect(group(Array.from({ length: 3 }, (_, n) => weak(n, 'novelty')))).toEqual(nothing);
    });

    it('counts once what one event says of a token and of its principal', () => {
      const owner = finding(0).principal_uid;
      const ofBoth = (minute: number, detector: string, change: Partial<Finding> = {}): Finding[] => [
        weak(minute, detector, change),
        weak(minute, detector, { ...change, entity_kind: 'principal', entity_uid: owner, token_uid: '' }),
      ];
      const twice = ofBoth(0, 'baseline', { severity: 'medium' });
      expect(twice[0]?.finding_uid).not.toBe(twice[1]?.finding_uid);
      const [alone] = group(twice.slice(0, 1)).changed;
      expect(group(twice).changed).toMatchObject([{ finding_count: 2, risk: alone!.risk }]);
      // The graver word counts, and another event is another fact.
      const graver = [twice[0]!, { ...twice[1]!, severity: 'high' as const }];
      expect(group(graver).changed[0]?.risk).toBe(group(graver.slice(1)).changed[0]?.risk);
      expect(group([...twice, ...ofBoth(9, 'baseline')]).changed[0]?.risk).toBeGreaterThan(alone!.risk);
    });

    it('takes signals of before and after into an alert without a word', () => {
      const info = (minute: number) => finding(minute, { detector: 'novelty', severity: 'info', fidelity: 'low' });
      const { changed, notices } = group([info(-300), finding(0), info(100)]);
      expect(changed).toMatchObject([{ finding_count: 3, first_seen: finding(0).time, last_seen: finding(0).time }]);
      expect(notices).toHaveLength(1);
      const later = group([info(120)], changed);
      expect(later).toMatchObject({ changed: [{ finding_count: 4 }], notices: [] });
    });

    it('no longer counts what a resolved alert holds', () => {
      const [alert] = group([finding(0, { severity: 'high', fidelity: 'medium' })]).changed;
      const after = weak(300, 'travel');
      expect(group([after, finding(0, { severity: 'high', fidelity: 'medium' })], [alert!]).changed).toHaveLength(1);
      const resolved: Alert = { ...alert!, state: 'resolved' };
      expect(group([after, finding(0, { severity: 'high', fidelity: 'medium' })], [resolved])).toEqual(nothing);
    });
  });

  describe('in any order', () => {
    const kinds = ['rate', 'novelty', 'concurrent', 'baseline'];
    const some = fc.array(
      fc.record({
        // Often just too far apart to be one, so that a later one between them makes a merge, and one after that meets it.
        minute: fc.oneof(
          fc.integer({ min: 0, max: 4000 }),
          fc.integer({ min: 0, max: 10 }).map((n) => n * 130),
        ),
        detector: fc.constantFrom(...kinds),
        severity: fc.constantFrom(...severities),
        fidelity: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
      }),
      { minLength: 1, maxLength: 14 },
    );
    const keysOfOrder = fc.array(fc.nat(), { minLength: 14, maxLength: 14 });
    const made = (
      list: readonly {
        minute: number;
        detector: string;
        severity: Finding['severity'];
        fidelity: Finding['fidelity'];
      }[],
    ) =>
      // prettier-ignore
      list.map(({ minute, ...change }, n) =>
        finding(minute, { ...change, finding_uid: `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000` }),
      );

    /** As the service does it: each batch with all that was known before. */
    function inBatches(order: readonly Finding[], size: number): Alert[] {
      let alerts = new Map<string, Alert>();
      const known: Finding[] = [];
      for (let at = 0; at < order.length; at += size) {
        const batch = order.slice(at, at + size);
        const { changed, merged } = group([...batch, ...known], [...alerts.values()]);
        alerts = new Map([...alerts, ...[...changed, ...merged].map((alert) => [alert.alert_uid, alert] as const)]);
        known.push(...batch);
      }
      return [...alerts.values()].filter(({ state }) => state === 'open');
    }
    /** Findings that raise, by alert, and what the alert says; which alert a bystander joins may depend on the order. */
    const said = (alerts: readonly Alert[]) =>
      alerts
        .map(({ first_seen, last_seen, severity, fidelity, reading, title }) => [
          first_seen,
          last_seen,
          severity,
          fidelity,
          reading.finding_uid,
          title,
        ]) // prettier-ignore
        .sort();

    it('and in any batches the same incidents come out', () => {
      fc.assert(
        fc.property(some, keysOfOrder, fc.integer({ min: 1, max: 3 }), (list, keys, size) => {
          const findings = made(list);
          const shuffled = findings
            .map((one, n) => [keys[n] ?? n, one] as const)
            .sort((a, b) => a[0] - b[0])
            .map(([, one]) => one);
          expect(said(inBatches(shuffled, size))).toEqual(said(inBatches(findings, findings.length)));
        }),
        { numRuns: 300 },
      );
    });

    it('two alerts become one when a finding between them comes late', () => {
      const apart = group([finding(0), finding(400)]).changed;
      expect(apart).toHaveLength(2);
      const { changed, merged, notices } = group([finding(200), finding(0), finding(400)], apart);
      expect(changed).toMatchObject([{ finding_count: 3, state: 'open', first_seen: finding(0).time }]);
      expect(merged).toMatchObject([{ state: 'resolved' }]);
      expect(merged[0]?.history.at(-1)?.reason).toContain(changed[0]?.alert_uid);
      expect(notices.map(({ kind, discriminator }) => [kind, discriminator])).toEqual([
        ['resolved', `merged:${changed[0]?.alert_uid ?? ''}`],
      ]);
      expect(group([finding(200), finding(0), finding(400)], [...changed, ...merged])).toEqual(nothing);

      const late = group([finding(390, { severity: 'critical' })], [...changed, ...merged]);
      expect(late.changed).toMatchObject([
        { alert_uid: changed[0]?.alert_uid, severity: 'critical', finding_count: 4 },
      ]);
      expect(late.notices.map(({ discriminator }) => discriminator)).toEqual(['escalated:critical']);
    });

    it('counts a merge once when it comes again because a kill left the other alert open', () => {
      const apart = group([finding(0), finding(400)]).changed;
      const bridge = [finding(200), finding(0), finding(400)];
      const once = group(bridge, apart);
      const [survivor, other] = [
        once.changed[0]!,
        apart.find(({ alert_uid }) => alert_uid === once.merged[0]?.alert_uid)!,
      ];
      expect(survivor.signals).toMatchObject([{ count: 3 }]);
      expect(group(bridge, [survivor, other])).toEqual({ ...once, changed: [] });
      // The other has got one more meanwhile.
      const grown = group([finding(401)], [other]).changed[0]!;
      expect(group(bridge, [survivor, grown]).changed).toMatchObject([{ finding_count: 4, signals: [{ count: 3 }] }]);
    });

    it('counts a merge of many findings once though the lists are full', () => {
      const many = (from: number) => Array.from({ length: 600 }, (_, n) => finding(from + n / 60));
      const apart = group([...many(0), ...many(400)]).changed;
      expect(apart).toHaveLength(2);
      const once = group([finding(200)], apart);
      expect(once.changed).toMatchObject([{ finding_count: 1000, signals: [{ count: 1200 }] }]);
      const again = group([finding(200)], [once.changed[0]!, apart[1]!]);
      expect(again.merged).toHaveLength(1);
      expect(again.changed.every(({ signals }) => signals[0]?.count === 1200)).toBe(true);
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
    expect(group([finding(0, { severity: 'info' })])).toEqual(nothing);
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
