interface WebhookDefault {
  readonly verify: 'header' | 'hmac_sha256';
  readonly header: string;
}

/** How products show who they are, as their makers document it. */
export const webhookDefaults: ReadonlyMap<string, WebhookDefault> = new Map<string, WebhookDefault>([
  ['auth0', { verify: 'header', header: 'authorization' }],
  ['okta', { verify: 'header', header: 'authorization' }],
  ['github', { verify: 'hmac_sha256', header: 'x-hub-signature-256' }],
  ['kong', { verify: 'header', header: 'x-tourniquet-key' }],
]);
