import { createFingerprinter } from '../../../ingest/event/fingerprint.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { sourceFactories } from '../../../ingest/sources/registry.js';
import { apiOn, getFrom, type ApiFixture } from './api-fixture.js';
import { emptyStore, type SeededStore } from './seeded-store.js';

const fingerprinter = createFingerprinter([{ id: 'k1', key: Buffer.alloc(32, 7) }]);

interface Detail {
  readonly token: { readonly revoked_at: string | null };
  readonly made_from: readonly { readonly token_uid: string }[];
  readonly children: readonly { readonly token_uid: string }[];
  readonly rotated_to: readonly { readonly token_uid: string }[];
  readonly same_as: readonly { readonly token_uid: string; readonly by: readonly string[] }[];
  readonly revoked_at: string | null;
}

let place = 0;
function parse(product: string, records: readonly object[], options: object = {}): TokenEvent[] {
  const source = sourceFactories.find((factory) => factory.product === product)!.create(options);
  return records.flatMap((record) => {
    place += 1;
    const position = { container: 'lineage', offset: place };
    const read = source.parse(JSON.stringify(record), { instance: 'i', observedMs: Date.UTC(2026, 0, 6), position, fingerprinter }); // prettier-ignore
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    return read.value;
  });
}

const at = (minute: number): number => Date.UTC(2026, 0, 5, 9, minute);
const login = { realmId: 'shop', clientId: 'web', userId: 'u1', sessionId: 'S1', ipAddress: '198.51.100.7' };
const keycloak = parse(
  'keycloak',
  [
    { id: 'k1', time: at(0), type: 'LOGIN', ...login },
    { id: 'k2', time: at(1), type: 'CODE_TO_TOKEN', ...login, details: { token_id: 'A1', refresh_token_id: 'R1' } },
    { id: 'k3', time: at(2), type: 'REFRESH_TOKEN', ...login, details: { token_id: 'A2', refresh_token_id: 'R1', updated_refresh_token_id: 'R2' } },
    { id: 'k4', time: at(3), type: 'REFRESH_TOKEN', ...login, details: { token_id: 'A3', refresh_token_id: 'R2', updated_refresh_token_id: 'R3' } },
    { id: 'k5', time: at(4), type: 'TOKEN_EXCHANGE', ...login, clientId: 'gateway', details: { token_id: 'X1' } },
  ],
  { base: 'https://sso.example.com' },
); // prettier-ignore

const role = (name: string) => ({
  type: 'AssumedRole', principalId: `AROA${name}:s`, accountId: '123456789012', arn: `arn:aws:sts::123456789012:assumed-role/${name}/s`,
}); // prettier-ignore
const assume = (eventID: string, userIdentity: object, accessKeyId: string) => ({
  eventVersion: '1.08', eventTime: '2026-01-05T09:00:00Z', eventSource: 'sts.amazonaws.com', eventName: 'AssumeRole', eventID, userIdentity,
  responseElements: { credentials: { accessKeyId, expiration: '2026-01-05T10:00:00Z' } },
}); // prettier-ignore
const user = { type: 'IAMUser', arn: 'arn:aws:iam::123456789012:user/a', accountId: '123456789012', accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }; // prettier-ignore
const done = (eventID: string, eventTime: string, eventName: string, requestParameters: object) => ({
  eventVersion: '1.08', eventTime, eventSource: 'iam.amazonaws.com', eventName, eventID, userIdentity: { ...user, accessKeyId: 'AKIAIOSFODNN7ADMINAA' }, requestParameters,
}); // prettier-ignore
const trail = parse('cloudtrail', [
  done('c3', '2026-01-05T09:30:00Z', 'DeleteAccessKey', { userName: 'a', accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }),
  done('c4', '2026-01-05T09:31:00Z', 'DeleteUser', { userName: 'b' }),
  assume('c1', user, 'ASIAIOSFODNN7AAAAAAA'),
  assume('c2', { ...role('one'), accessKeyId: 'ASIAIOSFODNN7AAAAAAA' }, 'ASIAIOSFODNN7BBBBBBB'),
]);

const hashed = 'NUPFCwy5zqjlXrH1KbefBDyyUNSF/ee2bKu7UYOt19o=';
const pat = { '@timestamp': at(0), actor: 'alice', org: 'o', token_id: 77 };
const github = parse('github', [
  {
    ...pat,
    _document_id: 'g1',
    action: 'git.clone',
    hashed_token: hashed,
    programmatic_access_type: 'Personal access token (classic)',
  },
  { ...pat, _document_id: 'g2', '@timestamp': at(5), action: 'personal_access_token.access_revoked', actor: 'bob', user: 'alice' }, // prettier-ignore
]);

const uidOf = (is: (event: TokenEvent) => boolean): string =>
  [...keycloak, ...trail, ...github].find(is)?.token?.token_uid ?? 'none';
const jwt = (jti: string): string => uidOf(({ token }) => token?.jti === jti);
const key = (id: string): string => uidOf(({ token }) => token?.key_id === id);

describe('lineage of a token, from the records of its issuers', () => {
  let opened: SeededStore;
  let api: ApiFixture;

  beforeAll(async () => {
    opened = await emptyStore();
    const events = [...keycloak, ...trail, ...github];
    await opened.store.writer.insertEvents(
      events.map((event, index) => ({ event, partition: 0, offset: BigInt(index) })),
      'lineage',
    );
    api = await apiOn(opened.store);
  });
  afterAll(async () => {
    await api.app.close();
    await opened.close();
  });

  const detail = (uid: string): Promise<Detail> => getFrom(() => api)<Detail>(`/v1/tokens/${uid}`);
  const uids = (relatives: readonly { readonly token_uid: string }[]): string[] =>
    relatives.map(({ token_uid }) => token_uid).sort();

  it('leads from a session to its tokens, and never from one of them to the others', async () => {
    const session = uidOf(({ token }) => token?.identity === 'session');
    expect(uids((await detail(session)).children)).toEqual([jwt('A1'), jwt('X1')].sort());
    const exchanged = await detail(jwt('X1'));
    expect([uids(exchanged.made_from), uids(exchanged.children)]).toEqual([[session], []]);
  });

  it('follows a family of refresh tokens both ways', async () => {
    const middle = await detail(jwt('A2'));
    expect(uids(middle.made_from)).toEqual([jwt('A1')]);
    expect(uids(middle.children)).toEqual([jwt('A3')]);
    expect(uids(middle.rotated_to)).toEqual([jwt('A3')]);
  });

  it('follows an AWS key to the sessions that it made, and back', async () => {
    const [long, first, second] = [key('AKIAIOSFODNN7EXAMPLE'), key('ASIAIOSFODNN7AAAAAAA'), key('ASIAIOSFODNN7BBBBBBB')]; // prettier-ignore
    expect(uids((await detail(long)).children)).toEqual([first]);
    const middle = await detail(first);
    expect([uids(middle.made_from), uids(middle.children), uids(middle.rotated_to)]).toEqual([[long], [second], []]);
  });

  it('takes a deleted key for one that is over, and not the key that deleted it', async () => {
    expect((await detail(key('AKIAIOSFODNN7EXAMPLE'))).revoked_at).toBe('2026-01-05T09:30:00.000Z');
    expect((await detail(key('AKIAIOSFODNN7ADMINAA'))).revoked_at).toBeNull();
  });

  it('knows the end of a token that its issuer tells by another of its names', async () => {
    const shown = await detail(uidOf(({ token }) => token?.identity === 'github'));
    const told = uidOf(({ source }) => source.record_type === 'personal_access_token.access_revoked');
    expect(shown.same_as).toEqual([expect.objectContaining({ token_uid: told, by: ['key_id'] })]);
    expect([shown.token.revoked_at, shown.revoked_at]).toEqual([null, '2026-01-05T09:05:00.000Z']);
  });
});
