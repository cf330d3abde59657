import type { WebhookInput } from '../../ingest/collectors/webhook/webhook-routes.js';
import type { WebhookRule } from '../../ingest/collectors/webhook/webhook-rule.js';
import { AppError } from '../../ingest/core/errors.js';
import type { SourceConfig } from '../config/schema.js';
import type { WebhookInputConfig } from '../config/input-schema.js';
import { webhookDefaults } from '../config/webhook-defaults.js';
import { bindingOf } from './source-by-name.js';
import { readSecrets } from './secret-file.js';

const secretBytesMin = 16;

/** @throws AppError TQ_FILE_UNREADABLE, TQ_CONFIG_INVALID when a secret is missing or can be guessed. */
export function webhookRule(product: string, input: WebhookInputConfig): WebhookRule {
  const usual = webhookDefaults.get(product);
  const kind = input.verify ?? usual?.verify ?? 'header';
  const header = input.header ?? (usual?.verify === kind ? usual.header : undefined);
  const secrets = readSecrets(input);
  if (secrets.some((secret) => Buffer.byteLength(secret) < secretBytesMin)) {
    throw new AppError('TQ_CONFIG_INVALID', `A secret of a webhook is shorter than ${String(secretBytesMin)} bytes.`, {
      mend: 'Make a longer one (openssl rand -hex 32), and give it to the sender too.',
    });
  }
  return { kind, secrets, header: header ?? (kind === 'header' ? 'authorization' : 'x-hub-signature-256') };
}

/** A source that a product posts to. */
export function webhookInput(source: SourceConfig, input: WebhookInputConfig): WebhookInput {
  return { ...bindingOf(source), name: source.name, rule: webhookRule(source.product, input) };
}
