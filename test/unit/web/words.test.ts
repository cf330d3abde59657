import { csvOf } from '../../../api/web/lib/csv.js';
import { bytes, count, percent, rate, span } from '../../../api/web/lib/format.js';
import { changeOf, groupTitle, isNamedNetwork } from '../../../api/web/map/words.js';
import { revocationsOf } from '../../../api/web/token/revocation.js';

const MINUTE = 60_000;
const sums = (requests: number) => ({ requests, failures: 0, caller_only: 0, callee_only: 0 });

describe('numbers as people read them', () => {
  it.each([
    [count(9_999), '9,999'],
    [count(12_345), '12.3k'],
    [count(4_560_000), '4.6M'],
    [rate(600, 60 * MINUTE), '10/min'],
    [rate(90, 60 * MINUTE), '1.5/min'],
    [rate(5, 60 * MINUTE), '5/h'],
    [rate(1, 48 * 60 * MINUTE), '<1/h'],
    [rate(0, MINUTE), '0/h'],
    [bytes(41_234_567), '41.2 MB'],
    [percent(0.001), '<1 %'],
    [percent(0.996), '>99 %'],
    [percent(1), '100 %'],
    [span(4 * MINUTE), '4 min'],
    [span(26 * 60 * MINUTE), '26 h'],
  ])('%s', (shown, wanted) => {
    expect(shown).toBe(wanted);
  });

  it.each([
    [310, 10, '×31'],
    [25, 10, '×2.5'],
    [104, 100, '+4 %'],
    [40, 100, '−60 %'],
    [100, 100, '±0 %'],
    [5, 0, ''],
    [0, 5, ''],
  ])('%d calls after %d are %s', (now, before, wanted) => {
    const one = { ...sums(now), before: sums(before), state: 'steady', alert: null } as const;
    expect(changeOf(one)).toBe(wanted);
  });
});

describe('groups of networks', () => {
  it('calls those that the operator named by their kind, and tells them from the others', () => {
    expect([groupTitle('network', 'office'), groupTitle('network', 'outside')]).toEqual(['own offices', 'outside']);
    const isNamed = (lane: 'network' | 'leaf', group: string): boolean => isNamedNetwork({ lane, group });
    expect([isNamed('network', 'egress'), isNamed('network', 'inside'), isNamed('leaf', 'vpn')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('tables to take away', () => {
  it('quotes what needs it and hands no formula to a spreadsheet', () => {
    const rows = [['a,b', 'say "x"', '=1+1', '@x', '-x', -1, 'line\nbreak']];
    expect(csvOf(rows)).toBe(`"a,b","say ""x""",'=1+1,'@x,'-x,-1,"line\nbreak"\r\n`);
  });
});

describe('how a token is ended', () => {
  const token = {
    token_uid: 'tok',
    name: '',
    key_id: '',
    kinds: [],
    identities: [],
    sources: [],
    issuers: [],
    scopes: [],
    audience: [],
    aliases: [],
    parents: [],
    principal_uid: '',
    principal_kind: '',
    principal_id: '',
    principal_name: '',
    first_seen: '',
    last_seen: '',
    last_use: null,
    last_failure: null,
    issued_at: null,
    expires_at: null,
    revoked_at: null,
    events: 1,
    uses: 1,
    failures: 0,
    secrets: 1,
  };

  it('offers nothing where nothing is known', () => {
    expect(revocationsOf(token)).toEqual([]);
  });

  it('ends a Keycloak session, and quotes hostile names for the shell', () => {
    const ways = revocationsOf({
      ...token,
      issuers: ["https://id.example.com/realms/shop'; rm -rf /"],
      aliases: [{ kind: 'sid', value: "a'b" }],
    });
    expect(ways).toHaveLength(1);
    const own = revocationsOf({
      ...token,
      issuers: ["https://id.example.com/realms/sh'op"],
      aliases: [{ kind: 'sid', value: "a'b" }],
    });
    expect(own[0]?.command).toBe(String.raw`kcadm.sh delete 'sessions/a'\''b' -r 'sh'\''op'`);
    expect(own[1]?.command).toContain(
      String.raw`'https://id.example.com/realms/sh'\''op/protocol/openid-connect/revoke'`,
    );
  });

  it('deactivates an AWS key', () => {
    const [way] = revocationsOf({ ...token, sources: ['cloudtrail'], key_id: 'AKIAEXAMPLE', principal_name: 'bob' });
    expect(way?.command).toBe(
      "aws iam update-access-key --access-key-id 'AKIAEXAMPLE' --status Inactive --user-name 'bob'",
    );
  });
});
