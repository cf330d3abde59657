import type { Clock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import { checkedUrl, post, type Answer } from './http-attempt.js';
import type { AttemptOutcome, Notifier } from './notifier.js';
import { slackMessage } from './slack-blocks.js';

export interface SlackOptions {
  /** The address of the incoming webhook. Whoever knows it may post, so it is a secret. */
  readonly url: URL;
  /** How long one attempt may take in all, milliseconds, default 10,000. */
  readonly timeoutMs?: number;
}

const ANSWER_BYTES_MAX = 256;

/** The mend for what Slack says (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). */
const mends: Readonly<Record<number, string>> = {
  400: 'the message is refused',
  403: 'posting is forbidden; check the app and the channel’s restrictions at Slack',
  404: 'the webhook or its channel is gone; make a new one and put its URL into url_file',
  410: 'the channel is archived; unarchive it or make a webhook for another',
};

/**
 * Reads the URL of an incoming webhook from the content of its file.
 * @throws AppError TQ_CONFIG_INVALID without the URL in its message.
 */
export function parseSlackUrl(text: string, place: string): URL {
  const url = checkedUrl(text.trim(), `The Slack webhook in ${place}`);
  const loopback = url.hostname === '127.0.0.1' || url.hostname === 'localhost' || url.hostname === '[::1]';
  if (url.protocol === 'https:' || loopback) return url;
  throw new AppError('TQ_CONFIG_INVALID', `The Slack webhook in ${place} is not https, and its URL is a secret.`, {
    mend: 'Copy the URL as Slack shows it.',
  });
}

export function createSlackNotifier(options: SlackOptions, clock: Clock): Notifier {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'tourniquet-slack/1' };
  return {
    notify: async ({ payload }, signal) => {
      const body = JSON.stringify(slackMessage(payload));
      const timeoutMs = options.timeoutMs ?? 10_000;
      const answer = await post(
        { url: options.url, headers, body, timeoutMs, answerBytesMax: ANSWER_BYTES_MAX },
        signal,
        clock,
      );
      return 'kind' in answer ? answer : outcomeOf(answer);
    },
  };
}

function outcomeOf({ status, text, retryAfterMs }: Answer): AttemptOutcome {
  // Slack answers with one word; anything else may hold anything and is not repeated.
  const word = /^[a-z][a-z_]{0,63}$/.test(text.trim()) ? text.trim() : '';
  const said = word === '' ? `answered ${status}` : `answered ${status} ${word}`;
  if (status === 200 && word === 'ok') return { kind: 'delivered', status };
  if (status >= 300 && status < 400) {
    return { kind: 'dead', status, reason: `${said}: redirects are not followed; copy the URL as Slack shows it` };
  }
  const mend = mends[status];
  if (mend !== undefined) return { kind: 'dead', status, reason: `${said}: ${mend}` };
  const reason = status === 200 ? 'answered 200, but not "ok" as Slack does' : said;
  return { kind: 'retry', status, reason, retryAfterMs };
}
