import { parseSigningKeys, webhookSignature } from '../../../../api/alerts/notifiers/signature.js';
import { parseRetryAfter } from '../../../../api/alerts/notifiers/http-attempt.js';
import { createWebhookNotifier } from '../../../../api/alerts/notifiers/webhook.js';
import { systemClock } from '../../../../ingest/core/clock.js';
import { T0 } from '../../../support/alert-fixtures.js';

describe('webhook signature', () => {
  it('is that of the Standard Webhooks reference', () => {
    // Values of the test suite of the reference libraries (standard-webhooks, libraries/python/tests).
    const keys = parseSigningKeys('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'test');
    const body = '{"test": 2432232314}';
    expect(webhookSignature(keys, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, body)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('signs with every secret while one is being rotated', () => {
    const lines = [1, 2].map((fill) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`);
    const both = webhookSignature(parseSigningKeys(`${lines.join('\n')}\n`, 'test'), 'id', 1, '{}');
    expect(both.split(' ')).toEqual(
      lines.map((line) => webhookSignature(parseSigningKeys(line, 'test'), 'id', 1, '{}')),
    );
  });

  it.each(['', 'hunter2', 'whsec_short', `whsec_${'A'.repeat(200)}`])(
    'refuses the secret "%s" without saying it',
    (text) => {
      const attempt = () => parseSigningKeys(text, 'soc.secret');
      expect(attempt).toThrow(expect.objectContaining({ code: 'TQ_CONFIG_INVALID' }) as Error);
      expect(attempt).toThrow(/soc\.secret/);
      if (text !== '') expect(attempt).not.toThrow(new RegExp(text));
    },
  );
});

describe('webhook notifier', () => {
  const keys = parseSigningKeys(`whsec_${Buffer.alloc(32, 1).toString('base64')}`, 'test');

  it('refuses a URL with a password, and does not repeat it', () => {
    const make = () => createWebhookNotifier({ url: 'https://user:hunter2@example.org/x', keys }, systemClock);
    expect(make).toThrow(expect.objectContaining({ code: 'TQ_CONFIG_INVALID' }) as Error);
    expect(make).not.toThrow(/hunter2/);
  });

  it('says why it could not connect, without the URL', async () => {
    const notifier = createWebhookNotifier({ url: 'http://127.0.0.1:9/secret-path', keys }, systemClock);
    const notification = { delivery_uid: 'd', payload: {} as never };
    const outcome = await notifier.notify(notification, new AbortController().signal);
    expect(outcome).toMatchObject({ kind: 'retry', status: 0 });
    expect(JSON.stringify(outcome)).not.toContain('secret-path');
  });

  it.each([
    ['120', 120_000],
    [new Date(T0 + 90_000).toUTCString(), 90_000],
    [new Date(T0 - 90_000).toUTCString(), 0],
    ['999999999', 86_400_000],
    ['soon', null],
    ['-5', null],
    [null, null],
  ])('reads Retry-After %s', (text, expected) => {
    const ms = parseRetryAfter(text, T0);
    if (text === '-5') expect(ms === null || ms >= 0).toBe(true);
    else expect(ms).toBe(expected);
  });
});
