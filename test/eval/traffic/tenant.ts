import type { PrincipalFacts, TokenEvent, TokenFacts } from '../../../ingest/event/token-event.js';
import { makePrincipal } from '../../../ingest/event/principal.js';
import type { Dice } from '../dice.js';
import { clouds, countries, home, Line, type Client, type Country } from './networks.js';
import type { Draft, Outlet } from './outlet.js';

export interface Route {
  readonly service: string;
  readonly method: string;
  readonly route: string;
}

const things = ['orders', 'users', 'invoices', 'carts', 'reports', 'tickets', 'files', 'devices', 'plans', 'messages'];
const writes = ['POST', 'PUT', 'DELETE'] as const;

/** One organisation: its services, its networks, and how its tokens look. */
export class Tenant {
  readonly name: string;
  readonly issuer: string;
  readonly country: Country;
  /** Whether its geo database tells cities. */
  readonly cities: boolean;
  readonly services: readonly (readonly Route[])[];
  readonly office: Line;
  /** Exit of the VPN through which people work from home. */
  readonly vpn: Line;
  readonly outlet: Outlet;
  readonly dice: Dice;

  constructor(name: string, outlet: Outlet, dice: Dice) {
    this.name = name;
    this.issuer = `https://id.${name}.example`;
    this.outlet = outlet;
    this.dice = dice;
    this.country = dice.pick(countries);
    this.cities = dice.chance(0.5);
    this.services = things.map((thing) => [
      ...['', '/{id}', '/{id}/history', '/search'].map((path) => ({ service: thing, method: 'GET', route: `/${thing}${path}` })),
      ...writes.map((method) => ({ service: thing, method, route: method === 'POST' ? `/${thing}` : `/${thing}/{id}` })),
    ]); // prettier-ignore
    this.office = home(this.country, this.cities, dice);
    this.vpn = new Line(dice.pick([clouds.aws, clouds.azure]), this.country, this.cities, dice);
  }

  /** Routes for one purpose: some services, of each some routes. */
  purpose(dice: Dice, services: number, share = 0.5): readonly Route[] {
    const chosen = dice.sample(this.services, services);
    return chosen.flatMap((routes) => {
      const some = routes.filter(() => dice.chance(share));
      return some.length === 0 ? routes.slice(0, 1) : some;
    });
  }

  /** What an ordinary account does not touch. */
  readonly delicate: readonly Route[] = [
    { service: 'admin', method: 'GET', route: '/admin/users' },
    { service: 'admin', method: 'POST', route: '/admin/keys' },
    { service: 'secrets', method: 'GET', route: '/secrets/{id}' },
    { service: 'exports', method: 'POST', route: '/exports' },
    { service: 'exports', method: 'GET', route: '/exports/{id}/download' },
    { service: 'billing', method: 'GET', route: '/billing/cards' },
  ];
}

/** A token in somebody's hand. */
export interface Held {
  readonly token: TokenFacts;
  readonly principal: PrincipalFacts;
  readonly session?: string;
  /** True time from which on it is refused. */
  readonly endsMs: number;
}

/** One request as it was made. */
export interface Use {
  readonly atMs: number;
  readonly held: Held;
  readonly client: Client;
  readonly agent: string;
  readonly route: Route;
  /** Which object of the route is asked for. */
  readonly object?: number;
}

type Reason = NonNullable<TokenEvent['reason']>;

export interface Answer {
  readonly status: number;
  readonly reason?: Reason;
}

export const ok: Answer = { status: 200 };
export const denied: Answer = { status: 403, reason: 'insufficient_scope' };
export const missing: Answer = { status: 404, reason: 'not_found' };
export const broken: Answer = { status: 503, reason: 'upstream_error' };
export const unknownToken: Answer = { status: 401, reason: 'invalid_token' };
export const expired: Answer = { status: 401, reason: 'expired_token' };

/** What happens to ordinary requests: some objects are gone, some rights are missing, services fail. */
export function ordinaryAnswer(dice: Dice): Answer {
  const throwOf = dice.unit();
  if (throwOf < 0.975) return ok;
  if (throwOf < 0.992) return missing;
  return throwOf < 0.996 ? denied : broken;
}

/** @param object 0 where nobody says which. */
const pathOf = ({ route }: Route, object = 0): string => route.replaceAll('{id}', String(object));

const sources = new Map<string, Draft['source']>();

/** A request as the gateway before the service logs it. */
export function useDraft(
  { held, client, agent, route, object }: Omit<Use, 'atMs'>,
  answer: Answer,
  tenant: Tenant,
): Draft {
  const instance = `${tenant.name}-gw-${route.service.length % 3}`;
  let source = sources.get(instance);
  if (source === undefined) {
    source = { product: 'envoy', instance, kind: 'proxy' };
    sources.set(instance, source);
  }
  return {
    source,
    action: 'use',
    outcome: answer.status < 400 ? 'success' : 'failure',
    ...(answer.reason !== undefined && { reason: answer.reason }),
    token: held.token,
    principal: held.principal,
    client,
    user_agent: agent,
    target: { ...route, path: pathOf(route, object), status: answer.status },
    ...(held.session !== undefined && { session_uid: held.session }),
    direction: 'edge',
    transport: 'tls',
  };
}

/** What the issuer's log tells. */
export function issuerDraft(
  tenant: Tenant,
  action: Draft['action'],
  facts: Partial<Pick<Draft, 'token' | 'principal' | 'client' | 'user_agent' | 'session_uid' | 'reason'>>,
): Draft {
  return {
    source: { product: 'keycloak', instance: `${tenant.name}-id`, kind: 'issuer' },
    action,
    outcome: facts.reason === undefined ? 'success' : 'failure',
    ...facts,
  };
}

export const newUid = (dice: Dice): string => `tok_${dice.hex(22)}`;
export const newSecret = (dice: Dice): string => `fp_${dice.hex(22)}`;

/** A key that lasts: named by the issuer, so that a new secret keeps its name. */
export function newKey(tenant: Tenant, kind: TokenFacts['kind'], name: string, issuedMs: number, dice: Dice): TokenFacts {
  return {
    token_uid: newUid(dice), secret_fp: newSecret(dice), fp_key_id: 'k1', identity: 'key', kind,
    key_id: `${tenant.name}-${name}`, issuer: tenant.issuer, display_name: name,
    issued_at: new Date(issuedMs).toISOString(),
  };
} // prettier-ignore

export const person = (tenant: Tenant, name: string): PrincipalFacts =>
  makePrincipal({ kind: 'user', issuer: tenant.issuer, id: `${tenant.name}-${name}`, name });
export const machine = (tenant: Tenant, name: string): PrincipalFacts =>
  makePrincipal({ kind: 'service_account', issuer: tenant.issuer, id: `${tenant.name}-${name}`, name });
