import type { Action } from '../../event/token-event.js';

/** Words of an audit activity → action; the first that fits wins. Microsoft writes activities as sentences. */
const rules: readonly (readonly [RegExp, Action])[] = [
  [/consent to application|add (?:delegated permission grant|oauth2permissiongrant|app role assignment|member to role|eligible member|owner to|member to group)/, 'grant'],
  [/(?:revoke|invalidate).*(?:token|sign.?in|session|consent)|stsrefreshtokenvalidfrom|remove delegated permission grant|remove oauth2permissiongrant/, 'revoke'],
  [/certificates and secrets management|(?:reset|change).*password|password (?:reset|change)|update service principal credentials|rotate/, 'rotate'],
  [/remove service principal credentials|delete (?:user|application|service principal|passkey|federated identity credential)|hard delete/, 'delete'],
  [/add (?:user|application|service principal|federated identity credential|temporary access pass|passkey)|create (?:application|user|passkey)|register (?:device|security info)|registered (?:security info|all required)|add service principal credentials|user registered/, 'create'],
  [/disable account|disable (?:user|strong)|block/, 'revoke'],
  [/policy|conditional access|named location|authentication method|security defaults|set domain authentication|set federation|update (?:application|service principal|user|role|company)|remove (?:app role|member|owner|eligible)|enable (?:account|strong)|restore|add unverified domain|add verified domain|verify domain/, 'policy_change'],
  [/device|license|group|partner|directory|provision|export|import|synchron/, 'admin'],
]; // prettier-ignore

/** @returns `other` for what no rule knows; its sentence is the event's record_type. */
export function actionOfActivity(activity: string): Action {
  const words = activity.slice(0, 256).toLowerCase();
  return rules.find(([pattern]) => pattern.test(words))?.[1] ?? 'other';
}
