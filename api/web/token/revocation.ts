import type { Token } from '../lib/api-types.js';

/** How to end a token at its issuer, as a command to be run by somebody who may; nothing is done from here. */
export interface Revocation {
  readonly title: string;
  readonly command: string;
  readonly note: string;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const aliasOf = (token: Token, kind: string): string | undefined =>
  token.aliases.find((alias) => alias.kind === kind)?.value;

/** The ways that fit what is known of the token, best first; at least the one of RFC 7009 where an issuer is known. */
export function revocationsOf(token: Token): readonly Revocation[] {
  const found: Revocation[] = [];
  const realm = token.issuers
    .map((issuer) => /^(https?:\/\/.+)\/realms\/([^/]+)$/.exec(issuer))
    .find((match) => match !== null);
  const sid = aliasOf(token, 'sid');
  if (token.sources.includes('cloudtrail') && token.key_id !== '') {
    found.push({
      title: 'AWS: deactivate the access key',
      command: `aws iam update-access-key --access-key-id ${quoted(token.key_id)} --status Inactive --user-name ${quoted(token.principal_name || 'USER')}`,
      note: 'A key of an assumed role (ASIA…) ends with its session: revoke the active sessions of the role instead.',
    });
  }
  if (token.sources.includes('vault')) {
    found.push({
      title: 'Vault: revoke by accessor',
      command: 'vault token revoke -accessor ACCESSOR',
      note: 'The audit log holds the accessor hashed; compare with /sys/audit-hash to find the plain one.',
    });
  }
  if (realm != null && sid !== undefined) {
    found.push({
      title: 'Keycloak: end the session that it belongs to',
      command: `kcadm.sh delete ${quoted(`sessions/${sid}`)} -r ${quoted(realm[2] ?? '')}`,
      note: 'Ends every token of the session. Access tokens that services check offline live on until they expire.',
    });
  }
  if (realm != null) {
    found.push({
      title: 'Keycloak: revoke the token (RFC 7009)',
      command: `curl -u CLIENT_ID:CLIENT_SECRET --data-urlencode token@token.txt ${quoted(`${realm[1] ?? ''}/realms/${realm[2] ?? ''}/protocol/openid-connect/revoke`)}`,
      note: 'Needs the token itself, which Tourniquet does not hold.',
    });
  } else if (token.issuers[0] !== undefined) {
    found.push({
      title: 'At the issuer (RFC 7009)',
      command: `curl -u CLIENT_ID:CLIENT_SECRET --data-urlencode token@token.txt REVOCATION_ENDPOINT`,
      note: `The endpoint stands as revocation_endpoint in the metadata of ${token.issuers[0]}. Needs the token itself, which Tourniquet does not hold.`,
    });
  }
  return found;
}
