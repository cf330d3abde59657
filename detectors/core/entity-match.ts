import { z } from 'zod';

/** By what the configuration names tokens and principals, in limits and overrides. */
export const entityFields = {
  token_uid: z.string().max(64).optional(),
  principal_uid: z.string().max(1024).optional(),
  key_id: z.string().max(256).optional(),
  issuer: z.string().max(1024).optional(),
  kind: z.string().max(64).optional().describe('Token kind, such as api_key.'),
};

/** What must be so; what is left out may be anything. */
export type EntityMatch = { readonly [Field in keyof typeof entityFields]?: string | undefined };

/** The part of an event that tells whose it is. */
export interface Whose {
  readonly token?: {
    readonly token_uid: string;
    readonly key_id?: string;
    readonly issuer?: string;
    readonly kind: string;
  };
  readonly principal?: { readonly principal_uid: string };
}

const isSet = (wanted: string | undefined, found: string | undefined): boolean =>
  wanted === undefined || wanted === found;

export const matchesEntity = (match: EntityMatch, { token, principal }: Whose): boolean =>
  isSet(match.principal_uid, principal?.principal_uid) &&
  isSet(match.token_uid, token?.token_uid) &&
  isSet(match.key_id, token?.key_id) &&
  isSet(match.issuer, token?.issuer) &&
  isSet(match.kind, token?.kind);

/** No more of an event than `matchesEntity` looks at. */
export function whoseOf({ token, principal }: Whose): Whose {
  if (token === undefined)
    return principal === undefined ? {} : { principal: { principal_uid: principal.principal_uid } };
  const { token_uid, key_id, issuer, kind } = token;
  return {
    token: { token_uid, ...(key_id !== undefined && { key_id }), ...(issuer !== undefined && { issuer }), kind },
    ...(principal !== undefined && { principal: { principal_uid: principal.principal_uid } }),
  };
}
