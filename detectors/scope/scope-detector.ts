import type { Action, Reason, TokenEvent } from '../../ingest/event/token-event.js';
import { stages, type Detector, type Observation } from '../core/detector.js';
import { createFactDetector, type Fact, type FactKernel, type FactState } from '../core/fact-detector.js';
import { textHash } from '../core/hash.js';
import { isServed } from '../core/observation.js';
import type { ScopeOptions } from './scope-options.js';
import { denials, scopeRules, type ScopeMeasure } from './scope-rules.js';
import { newScopeState, SCOPE_BYTES_MAX, SCOPES_MAX, scopeStateSchema, SESSIONS_MAX, withRefusal, type RefusedRoute, type ScopeState } from './scope-state.js'; // prettier-ignore

const NONE: readonly Fact[] = [];
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Of the refused routes so many must be new today: an application asks for what it may not have in the same places. */
const NEW_SHARE = 0.6;

const denied: ReadonlySet<Reason> = new Set<Reason>(denials);
const grants: ReadonlySet<Action> = new Set<Action>(['grant', 'policy_change']);
const writes: ReadonlySet<string> = new Set(['PUT', 'PATCH', 'DELETE']);
const READS = /(?:^|[.:/_-])(?:read|readonly|read-only|view|viewer|list|get)$/i;
/** OpenID Connect scopes open no API (OpenID Connect Core §5.4, §11). */
const identityScopes: ReadonlySet<string> = new Set([
  'openid',
  'profile',
  'email',
  'address',
  'phone',
  'offline_access',
]);

const wasDenied = ({ event, failed }: Observation): boolean =>
  failed && event.action === 'use' && event.reason !== undefined && denied.has(event.reason);

const routeOf = ({ target }: TokenEvent): number =>
  textHash(`${target?.service ?? ''} ${target?.method ?? ''} ${target?.route ?? ''}`);

function onlyReads(scopes: readonly string[] | undefined): boolean {
  const rights = scopes?.filter((scope) => !identityScopes.has(scope)) ?? [];
  return rights.length > 0 && rights.every((scope) => READS.test(scope));
}

/** What the issuer tells of a session's scopes. */
const tellsScopes = ({ source, outcome, session_uid: session, token }: TokenEvent): boolean =>
  source.kind === 'issuer' && outcome === 'success' && session !== undefined && token?.scopes !== undefined;

class ScopeKernel implements FactKernel<ScopeState> {
  readonly id = 'scope';
  readonly version = 1;
  readonly stages = stages;
  readonly falsePositives = [
    'A new release that calls routes before its client was given the rights.',
    'A security scan or a test of the rights of a role.',
    'An administrator who gives their own account a role for a task that was refused.',
    'A consent that the user widened, where the issuer’s log does not tell it.',
  ];
  readonly nextSteps = [
    'See who holds the token now: address, program and routes of the refused requests against those of the days before.',
    'If it is not its owner, revoke it; if it is a release, give the client the scopes that it needs, and no more.',
    'For writes with scopes that only read, mend the check of scopes in the service.',
  ];
  readonly ownBytesMax = SCOPE_BYTES_MAX;
  readonly idleMs = DAY_MS;
  readonly rules: ReturnType<typeof scopeRules>;
  readonly schema = scopeStateSchema;
  readonly #options: ScopeOptions;
  readonly #windowMs: number;

  constructor(options: ScopeOptions) {
    this.#options = options;
    this.#windowMs = options.window_minutes * MINUTE_MS;
    this.rules = scopeRules(this.#windowMs);
  }

  initial(): ScopeState {
    return newScopeState();
  }

  facts(own: ScopeState, observation: Observation): readonly Fact[] {
    return observation.entityKind === 'token' ? this.#ofToken(own, observation) : this.#ofPrincipal(own, observation);
  }

  learn(own: ScopeState, observation: Observation): ScopeState {
    const { event, timeMs } = observation;
    if (wasDenied(observation)) {
      const going = this.#isGoing(own, timeMs);
      own.refusals = going ? own.refusals + 1 : 1;
      if (!going) own.served = 0;
      own.refused = withRefusal(this.#today(own.refused, timeMs), routeOf(event), timeMs);
    } else if (own.refusals > 0 && isServed(observation)) {
      own.served += 1;
    }
    if (observation.entityKind === 'token') return own;
    if (grants.has(event.action) && event.outcome === 'success') {
      own.grantMs = timeMs;
      own.grantUid = event.event_uid;
    }
    if (tellsScopes(event)) this.#learnSession(own, event, timeMs);
    return own;
  }

  #ofToken(own: ScopeState, observation: Observation): readonly Fact[] {
    const { event, timeMs } = observation;
    if (isServed(observation)) {
      const writesWithReads = writes.has(event.target?.method ?? '') && onlyReads(event.token?.scopes);
      return writesWithReads ? [{ measure: 'write_with_read_scope' satisfies ScopeMeasure }] : NONE;
    }
    if (!wasDenied(observation) || own.refusals + 1 < this.#options.routes_min) return NONE;
    if (!this.#isGoing(own, timeMs) || own.refusals + 1 <= own.served) return NONE;
    const sinceMs = timeMs - this.#windowMs;
    // What came before may be newer, by days where a log is read late.
    const untilMs = timeMs + this.#windowMs;
    const now = withRefusal(this.#today(own.refused, timeMs), routeOf(event), timeMs).filter(
      ({ lastMs }) => lastMs >= sinceMs && lastMs <= untilMs,
    );
    const observed = now.length;
    const news = now.filter(({ firstMs }) => firstMs >= sinceMs).length;
    if (observed < this.#options.routes_min || news < observed * NEW_SHARE) return NONE;
    return [{ measure: 'probing' satisfies ScopeMeasure, observed }];
  }

  #ofPrincipal(own: ScopeState, observation: Observation): readonly Fact[] {
    const { event, timeMs } = observation;
    const sinceMs = timeMs - this.#options.grant_minutes * MINUTE_MS;
    if (own.grantMs >= Math.max(0, sinceMs) && own.grantMs <= timeMs && isServed(observation)) {
      const route = routeOf(event);
      const before = own.refused.find((one) => one.route === route && one.lastMs <= own.grantMs);
      const evidence = [own.grantUid];
      if (before !== undefined) {
        return [{ measure: 'granted_then_used' satisfies ScopeMeasure, startMs: own.grantMs, evidence }];
      }
    }
    if (event.action !== 'refresh' || !tellsScopes(event)) return NONE;
    const session = own.sessions.find((one) => one.session === textHash(event.session_uid ?? ''));
    if (session === undefined || session.scopes.length >= SCOPES_MAX) return NONE;
    const added = [...new Set(event.token?.scopes)].filter((scope) => !session.scopes.includes(textHash(scope)));
    if (added.length === 0) return NONE;
    const against = added.slice(0, 8).join(' ');
    const { startMs, startUid } = session;
    return [{ measure: 'scope_escalation' satisfies ScopeMeasure, observed: added.length, startMs, evidence: [startUid], against }]; // prettier-ignore
  }

  #isGoing({ refused }: ScopeState, timeMs: number): boolean {
    const last = refused[refused.length - 1];
    return last !== undefined && Math.abs(timeMs - last.lastMs) <= this.#windowMs;
  }

  #today(refused: readonly RefusedRoute[], timeMs: number): readonly RefusedRoute[] {
    const first = refused[0];
    if (first === undefined || timeMs - first.lastMs <= DAY_MS) return refused;
    return refused.filter(({ lastMs }) => timeMs - lastMs <= DAY_MS);
  }

  /** Scopes of a session by what was issued to it; a refresh adds none, whatever it gave. */
  #learnSession(own: ScopeState, event: TokenEvent, timeMs: number): void {
    const session = textHash(event.session_uid ?? '');
    const known = own.sessions.find((one) => one.session === session);
    if (known !== undefined && event.action === 'refresh') return;
    const told = (event.token?.scopes ?? []).map(textHash);
    const scopes = [...new Set([...(known?.scopes ?? []), ...told])].slice(0, SCOPES_MAX);
    const others = own.sessions.filter((one) => one !== known).slice(1 - SESSIONS_MAX);
    const { startMs, startUid } = known ?? { startMs: timeMs, startUid: event.event_uid };
    own.sessions = [...others, { session, startMs, startUid, scopes }];
  }
}

/** @param options validated by `scopeOptionsSchema`. */
export function createScopeDetector(options: ScopeOptions): Detector<FactState<ScopeState>> {
  return createFactDetector(new ScopeKernel(options));
}
