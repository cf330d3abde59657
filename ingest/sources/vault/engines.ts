import type { VaultMeaning } from './meaning.js';

/** What sits at the path of a call, where the record says so (`request.mount_type`). */
export interface Mounted {
  readonly type: string;
  /** The path below the mount. */
  readonly rest: string;
}

/** Engines that hand out credentials or hold keys. What a key-value store calls `config` or `roles` is somebody's secret. */
const engines =
  /^(?:ad|alicloud|aws|azure|consul|database|gcp|gcpkms|kubernetes|ldap|mongodbatlas|nomad|openldap|pki|rabbitmq|ssh|terraform|totp|transit)$/;

const rotations =
  /^(?:(?:config\/)?rotate-root(?:\/.{1,256})?|rotate-(?:role|credentials)\/.{1,256}|roleset\/[^/]{1,128}\/rotate(?:-key)?|static-account\/[^/]{1,128}\/rotate-key|keys\/[^/]{1,128}\/rotate|keys\/rotate\/[^/]{1,128})$/;

/** Who may be given which credential, and with whose rights the engine makes it. */
const settings =
  /^(?:config(?:\/.{1,256})?|(?:roles?|static-roles?|rolesets?|static-account|impersonated-account|library)\/[^/]{1,128})$/;

const pkiTrust =
  /^(?:root(?:\/(?:generate|rotate|replace)(?:\/.{1,64})?)?|intermediate\/(?:generate|set-signed|cross-sign)(?:\/.{1,64})?|issuers\/(?:generate|import)\/.{1,64}|keys\/(?:generate|import)(?:\/.{1,64})?|issuer\/[^/]{1,128}(?:\/revoke)?|key\/[^/]{1,128})$/;

const storedKeys =
  /^(?:keys\/[^/]{1,128}(?:\/(?:config|trim|import|import_version|set-certificate))?|keys\/(?:config|trim|register|deregister)\/[^/]{1,128}|restore(?:\/[^/]{1,128})?)$/;

/** A write to a secrets engine that is more than a use; undefined where it is none, as for what hands out a credential. */
export function engineMeaning({ type, rest }: Mounted): VaultMeaning | undefined {
  if (!engines.test(type)) return undefined;
  if (type === 'pki' && /^revoke(?:-with-key)?$/.test(rest)) return { action: 'revoke', subject: 'certificate' };
  if (rotations.test(rest)) return { action: 'rotate', subject: 'none' };
  if (settings.test(rest) || (type === 'pki' && pkiTrust.test(rest)))
    return { action: 'policy_change', subject: 'caller' };
  return /^(?:transit|totp|gcpkms)$/.test(type) && storedKeys.test(rest)
    ? { action: 'admin', subject: 'caller' }
    : undefined;
}

/** Calls of the two engines whose answer is a certificate, whether it has a lease or not. */
const signings =
  /^(?:(?:issuer\/[^/]{1,128}\/)?(?:issue|sign|sign-verbatim|sign-intermediate|sign-self-issued)(?:\/.{1,256})?|root\/sign-(?:intermediate|self-issued))$/;

export const givesCertificate = ({ type, rest }: Mounted): boolean =>
  (type === 'pki' || type === 'ssh') && signings.test(rest);
