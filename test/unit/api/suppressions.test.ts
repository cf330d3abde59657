import { suppressionBody, suppressionEntry, type Suppression } from '../../../api/schemas/suppressions.js';
import { suppressionsWithin } from '../../../api/queries/list-suppressions.js';
import { matcherOf } from '../../../api/suppressions/matching.js';
import { createSuppressionRegistry } from '../../../api/suppressions/suppression-registry.js';
import type { Finding } from '../../../detectors/core/finding.js';
import type { EventWriter, Querier } from '../../../ingest/store/store.js';
import { finding, ManualClock, T0, TOKEN } from '../../support/alert-fixtures.js';

const none: Suppression = {
  suppression_uid: 'config:x', detector: '', measure: '', token_uid: '', principal_uid: '', address: '', service: '',
  severity_max: 'high', from: null, until: null, reason: 'known', created_at: null, created_by: 'configuration',
}; // prettier-ignore
const takes = (change: Partial<Suppression>, of: Partial<Finding> = {}): boolean =>
  matcherOf({ ...none, ...change })(finding(0, of));

describe('what a suppression takes', () => {
  it.each([
    [{ detector: 'rate' }, {}, true],
    [{ detector: 'novelty' }, {}, false],
    [{ detector: 'rate', measure: 'requests' }, {}, true],
    [{ detector: 'rate', measure: 'failures' }, {}, false],
    [{ token_uid: TOKEN }, {}, true],
    [{ token_uid: TOKEN, service: 'billing' }, {}, false],
    [{ principal_uid: 'https://idp.example|deployer' }, {}, true],
    [{ address: '203.0.113.7' }, {}, true],
    [{ address: '203.0.113.0/29' }, {}, true],
    [{ address: '203.0.113.8/29' }, {}, false],
    [{ address: '2001:db8::/32' }, { client_address: '2001:db8:1::5' }, true],
    [{ address: '2001:db8::/32' }, { client_address: '203.0.113.7' }, false],
    [{ address: '203.0.113.0/24' }, { client_address: 'unix:' }, false],
    [{ address: '203.0.113.0/24' }, { client_address: '' }, false],
    [{ detector: 'rate' }, { severity: 'critical' }, false],
    [{ detector: 'rate', severity_max: 'critical' }, { severity: 'critical' }, true],
    [{ detector: 'rate', severity_max: 'low' }, {}, false],
  ] as [Partial<Suppression>, Partial<Finding>, boolean][])('%j of %j: %s', (suppression, of, expected) => {
    expect(takes(suppression, of)).toBe(expected);
  });

  it('holds from its begin up to, not with, its end, by event time', () => {
    const at = finding(0).time;
    expect(takes({ detector: 'rate', from: at })).toBe(true);
    expect(takes({ detector: 'rate', until: at })).toBe(false);
    expect(takes({ detector: 'rate', from: finding(1).time })).toBe(false);
    expect(takes({ detector: 'rate', until: finding(1).time })).toBe(true);
  });
});

describe('an entry of the configuration', () => {
  it('is of a detector that there is, or of a rule', () => {
    const of = (detector: string) => suppressionEntry.safeParse({ name: 'x', reason: 'y', detector }).success;
    expect(['rate', 'exchange', 'rule:unguarded-route', 'noveltyy', 'rules', 'rule:'].map(of)).toEqual([
      true, true, true, false, false, false,
    ]); // prettier-ignore
  });

  it('needs a name, a reason and something that it names', () => {
    const entry = { name: 'scanner', reason: 'the yearly scan', address: '198.51.100.0/24' };
    expect(suppressionEntry.parse(entry)).toMatchObject({ severity_max: 'high', detector: '' });
    for (const change of [{ address: '' }, { reason: '' }, { name: 'No Name' }, { address: '10.0.0.0/8/8' }, { from: 'soon' }]) {
      expect(suppressionEntry.safeParse({ ...entry, ...change }).success).toBe(false);
    }
  });
}); // prettier-ignore

describe('a block of addresses', () => {
  const made = { reason: 'known', until: '2026-02-01T00:00:00Z' };
  const refused = (change: object): boolean => !suppressionBody.safeParse({ ...made, ...change }).success;

  it.each([
    '0.0.0.0/0', '128.0.0.0/1', '10.0.0.0/7', '::/0', '2000::/3', '2001:db8::/31',
    '::ffff:0:0/96', '::ffff:10.0.0.0/103', '::/64', '::/32',
  ])('%s may not stand alone, only beside something else', (address) => {
    const { error } = suppressionBody.safeParse({ ...made, address });
    expect(error?.issues).toMatchObject([{ path: ['address'], message: expect.stringContaining('at least /8') as string }]);
    expect(suppressionEntry.safeParse({ name: 'x', reason: 'x', address }).success).toBe(false);
    expect(refused({ address, measure: 'requests', severity_max: 'critical' })).toBe(true);
    expect(refused({ address, detector: 'rate' })).toBe(false);
    expect(refused({ address, token_uid: TOKEN })).toBe(false);
  });

  it.each(['10.0.0.0/8', '0.0.0.0', '::', '::1/128', '2001:db8::/32', '::ffff:10.0.0.0/104', '64:ff9b::/96'])(
    '%s may', (address) => { expect(refused({ address })).toBe(false); },
  );
}); // prettier-ignore

describe('which findings are heard', () => {
  const inserted: unknown[] = [];
  const asked: unknown[] = [];
  let stored: { version: number; row: Suppression }[] = [];
  const querier = {
    run: (query: unknown, params: unknown) => {
      expect(query).toBe(suppressionsWithin);
      asked.push(params);
      return Promise.resolve(stored);
    },
  } as unknown as Querier;
  const writer = {
    insertRows: (_table: string, rows: readonly unknown[]) => Promise.resolve(inserted.push(...rows)),
  } as unknown as EventWriter;
  const registry = createSuppressionRegistry(querier, writer, new ManualClock());
  const uid = '00000000-0000-4000-8000-000000000001';

  it('is asked for the time of the batch alone, and follows each new version', async () => {
    stored = [{ version: 1, row: { ...none, suppression_uid: uid, detector: 'rate', until: finding(60).time } }];
    const [first, last, other] = [finding(1), finding(30), finding(5, { detector: 'novelty' })];
    expect(await registry.heard([last, first, other])).toEqual([other]);
    expect(asked).toEqual([{ from_ms: T0 + 60_000, to_ms: T0 + 1_800_000 }]);
    expect(inserted).toEqual([last, first].map(({ finding_uid }) => ({ finding_uid, suppression: uid, reason: 'known' })));
    expect(await registry.heard([last])).toEqual([]);
    stored = [{ version: 2, row: { ...stored[0]!.row, until: finding(20).time } }];
    expect(await registry.heard([last, first])).toEqual([last]);
    stored = [];
    expect(await registry.heard([first])).toEqual([first]);
  });

  it('is what configuration and observed detectors leave, until they change', async () => {
    registry.configure([suppressionEntry.parse({ name: 'x', reason: 'x', service: 'orders' })], ['novelty']);
    const left = finding(2, { target_service: 'billing' });
    expect(await registry.heard([finding(1), left, finding(3, { detector: 'novelty', target_service: '' })])).toEqual([left]);
    registry.configure([], []);
    expect(await registry.heard([finding(1)])).toHaveLength(1);
  });

  it('asks nothing for no findings', async () => {
    asked.length = 0;
    expect(await registry.heard([])).toEqual([]);
    expect(asked).toEqual([]);
  });
}); // prettier-ignore
