import { type Alias, canonical, tokenFromCanonical } from '../../event/canonical.js';
import type { TokenFacts, TokenKind } from '../../event/token-event.js';
import { longText } from '../shared/facts.js';
import { digText, type JsonObject, readText } from '../shared/json-reader.js';
import { joinAlias, joinAliases, shownText } from '../shared/names.js';
import type { ParseContext } from '../source.js';
import { isHash } from './records.js';

/** By the type of the engine, else by the first part of the lease's id, which is the mount. */
const kinds: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ...(['aws', 'alicloud', 'gcp', 'azure', 'ssh', 'mongodbatlas'] as const).map((type) => [type, 'access_key'] as const),
  ...(['database', 'rabbitmq', 'ldap', 'openldap', 'ad'] as const).map((type) => [type, 'basic'] as const),
  ...(['consul', 'nomad', 'kubernetes', 'terraform', 'auth'] as const).map((type) => [type, 'service_token'] as const),
  ['pki', 'client_certificate'],
]);

const kindOf = (type: string | undefined, id: string): TokenKind =>
  kinds.get(type ?? '') ?? kinds.get(id.split('/', 1)[0] ?? '') ?? 'unknown';

/** A credential that Vault knows by an id of its own which is no secret. */
function byId(
  ids: readonly (string | undefined)[],
  kind: TokenKind,
  context: ParseContext,
  parent?: Alias,
): TokenFacts | undefined {
  const names = ids.filter((id) => id !== undefined);
  const [name] = names;
  if (name === undefined) return undefined;
  return tokenFromCanonical(canonical.key(`vault:${context.instance}`, name), context.fingerprinter, {
    kind,
    key_id: shownText(name),
    issuer: longText(context.instance),
    aliases: joinAliases(...names.map((id) => joinAlias('key_id', id))),
    parent,
  });
}

const leasePath = /^sys\/(?:leases\/)?(?:lookup|renew|revoke)\/(.{1,512})$/;
const lease = (id: string | undefined): string | undefined => (id === undefined ? undefined : `lease:${id}`);

/**
 * The lease that a call looks up, renews or revokes. Vault writes the id plainly in answers and paths and hashes it in
 * the data of a request; an answer beside such data joins the two.
 */
export function namedLease(request: JsonObject, response: JsonObject, context: ParseContext): TokenFacts | undefined {
  const told = digText(request, 'data', 'lease_id') ?? digText(request, 'data', 'url_lease_id');
  const plain =
    digText(response, 'secret', 'lease_id') ?? leasePath.exec(readText(request, 'path') ?? '')?.[1]?.replace(/\/$/, '');
  const id = plain ?? told;
  if (id === undefined) return undefined;
  const hash = told !== undefined && isHash(told) && told !== id ? told : undefined;
  return byId([lease(id), lease(hash)], kindOf(undefined, id), context);
}

/** The credential that an answer hands out under a lease. */
export function madeLease(
  request: JsonObject,
  response: JsonObject,
  context: ParseContext,
  parent: Alias | undefined,
): TokenFacts | undefined {
  const id = digText(response, 'secret', 'lease_id');
  if (id === undefined) return undefined;
  return byId([lease(id)], kindOf(readText(request, 'mount_type'), id), context, parent);
}

const serial = (number: string | undefined): string | undefined =>
  number === undefined ? undefined : `serial:${number}`;

/** The certificate that is revoked, by its serial number as the log has it: hashed, but the same each time. */
export const namedCertificate = (request: JsonObject, context: ParseContext): TokenFacts | undefined =>
  byId([serial(digText(request, 'data', 'serial_number'))], 'client_certificate', context);

/** The certificate with which a client came, by the serial number that its record has plainly. */
export const shownCertificate = (request: JsonObject, context: ParseContext): TokenFacts | undefined =>
  byId([serial(readText(request, 'client_certificate_serial_number'))], 'client_certificate', context);

export const madeCertificate = (
  request: JsonObject,
  response: JsonObject,
  context: ParseContext,
  parent: Alias | undefined,
): TokenFacts | undefined =>
  byId(
    [serial(digText(response, 'data', 'serial_number'))],
    kindOf(readText(request, 'mount_type'), 'pki'),
    context,
    parent,
  );
