import type { Clock } from '../../ingest/core/clock.js';
import type { Config } from '../config/schema.js';
import type { Destination, Notifier } from './notifiers/notifier.js';
import { ocsfOfAlert } from './ocsf.js';
import type { AlertPayload } from './payload.js';
import { createPagerDutyNotifier, parseRoutingKey } from './notifiers/pagerduty.js';
import { parseSigningKeys } from './notifiers/signature.js';
import { createSlackNotifier, parseSlackUrl } from './notifiers/slack.js';
import { createWebhookNotifier } from './notifiers/webhook.js';

type DestinationConfig = Config['alerts']['destinations'][number];
type ReadSecret = (file: string) => string;

/**
 * The configured destinations. Secrets are read here, once, and live in the notifiers alone.
 * @param readSecret gives the content of a secret file, or throws an AppError that names it.
 * @param version of the product, for what names its sender.
 * @throws AppError TQ_CONFIG_INVALID that names the file, never its content.
 */
export function destinationsOf(
  configured: readonly DestinationConfig[],
  readSecret: ReadSecret,
  clock: Clock,
  version = 'unknown',
): readonly Destination[] {
  return configured.map((entry) => ({
    name: entry.name,
    drills: entry.drills,
    severityMin: entry.severity_min,
    notifier: notifierOf(entry, readSecret, clock, version),
  }));
}

function notifierOf(entry: DestinationConfig, readSecret: ReadSecret, clock: Clock, version: string): Notifier {
  switch (entry.kind) {
    case 'webhook': {
      const keys = parseSigningKeys(readSecret(entry.secret_file), entry.secret_file);
      const body = (payload: AlertPayload): object => ocsfOfAlert(payload, version);
      return createWebhookNotifier({ url: entry.url, keys, ...(entry.format === 'ocsf' && { body }) }, clock);
    }
    case 'pagerduty': {
      const routingKey = parseRoutingKey(readSecret(entry.routing_key_file), entry.routing_key_file);
      return createPagerDutyNotifier({ url: entry.url, routingKey }, clock);
    }
    case 'slack':
      return createSlackNotifier({ url: parseSlackUrl(readSecret(entry.url_file), entry.url_file) }, clock);
  }
}
