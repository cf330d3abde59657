import { formatTime } from '../../../ingest/event/time.js';
import type { PrincipalFacts, TokenFacts } from '../../../ingest/event/token-event.js';
import type { Dice } from '../dice.js';
import type { Client } from './networks.js';
import { issuerDraft, newSecret, newUid, type Held, type Tenant } from './tenant.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export interface SessionPlan {
  /** A cookie that lasts for a working day, or access tokens that are renewed by a refresh token. */
  readonly style: 'cookie' | 'jwt';
  readonly accessMs: number;
  readonly sessionMs: number;
  readonly scopes: readonly string[];
  readonly clientId: string;
}

/** One sign-in and the tokens that follow from it, as the issuer tells of them. */
export class Session {
  readonly uid: string;
  readonly principal: PrincipalFacts;
  readonly plan: SessionPlan;
  readonly endsMs: number;
  readonly #tenant: Tenant;
  readonly #dice: Dice;
  #access: TokenFacts;
  #accessEndsMs: number;
  #refresh: string;

  /** Signs in. */
  constructor(tenant: Tenant, principal: PrincipalFacts, plan: SessionPlan, atMs: number, client: Client, agent: string, dice: Dice) {
    this.uid = `s-${dice.hex(16)}`;
    this.principal = principal;
    this.plan = plan;
    this.endsMs = atMs + plan.sessionMs;
    this.#tenant = tenant;
    this.#dice = dice;
    this.#refresh = dice.hex(12);
    this.#access = this.#newToken(atMs);
    this.#accessEndsMs = atMs + (plan.style === 'cookie' ? plan.sessionMs : plan.accessMs);
    const facts = { principal, client, user_agent: agent, session_uid: this.uid };
    tenant.outlet.emit(atMs - 900, issuerDraft(tenant, 'login', facts));
    tenant.outlet.emit(atMs - 500, issuerDraft(tenant, 'issue', { ...facts, token: this.#told() }));
  } // prettier-ignore

  get refreshId(): string {
    return this.#refresh;
  }

  /** The token for a request at a time, renewed where it is due; null when the session is over. */
  at(atMs: number, client: Client, agent: string): Held | null {
    if (atMs >= this.endsMs) return null;
    if (atMs >= this.#accessEndsMs - 30_000) {
      if (this.plan.style === 'cookie') return null;
      this.renew(atMs - 400, client, agent);
    }
    return this.held();
  }

  held(): Held {
    return { token: this.#access, principal: this.principal, session: this.uid, endsMs: this.#accessEndsMs };
  }

  /** The refresh token is exchanged. @param refresh whose copy is shown; that of the owner unless told. */
  renew(atMs: number, client: Client, agent: string, refresh = this.#refresh): void {
    this.#refresh = this.#dice.hex(12);
    this.#access = this.#newToken(atMs);
    this.#accessEndsMs = atMs + this.plan.accessMs;
    const token = { ...this.#told(), parent: { kind: 'refresh_jti' as const, value: refresh } };
    const facts = { principal: this.principal, client, user_agent: agent, session_uid: this.uid, token };
    this.#tenant.outlet.emit(atMs, issuerDraft(this.#tenant, 'refresh', facts));
  }

  /** @returns when it was told, true time. */
  logout(atMs: number, client: Client): void {
    const token = this.plan.style === 'cookie' ? { token: this.#access } : {};
    const facts = { principal: this.principal, client, session_uid: this.uid, ...token };
    this.#tenant.outlet.emit(atMs, issuerDraft(this.#tenant, 'logout', facts));
  }

  #told(): TokenFacts {
    if (this.plan.style === 'cookie') return this.#access;
    return { ...this.#access, aliases: [{ kind: 'refresh_jti', value: this.#refresh }] };
  }

  #newToken(atMs: number): TokenFacts {
    const dice = this.#dice;
    const { issuer } = this.#tenant;
    const base = { token_uid: newUid(dice), secret_fp: newSecret(dice), fp_key_id: 'k1', issuer };
    if (this.plan.style === 'cookie') return { ...base, identity: 'session', kind: 'session' };
    return {
      ...base, identity: 'jwt', kind: 'access_token', key_id: 'sig-1', jti: dice.hex(16), algorithm: 'RS256',
      audience: [this.plan.clientId], scopes: this.plan.scopes,
      issued_at: formatTime(atMs), expires_at: formatTime(atMs + this.plan.accessMs),
    };
  } // prettier-ignore
}

export const browserPlan = (dice: Dice): SessionPlan => ({
  style: dice.chance(0.4) ? 'cookie' : 'jwt',
  accessMs: dice.pick([15, 30, 60]) * MINUTE_MS,
  sessionMs: 12 * HOUR_MS,
  scopes: dice.chance(0.5) ? ['openid', 'profile', 'api'] : ['openid', 'api.read', 'api.write'],
  clientId: 'web',
});

export const phonePlan: SessionPlan = {
  style: 'jwt',
  accessMs: HOUR_MS,
  sessionMs: 30 * 24 * HOUR_MS,
  scopes: ['openid', 'offline_access', 'api'],
  clientId: 'mobile',
};
