import type { Action } from '../../event/token-event.js';

/** Which credential of a Vault record the event is about. */
export type VaultSubject =
  /** the token that made the request (`auth`) */
  | 'caller'
  /** the token that the response carries (`response.auth`, else `auth` of a login) */
  | 'issued'
  /** the token that the request names in its data (`token` or `accessor`) */
  | 'named'
  /** the wrapping token that the request presents or names */
  | 'wrapping'
  /** the AppRole secret id that the answer carries or the request names */
  | 'secret_id'
  /** the identity token (JWT) that the answer carries */
  | 'identity_token'
  /** the credential under the lease that the request names */
  | 'lease'
  /** the certificate that the request names by its serial number */
  | 'certificate'
  /** the certificate that the client showed */
  | 'client_certificate'
  /** a password or key that the record does not name */
  | 'none';

export interface VaultMeaning {
  readonly action: Action;
  readonly subject: VaultSubject;
  /** A path that takes credentials instead of a token: its failures are failed logins. */
  readonly login?: boolean;
}
