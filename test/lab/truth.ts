/** What a bearer token says of itself; the lab's own copy, never read from a log. */
export interface Claims {
  readonly jti: string;
  readonly sid?: string;
  readonly sub?: string;
  readonly azp?: string;
  readonly exp: number;
  readonly iat: number;
  readonly preferred_username?: string;
}

export interface IssuedToken {
  readonly kind: 'access_token' | 'refresh_token';
  readonly jti: string;
  readonly sid: string | undefined;
  /** User name, or the client of a client-credentials grant. */
  readonly owner: string;
  readonly client: string;
  readonly grant: 'password' | 'authorization_code' | 'refresh_token' | 'client_credentials';
  readonly atMs: number;
  /** jti of the access token that came in the same answer; of an access token: of the refresh token beside it. */
  readonly companion: string | undefined;
  /** jti of the refresh token that was handed in for it. */
  readonly parent: string | undefined;
}

/** One request on one hop of the way, written down by who sends it. */
export interface Call {
  /** '' is outside. */
  readonly caller: string;
  readonly callee: string;
  readonly method: string;
  readonly path: string;
  /** The token that travelled with it. */
  readonly jti: string | undefined;
  /** Whether the callee's sidecar validates tokens and this one is genuine, so that it becomes a use. */
  readonly counts: boolean;
  readonly atMs: number;
}

/** One request that the driver sent to the edge. */
export interface EdgeRequest {
  readonly method: string;
  readonly path: string;
  readonly from: string;
  readonly userAgent: string;
  readonly jti: string | undefined;
  readonly status: number;
  readonly atMs: number;
}

export interface Deed {
  readonly kind: 'attack' | 'look-alike';
  readonly name: string;
  readonly jti: string | undefined;
  readonly owner: string;
  readonly from: string;
  readonly fromMs: number;
  toMs: number;
}

export interface Refusal {
  readonly user: string;
  readonly from: string;
  readonly atMs: number;
}

/** The driver's own record of what it did, written as it does it. */
export class Truth {
  readonly tokens: IssuedToken[] = [];
  readonly requests: EdgeRequest[] = [];
  readonly calls: Call[] = [];
  readonly deeds: Deed[] = [];
  readonly refusedLogins: Refusal[] = [];
  readonly logouts: { readonly sid: string; readonly atMs: number }[] = [];

  /** Uses by jti: calls at whose end a sidecar validated the token. */
  uses(): Readonly<Record<string, number>> {
    return countBy(
      this.calls.filter((call) => call.counts && call.jti !== undefined),
      (call) => call.jti ?? '',
    );
  }
}

/** How many items have each key, in the order of keys. */
export function countBy<T>(list: readonly T[], key: (item: T) => string): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const item of list) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Claims of a JWT that we were given ourselves. */
export function claimsOf(token: string): Claims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Claims;
}
