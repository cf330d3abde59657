import { inspect } from 'node:util';
import { destinationsOf } from '../../../../api/alerts/destinations.js';
import type { NoticeKind } from '../../../../api/alerts/grouping.js';
import { groupFindings } from '../../../../api/alerts/grouping.js';
import type { AttemptOutcome, Notifier } from '../../../../api/alerts/notifiers/notifier.js';
import { createPagerDutyNotifier, parseRoutingKey } from '../../../../api/alerts/notifiers/pagerduty.js';
import { slackMessage } from '../../../../api/alerts/notifiers/slack-blocks.js';
import { createSlackNotifier, parseSlackUrl } from '../../../../api/alerts/notifiers/slack.js';
import { alertPayload, type AlertPayload } from '../../../../api/alerts/payload.js';
import { defaultPolicy } from '../../../../api/alerts/policy.js';
import type { Finding } from '../../../../detectors/core/finding.js';
import { systemClock } from '../../../../ingest/core/clock.js';
import { formatTime } from '../../../../ingest/event/time.js';
import { finding, T0 } from '../../../support/alert-fixtures.js';
import {
  pagerDutyReceiver,
  SLACK_PATH,
  slackReceiver,
  type ContractReceiver,
  type Played,
} from '../../../support/contract-receiver.js';

const KEY = 'R0123456789abcdefABCDEF012345678';
const BASE = 'https://tourniquet.example.org';

function payloadOf(change: Partial<Finding> = {}, kind: NoticeKind = 'opened'): AlertPayload {
  const [notice] = groupFindings([finding(0, change)], [], defaultPolicy, formatTime(T0)).notices;
  if (notice === undefined) throw new Error('no alert');
  const history =
    kind === 'acknowledged' || kind === 'resolved' || kind === 'suppressed'
      ? [
          ...notice.alert.history,
          { from: 'open' as const, to: kind, time: formatTime(T0), actor: 'anna <!here>', reason: 'rotating *it*' },
        ]
      : notice.alert.history;
  return alertPayload({ ...notice.alert, history }, kind, BASE);
}

/** Every free text of a finding is an attacker's; sizes are the largest that the event schema lets pass, and more. */
const hostile: Partial<Finding> = {
  token_name: '<!channel> <@U012AB3CD> <https://evil.example|log in> `rm` *b* _i_ ~s~ :fire: &lt; \u202Egnp\u0007\nx',
  principal_name: `</script>@here ${'<&>'.repeat(400)}`,
  principal_uid: '&'.repeat(1024),
  summary: `<!everyone> ${'😀'.repeat(4000)} & <#C024BE7LR>`,
  client_address: '<!here>'.repeat(36),
  target_service: '`'.repeat(256),
  techniques: Array.from({ length: 20 }, (_, n) => `T${n}`.repeat(60)),
  sql: `SELECT '\`\`\`<!channel>' ${'&'.repeat(20_000)}`,
};

const kinds = ['opened', 'escalated', 'acknowledged', 'resolved', 'suppressed', 'reopened', 'test'] as const;

interface Kind {
  readonly name: string;
  readonly make: () => ContractReceiver;
  readonly notifier: (url: string, timeoutMs: number) => Notifier;
  readonly secret: string;
}

const destinationKinds: readonly Kind[] = [
  {
    name: 'pagerduty',
    make: pagerDutyReceiver,
    notifier: (url, timeoutMs) => createPagerDutyNotifier({ url, routingKey: KEY, timeoutMs }, systemClock),
    secret: KEY,
  },
  {
    name: 'slack',
    make: slackReceiver,
    notifier: (url, timeoutMs) => createSlackNotifier({ url: parseSlackUrl(url, 'test'), timeoutMs }, systemClock),
    secret: SLACK_PATH,
  },
];

describe.each(destinationKinds)('destination $name', ({ name, make, notifier, secret }) => {
  let receiver: ContractReceiver;
  let url: string;

  beforeEach(async () => {
    receiver = make();
    url = await receiver.start();
  });
  afterEach(() => receiver.stop());

  const send = (payload: AlertPayload, timeoutMs = 5000): Promise<AttemptOutcome> =>
    notifier(url, timeoutMs).notify({ delivery_uid: 'd', payload }, new AbortController().signal);

  it.each(kinds)('keeps the documented contract for %s, also with hostile names and sizes', async (kind) => {
    for (const payload of [payloadOf({}, kind), payloadOf(hostile, kind)]) {
      const outcome = await send(payload);
      expect(receiver.calls.at(-1)?.faults).toEqual([]);
      expect(outcome.kind).toBe('delivered');
    }
  });

  const answers: readonly (readonly [Played, 'delivered' | 'retry' | 'dead', RegExp])[] = [
    [{ status: 301, headers: { location: 'http://127.0.0.1:9/' } }, 'dead', /redirects/],
    [{ status: 400, body: name === 'slack' ? 'invalid_blocks' : '{"errors":[]}' }, 'dead', /400/],
    [{ status: 429, headers: { 'retry-after': '30' } }, 'retry', /429/],
    [{ status: 500, body: 'rollup_error' }, 'retry', /500/],
    [{ status: 503 }, 'retry', /503/],
    ['reset', 'retry', /connection failed/],
  ];

  it.each(answers)('takes %j as %s', async (played, kind, reason) => {
    receiver.played.push(played);
    const outcome = await send(payloadOf());
    expect(outcome.kind).toBe(kind);
    expect(outcome).toMatchObject({ reason: expect.stringMatching(reason) as string });
    if (played !== 'reset' && typeof played === 'object' && played.status === 429) {
      expect(outcome).toMatchObject({ retryAfterMs: 30_000 });
    }
    expect(JSON.stringify(outcome)).not.toContain(secret);
  });

  it('does not wait for ever', async () => {
    receiver.played.push('hang');
    expect(await send(payloadOf(), 100)).toMatchObject({ kind: 'retry', status: 0, reason: /100 ms/ });
  });

  it('does not believe a 2xx of somebody else', async () => {
    receiver.played.push({ status: 200, body: '<html>Log in to the guest network' });
    const outcome = await send(payloadOf());
    expect(outcome.kind).toBe('retry');
    expect(JSON.stringify(outcome)).not.toContain('guest');
  });

  it('says where nobody listens without saying the secret', async () => {
    await receiver.stop();
    const outcome = await send(payloadOf());
    expect(outcome).toMatchObject({ kind: 'retry', status: 0, reason: 'connection failed (ECONNREFUSED)' });
    expect(JSON.stringify(outcome)).not.toContain(secret);
    await receiver.start();
  });
});

describe('PagerDuty', () => {
  it('maps severities and changes, under one dedup_key', async () => {
    const receiver = pagerDutyReceiver();
    const url = await receiver.start();
    const notifier = createPagerDutyNotifier({ url, routingKey: KEY }, systemClock);
    const sent: [string, string | undefined][] = [];
    for (const kind of kinds) {
      await notifier.notify({ delivery_uid: 'd', payload: payloadOf({}, kind) }, new AbortController().signal);
      const body = receiver.calls.at(-1)?.body as { event_action: string; payload?: { severity: string } };
      sent.push([body.event_action, body.payload?.severity]);
    }
    expect(sent).toEqual([
      ['trigger', 'warning'],
      ['trigger', 'warning'],
      ['acknowledge', undefined],
      ['resolve', undefined],
      ['resolve', undefined],
      ['trigger', 'warning'],
      ['trigger', 'info'],
    ]);
    const keys = new Set(receiver.calls.map((call) => (call.body as { dedup_key: string }).dedup_key));
    expect(keys).toEqual(new Set([payloadOf().data.alert_uid]));
    for (const [severity, expected] of [['critical', 'critical'], ['high', 'error'], ['low', 'info']] as const) {
      await notifier.notify({ delivery_uid: 'd', payload: payloadOf({ severity, fidelity: 'high' }) }, new AbortController().signal);
      expect(receiver.calls.at(-1)?.body).toMatchObject({ payload: { severity: expected } });
    }
    await receiver.stop();
  }); // prettier-ignore

  it('answers which, what, since when, from where, touching what and what next', async () => {
    const receiver = pagerDutyReceiver();
    const url = await receiver.start();
    const notifier = createPagerDutyNotifier({ url, routingKey: KEY }, systemClock);
    await notifier.notify({ delivery_uid: 'd', payload: payloadOf() }, new AbortController().signal);
    const payload = payloadOf();
    expect(receiver.calls[0]?.body).toMatchObject({
      payload: {
        summary: 'MEDIUM deployer: Token ci-deploy made 300 requests in a minute; 12 are usual.',
        source: 'ci-deploy',
        component: 'orders',
        group: 'deployer',
        custom_details: {
          Token: `ci-deploy (${payload.data.which.token_uid})`,
          Principal: 'deployer (https://idp.example|deployer)',
          Seen: '300 requests/min',
          Expected: '12 ± 3 requests/min (400 samples)',
          Since: '2026-01-05T12:00:00.000Z',
          From: '203.0.113.7',
          Touching: 'orders',
          SQL: 'SELECT count() FROM token_events',
          'Next step': expect.stringContaining('deployer') as string,
        },
      },
      links: [
        { href: `${BASE}/alerts/${payload.data.alert_uid}` },
        { href: `${BASE}/tokens/${payload.data.which.token_uid}` },
        { href: expect.stringMatching(/^https:\/\/[^/]+\/\?from=/) as string },
        { href: `${BASE}/sql?q=SELECT+count%28%29+FROM+token_events` },
      ],
      client_url: `${BASE}/alerts/${payload.data.alert_uid}`,
    });
    await receiver.stop();
  });

  it.each(['', 'short', `${KEY}0`, `${KEY.slice(0, 31)}!`])('refuses the key "%s" without saying it', (text) => {
    const read = () => parseRoutingKey(text, 'pd.key');
    expect(read).toThrow(/pd\.key/);
    if (text !== '') expect(read).not.toThrow(new RegExp(text.slice(0, 20)));
  });
});

describe('Slack', () => {
  it.each([
    [403, 'invalid_token'],
    [403, 'action_prohibited'],
    [404, 'no_service'],
    [404, 'channel_not_found'],
    [410, 'channel_is_archived'],
  ])('gives up after %i %s and says the mend', async (status, body) => {
    const receiver = slackReceiver();
    const url = await receiver.start();
    receiver.played.push({ status, body });
    const notifier = createSlackNotifier({ url: parseSlackUrl(url, 'test') }, systemClock);
    const outcome = await notifier.notify({ delivery_uid: 'd', payload: payloadOf() }, new AbortController().signal);
    expect(outcome).toMatchObject({ kind: 'dead', status, reason: expect.stringContaining(body) as string });
    await receiver.stop();
  });

  it.each(['http://hooks.slack.com/services/T0/B0/secret', 'hunter2', 'https://u:hunter2@hooks.slack.com/x'])(
    'refuses the URL "%s" without saying it',
    (text) => {
      const read = () => parseSlackUrl(text, 'slack.url');
      expect(read).toThrow(/slack\.url/);
      expect(read).not.toThrow(/hunter2|T0\/B0/);
    },
  );

  it('says that a drill is a drill, once', () => {
    const { text, blocks } = slackMessage(payloadOf({ drill: true, summary: '[DRILL] Decoy was used.' }));
    expect(text).toBe('[DRILL] MEDIUM deployer: Decoy was used.');
    expect(JSON.stringify(blocks)).toContain('this is a drill');
  });

  it('lets a hostile name be read, and do nothing', () => {
    const sent = slackMessage(payloadOf(hostile));
    const message = JSON.stringify(sent);
    const texts = sent.blocks.flatMap((block) =>
      block.type === 'section' && 'text' in block && block.text.type === 'mrkdwn' ? [block.text.text] : [],
    );
    expect(texts).toHaveLength(1);
    expect(texts[0]?.match(/`+/g)).toEqual(['```', '```']);
    expect(texts[0]).toContain('&lt;!channel&gt;');
    expect(message).toContain(
      '&lt;@U012AB3CD&gt; &lt;https://evil.example|log in&gt; `rm` *b* _i_ ~s~ :fire: &amp;lt;',
    );
    expect(message).not.toMatch(/\u202e|"emoji":true/i);
  });
});

describe('destinationsOf', () => {
  it('reads each secret from its file and keeps it out of what can be printed', () => {
    const secrets: Record<string, string> = { f1: `${KEY}\n`, f2: 'https://hooks.slack.com/services/T0/B0/zzz\n' };
    const destinations = destinationsOf(
      [
        {
          name: 'pager',
          kind: 'pagerduty',
          routing_key_file: 'f1',
          url: 'https://x.example/',
          severity_min: 'high',
          drills: false,
        },
        { name: 'chat', kind: 'slack', url_file: 'f2', severity_min: 'low', drills: true },
      ],
      (file) => secrets[file] ?? '',
      systemClock,
    );
    expect(destinations.map(({ name, severityMin, drills }) => [name, severityMin, drills])).toEqual([
      ['pager', 'high', false],
      ['chat', 'low', true],
    ]);
    const shown = inspect(destinations, { depth: 10, showHidden: true });
    expect(shown).not.toMatch(/R0123456789|zzz/);
  });
});
