import { decoyIdentity } from '../../../../api/cli/actions/honeytoken.js';
import { makeDecoy } from '../../../../api/honeytokens/decoy-formats.js';
import type { Finding } from '../../../../detectors/core/finding.js';
import { DecoyIndex, type Decoy } from '../../../../detectors/honeytoken/decoys.js';
import { createDetectors } from '../../../../detectors/registry.js';
import { PartitionRuntime } from '../../../../detectors/worker/partition-runtime.js';
import { createFingerprinter } from '../../../../ingest/event/fingerprint.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { parseRecords } from '../../../../ingest/pipeline/record-parser.js';
import { sourceFactories } from '../../../../ingest/sources/registry.js';
import { makeEvent, tokenUid, type EventSketch } from '../../../support/token-events.js';

const T0 = Date.UTC(2026, 2, 2, 3);
const MINUTE = 60_000;

const decoy = (change: Partial<Decoy> = {}): Decoy => ({
  token_uid: tokenUid('decoy'),
  secret_fp: '',
  name: 'backup key',
  planted: 'wiki page Operations',
  removedMs: null,
  ...change,
});

function run(events: readonly TokenEvent[], decoys: readonly Decoy[] = [decoy()]): readonly Finding[] {
  const runtime = new PartitionRuntime({
    detectors: createDetectors(undefined, new DecoyIndex(decoys)),
    allowedLatenessMs: 1000,
    entitiesMax: 100,
  });
  events.forEach((event, n) => runtime.offer(event, { offset: BigInt(n), ordinal: 0 }));
  runtime.flush();
  return runtime.takeFindings().filter(({ detector }) => detector === 'honeytoken');
}

const use = (minute: number, change: Partial<EventSketch> = {}, address = '203.0.113.7'): TokenEvent => ({
  ...makeEvent({ timeMs: T0 + minute * MINUTE, token: 'decoy', ...change }),
  client: { address },
});

/** As CloudTrail's records of IAM are read. */
const keyLife = (
  minute: number,
  action: TokenEvent['action'],
  method: string,
  change: Partial<EventSketch> = {},
): TokenEvent => ({
  ...use(minute, { kind: 'cloud', action, ...change }),
  target: { service: 'iam.amazonaws.com', method },
});

describe('detector honeytoken', () => {
  it.each<[string, Partial<EventSketch>, string]>([
    ['an accepted use', {}, 'was used'],
    ['a refused one', { outcome: 'failure', status: 401, reason: 'invalid_token' }, 'was tried'],
    ['the outbound half of a hop', { direction: 'outbound' }, 'was used'],
    ['a login', { kind: 'issuer', action: 'login' }, 'was used'],
    ['what a cloud trail records', { kind: 'cloud', action: 'create' }, 'was used'],
    ['a policy that was changed with it', { kind: 'issuer', action: 'policy_change' }, 'was used'],
  ])('finds %s, from the first event on', (_name, change, how) => {
    const [found, ...more] = run([use(0, change)]);
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      detector: 'honeytoken',
      severity: 'critical',
      fidelity: 'high',
      techniques: ['T1552', 'T1078'],
      token_uid: tokenUid('decoy'),
    });
    expect(found?.summary).toBe(
      `Decoy credential backup key, planted in wiki page Operations, ${how}: nobody has a reason to, so somebody found it.`,
    );
    expect(found?.score).toMatchObject({ observed: 1, expected: 0 });
  });

  it.each<[string, readonly TokenEvent[], readonly Decoy[]]>([
    ['other tokens', [use(0, { token: 'other' })], [decoy()]],
    ['its owner’s housekeeping at the issuer', [use(0, { kind: 'issuer', action: 'revoke' })], [decoy()]],
    [
      'the making and deletion of an AWS key',
      [keyLife(0, 'create', 'CreateAccessKey'), keyLife(1, 'delete', 'DeleteAccessKey')],
      [decoy()],
    ],
    [
      'what is asked about a decoy, and the deletion of a Google key',
      [
        keyLife(0, 'introspect', 'GetAccessKeyLastUsed'),
        keyLife(1, 'delete', 'google.iam.admin.v1.DeleteServiceAccountKey'),
      ],
      [decoy()],
    ],
    ['a decoy after its removal', [use(0)], [decoy({ removedMs: T0 })]],
    ['anything while no decoy is registered', [use(0)], []],
  ])('is quiet about %s', (_name, events, decoys) => {
    expect(run(events, decoys)).toEqual([]);
  });

  it('finds a decoy that was refused another key: the record names who asked', () => {
    const refused = keyLife(0, 'create', 'CreateAccessKey', { outcome: 'failure', reason: 'access_denied' });
    expect(run([refused])).toHaveLength(1);
  });

  it('counts a use before the removal, however late it is replayed', () => {
    expect(run([use(0)], [decoy({ removedMs: T0 + 1 })])).toHaveLength(1);
  });

  it('says each address once in an episode, and an episode ends with a silent hour', () => {
    const events = [
      ...Array.from({ length: 50 }, (_, n) => use(n)),
      use(51, {}, '198.51.100.9'),
      ...Array.from({ length: 30 }, (_, n) => use(52 + n, {}, `192.0.2.${n}`)),
      use(52 + 29 + 61),
    ];
    const found = run(events);
    const addresses = found.map((finding) => finding.client_address);
    expect(addresses.slice(0, 2)).toEqual(['203.0.113.7', '198.51.100.9']);
    expect(addresses).toHaveLength(17);
    expect(addresses.at(-1)).toBe('203.0.113.7');
    expect(new Set(found.map((finding) => finding.finding_uid)).size).toBe(found.length);
  });

  it('knows a decoy under an older fingerprint key', () => {
    const event = use(0, { token: 'renamed' });
    const alias = { kind: 'previous_token_uid' as const, value: tokenUid('decoy') };
    expect(run([{ ...event, token: { ...event.token!, aliases: [alias] } }])).toHaveLength(1);
  });
});

describe('a decoy on its way through the real parsers', () => {
  const fingerprinter = createFingerprinter([{ id: 'k', key: Buffer.alloc(32, 5) }]);
  const wishes = { issuer: 'https://id.example.com', subject: 'svc', nowMs: T0 };

  function events(product: string, record: object): readonly TokenEvent[] {
    const source = sourceFactories.find((factory) => factory.product === product)!.create({});
    const raw = [{ text: JSON.stringify(record), offset: 0 }];
    const deps = { fingerprinter, clock: { nowMs: () => T0 } };
    const parsed = parseRecords({ source, instance: 'test' }, raw, 'c', deps);
    expect(parsed.faults).toEqual([]);
    return parsed.events;
  }

  const nginx = (headers: object): readonly TokenEvent[] =>
    events('nginx', {
      time_iso8601: new Date(T0).toISOString(),
      remote_addr: '203.0.113.7',
      request_method: 'GET',
      request_uri: '/',
      host: 'api.example.com',
      status: '401',
      ...headers,
    });

  it.each(['github', 'slack', 'stripe', 'jwt', 'generic'] as const)(
    '%s is known in a header of a refused request',
    (format) => {
      const made = makeDecoy(format, wishes);
      const registered = decoy({ secret_fp: '', ...decoyIdentity(made.presented, fingerprinter) });
      const secret = made.lines[0];
      const ways = [
        { authorization: `Bearer ${secret}` },
        { http_x_api_key: secret },
        { authorization: basic(`bob:${secret}`) },
      ];
      for (const way of ways) {
        const seen = nginx(way);
        if (seen[0]?.token === undefined) continue;
        expect(run(seen, [registered]).map((finding) => finding.detector)).toEqual(['honeytoken']);
        expect(JSON.stringify(run(seen, [registered]))).not.toContain(secret);
      }
      expect(run(nginx({ authorization: `Bearer ${secret}` }), [registered])).toHaveLength(1);
      expect(run(nginx({ authorization: basic(`bob:${secret}`) }), [registered])).toHaveLength(1);
    },
  );

  it('an AWS key is one and the same at a proxy and in CloudTrail', () => {
    const made = makeDecoy('aws', wishes);
    const id = made.lines[0]!.split(' = ')[1]!;
    const registered = decoy({ secret_fp: '', ...decoyIdentity(made.presented, fingerprinter) });
    const authorization = `AWS4-HMAC-SHA256 Credential=${id}/20260302/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
    const trail = {
      eventVersion: '1.08',
      userIdentity: { type: 'IAMUser', principalId: 'AIDAEXAMPLE', arn: 'arn:aws:iam::111122223333:user/x', accountId: '111122223333', accessKeyId: id, userName: 'x' },
      eventTime: '2026-03-02T03:00:00Z',
      eventSource: 'sts.amazonaws.com',
      eventName: 'GetCallerIdentity',
      awsRegion: 'us-east-1',
      sourceIPAddress: '203.0.113.7',
      userAgent: 'aws-cli/2',
      requestID: 'r',
      eventID: '4f1c1a2e-0000-4000-8000-000000000001',
      eventType: 'AwsApiCall',
      recipientAccountId: '111122223333',
    }; // prettier-ignore
    for (const seen of [nginx({ authorization }), events('cloudtrail', trail)]) {
      expect(run(seen, [registered]).map((finding) => finding.severity)).toEqual(['critical']);
    }
  });

  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
});
