import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../../core/errors.js';
import { formatTime } from '../../event/time.js';
import type { RawRecord } from '../../pipeline/record-parser.js';

/**
 * A delivery is one record. GitHub tells the kind of the event and the id of the delivery in headers
 * (https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers); the source needs them beside the payload.
 *
 * @throws AppError TQ_REQUEST_INVALID when the payload comes as a form.
 */
export function githubDelivery(
  body: Buffer,
  headers: IncomingHttpHeaders,
  recordBytesMax: number,
  nowMs: number,
): RawRecord {
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true) {
    throw new AppError('TQ_REQUEST_INVALID', 'The webhook sends its payload as a form.', {
      mend: 'Set the webhook’s content type to application/json at GitHub.',
    });
  }
  const head = JSON.stringify({
    github_event: headers['x-github-event'],
    delivery: headers['x-github-delivery'],
    received_at: formatTime(nowMs),
  });
  // The payload is put in as it came: one that is no JSON makes a record that is none, whose fault the source names.
  const text = `${head.slice(0, -1)},"payload":${body.toString('utf8')}}`;
  return { text, offset: 0, truncated: body.length > recordBytesMax };
}
