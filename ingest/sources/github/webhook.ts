import { type JsonObject, digText, digValue, readObject, readText } from '../shared/json-reader.js';

/** Webhook event and action → the action that the audit log has for the same. */
const auditNames: ReadonlyMap<string, string> = new Map(
  [
    'personal_access_token_request.created personal_access_token.request_created',
    'personal_access_token_request.approved personal_access_token.access_granted',
    'personal_access_token_request.denied personal_access_token.request_denied',
    'personal_access_token_request.cancelled personal_access_token.request_cancelled',
    'deploy_key.created deploy_key.create',
    'deploy_key.deleted deploy_key.delete',
    'github_app_authorization.revoked oauth_authorization.destroy',
    'installation.created integration_installation.create',
    'installation.deleted integration_installation.destroy',
    'installation.suspend integration_installation.suspend',
    'installation.unsuspend integration_installation.unsuspend',
    'installation.new_permissions_accepted integration_installation.version_updated',
    'installation_repositories.added integration_installation.repositories_added',
    'installation_repositories.removed integration_installation.repositories_removed',
    'organization.member_added org.add_member',
    'organization.member_removed org.remove_member',
    'org_block.blocked org.block_user',
    'org_block.unblocked org.unblock_user',
    'member.added repo.add_member',
    'member.removed repo.remove_member',
    'member.edited repo.update_member',
    'membership.added team.add_member',
    'membership.removed team.remove_member',
  ].map((row) => row.split(' ') as [string, string]),
);

/** Where an event's own object has its time. */
const timePaths = [
  ['personal_access_token_request', 'created_at'],
  ['key', 'created_at'],
  ['alert', 'updated_at'],
  ['alert', 'created_at'],
  ['installation', 'updated_at'],
] as const;

/** Whether the record is a webhook's delivery, as the receiver wraps it. */
export const isWebhook = (record: JsonObject): boolean =>
  readText(record, 'github_event') !== undefined && readObject(record, 'payload') !== undefined;

/**
 * The record of the audit log that says the same as the delivery of a webhook; undefined for `ping`, which GitHub sends
 * when a webhook is made.
 */
export function auditRecordOf(wrapped: JsonObject): JsonObject | undefined {
  const event = readText(wrapped, 'github_event') ?? '';
  if (event === 'ping') return undefined;
  const payload = readObject(wrapped, 'payload') ?? {};
  const act = readText(payload, 'action');
  const name = act === undefined ? event : `${event}.${act}`;
  // Only what happened is as old as the object; of a later change the delivery alone has the time.
  const isNew = act === 'created' || act === undefined;
  const own = isNew
    ? timePaths.map(([part, member]) => digText(payload, part, member)).find((time) => time !== undefined)
    : undefined;
  const request = readObject(payload, 'personal_access_token_request') ?? {};
  const alert = readObject(payload, 'alert') ?? {};
  const entries: readonly (readonly [string, unknown])[] = [
    ['action', auditNames.get(name) ?? name],
    ['@timestamp', own ?? readText(wrapped, 'received_at')],
    ['_document_id', readText(wrapped, 'delivery')],
    ['actor', digText(payload, 'sender', 'login')],
    ['actor_id', digText(payload, 'sender', 'id')],
    ['actor_is_bot', digText(payload, 'sender', 'type') === 'Bot'],
    ['org', digText(payload, 'organization', 'login') ?? digText(payload, 'installation', 'account', 'login')],
    ['business', digText(payload, 'enterprise', 'slug')],
    ['repository', digText(payload, 'repository', 'full_name')],
    ['user', digText(request, 'owner', 'login') ?? digText(payload, 'member', 'login')],
    ['token_id', readText(request, 'token_id')],
    ['token_name', readText(request, 'token_name')],
    ['token_expires_at', readText(request, 'token_expires_at')],
    ['key_id', digText(payload, 'key', 'id')],
    ['title', digText(payload, 'key', 'title')],
    ['read_only', digValue(payload, 'key', 'read_only')],
    ['integration', digText(payload, 'installation', 'app_slug')],
    ['application_client_id', digText(payload, 'installation', 'client_id')],
    ['repository_selection', digText(payload, 'installation', 'repository_selection')],
    ['name', readText(alert, 'secret_type')],
  ]; // prettier-ignore
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
