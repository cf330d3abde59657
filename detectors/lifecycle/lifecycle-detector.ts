import { parseTime } from '../../ingest/event/time.js';
import type { Action, TokenEvent, TokenFacts, TokenKind } from '../../ingest/event/token-event.js';
import { isKeyRenewal, isOfKeyLife } from '../core/cloud-keys.js';
import type { Alarm, Detector, HourlyUsage, Notice, Observation } from '../core/detector.js';
import { createFactDetector, noticeOf, type Fact, type FactKernel, type FactState } from '../core/fact-detector.js';
import { remember, textHash } from '../core/hash.js';
import { networkOf } from '../core/network.js';
import { isServed } from '../core/observation.js';
import type { LifecycleOptions } from './lifecycle-options.js';
import { lifecycleRules, unusedRule } from './lifecycle-rules.js';
import { LIFECYCLE_BYTES_MAX, lifecycleStateSchema, NETWORKS_MAX, newLifecycleState, type LifecycleState } from './lifecycle-state.js'; // prettier-ignore

type Measure = keyof typeof lifecycleRules;
const NONE: readonly Fact[] = [];
const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A token that lives shorter than this expires as it should. */
const LASTING_MS = 30 * DAY_MS;
/** A silence is no news where one almost as long has been before. */
const SILENCE_FACTOR = 1.2;

const endings: ReadonlySet<Action> = new Set<Action>(['revoke', 'expire']);
const renewals: ReadonlySet<Action> = new Set<Action>(['issue', 'create', 'refresh', 'login']);
/** Keys that people keep; the others are made anew all the time. */
const kept: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'api_key', 'personal_access_token', 'access_key', 'service_token', 'basic', 'client_certificate',
]); // prettier-ignore

const told = (event: TokenEvent): boolean => event.source.kind === 'issuer' && event.outcome === 'success';

/** The issuer says that this token is over. */
function isEnding(event: TokenEvent): boolean {
  if (event.source.kind === 'cloud') {
    const ends = event.action === 'revoke' || event.action === 'delete';
    return ends && event.outcome === 'success' && isOfKeyLife(event);
  }
  if (!told(event)) return false;
  if (endings.has(event.action)) return true;
  const kind = event.token?.kind;
  if (event.action === 'logout') return kind === 'session';
  return event.action === 'delete' && kind !== undefined && kept.has(kind);
}

/** The key was made, or made anew. */
const isMaking = (event: TokenEvent): boolean =>
  event.source.kind !== 'proxy' &&
  event.source.kind !== 'mesh' &&
  event.outcome === 'success' &&
  makings.has(event.action);
const makings: ReadonlySet<Action> = new Set<Action>(['create', 'issue', 'rotate', 'refresh']);

/** Its name is that of the bytes, so that another secret has another name. */
const namedByBytes = (token: TokenFacts): boolean =>
  token.identity === 'opaque' || token.identity === 'jwt' || token.identity === 'github';

/** 0 for none. */
const networkHash = (address: string | undefined): number => (address === undefined ? 0 : textHash(networkOf(address)));

/** From a network that the token is not known from, where some are. */
const isElsewhere = ({ networks }: LifecycleState, network: number): boolean =>
  network !== 0 && networks.length > 0 && !networks.includes(network);

const hashOf = (text: string | undefined): number => (text === undefined ? 0 : textHash(text));
const timeOf = (text: string | undefined): number => (text === undefined ? NaN : parseTime(text));

class LifecycleKernel implements FactKernel<LifecycleState> {
  readonly id = 'lifecycle';
  readonly version = 2;
  readonly ownBytesMax = LIFECYCLE_BYTES_MAX;
  readonly idleMs: number;
  readonly stages = ['token'] as const;
  readonly falsePositives = [
    'A client whose other window or worker has not heard of the logout yet and goes on until its token expires.',
    'Lines logged before the proxy checks the token, at routes that are open to everybody.',
    'Clocks that differ by more than the leeway.',
    'An issuer whose log names the session of the administrator in place of the one that ended.',
    'A job that runs once in a quarter.',
  ];
  readonly nextSteps = [
    'See which services still serve the token: they validate without asking the issuer, or do not check its expiry.',
    'From an unknown address, treat the token as stolen: end the session with its whole refresh family, and see what was done.',
    'For a token that changed, rotate the signing key of the issuer if the new form verifies, else mend the verifier.',
  ];
  readonly rules = lifecycleRules;
  readonly schema = lifecycleStateSchema;
  readonly #options: LifecycleOptions;
  readonly #homeLeeway: number;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#homeLeeway = Math.max(options.home_leeway_seconds, options.revoke_leeway_seconds);
    this.idleMs = (Math.max(options.dormant_days, options.unused_days) + 1) * DAY_MS;
  }

  initial(): LifecycleState {
    return newLifecycleState();
  }

  facts(own: LifecycleState, observation: Observation): readonly Fact[] {
    const { event, timeMs } = observation;
    const { token } = event;
    if (token === undefined) return NONE;
    if (isEnding(event)) return this.#lateEnding(own, timeMs);
    if (event.reason === 'token_reuse') return [{ measure: 'refresh_token_reuse' satisfies Measure }];
    if (!isServed(observation)) return NONE;
    const found: Fact[] = [];
    this.#ended(own, observation, found);
    this.#validity(token, timeMs, found);
    this.#changes(own, token, found);
    this.#habits(own, token, timeMs, found);
    return found;
  }

  learn(own: LifecycleState, observation: Observation): LifecycleState {
    const { event, timeMs } = observation;
    const { token } = event;
    if (token === undefined) return own;
    if (isEnding(event)) {
      if (own.endedMs < 0 || timeMs < own.endedMs) {
        own.endedMs = timeMs;
        own.endedBy = event.event_uid;
      }
    } else if (isKeyRenewal(event)) {
      if (timeMs > own.endedMs) own.endedMs = -1;
    } else if (told(event)) {
      if (renewals.has(event.action) && timeMs > own.endedMs) own.endedMs = -1;
      if (event.action === 'rotate' && kept.has(token.kind)) {
        own.rotatedMs = timeMs;
        own.secretBefore = own.secret;
      }
    }
    if (isServed(observation)) this.#learnUse(own, token, event.client?.address, timeMs);
    this.#learnDisuse(own, observation, token);
    return own;
  }

  wakeMs({ unusedMs }: LifecycleState): number {
    return unusedMs < 0 ? Infinity : unusedMs + this.#options.unused_days * DAY_MS;
  }

  /** Told once; another use begins anew. */
  wake(own: LifecycleState, alarm: Alarm): readonly [LifecycleState, readonly Notice[]] {
    const observed = this.#options.unused_days;
    const notice = noticeOf(unusedRule, { measure: 'unused_alive', observed, startMs: own.unusedMs }, alarm);
    return [{ ...own, unusedMs: -1 }, [notice]];
  }

  /** A token that the store knows was last used in its last hour with requests. */
  warmUp(own: LifecycleState, history: readonly HourlyUsage[]): LifecycleState {
    for (const { hourStartMs, requests, failures } of history) {
      if (requests > failures && hourStartMs > own.lastMs) own.lastMs = hourStartMs;
    }
    return own;
  }

  /** The issuer's log may be read after the uses that it forbids. */
  #lateEnding(own: LifecycleState, timeMs: number): readonly Fact[] {
    if (own.lastMs < 0) return NONE;
    const { revoke_leeway_seconds: short } = this.#options;
    const isAway = (own.awayMs - timeMs) / SECOND_MS > short;
    const observed = ((isAway ? own.awayMs : own.lastMs) - timeMs) / SECOND_MS;
    const expected = isAway ? short : this.#homeLeeway;
    if (observed <= expected) return NONE;
    return [{ measure: 'use_after_end' satisfies Measure, observed, expected, startMs: timeMs }];
  }

  #ended(own: LifecycleState, { event, timeMs }: Observation, found: Fact[]): void {
    const elsewhere = own.endedMs >= 0 && isElsewhere(own, networkHash(event.client?.address));
    const leeway = elsewhere ? this.#options.revoke_leeway_seconds : this.#homeLeeway;
    if (own.endedMs >= 0 && timeMs - own.endedMs > leeway * SECOND_MS) {
      const measure: Measure = elsewhere ? 'use_after_end_elsewhere' : 'use_after_end';
      found.push({
        measure,
        observed: (timeMs - own.endedMs) / SECOND_MS,
        expected: leeway,
        startMs: own.endedMs,
        evidence: [own.endedBy],
      });
    }
    const graceMs = this.#options.rotate_grace_hours * HOUR_MS;
    const { token } = event;
    if (token === undefined || own.rotatedMs < 0 || timeMs - own.rotatedMs <= graceMs) return;
    const old = token.secret_fp === undefined ? namedByBytes(token) : own.secretBefore === hashOf(token.secret_fp);
    if (!old) return;
    const observed = (timeMs - own.rotatedMs) / SECOND_MS;
    found.push({ measure: 'rotated_key_used' satisfies Measure, observed, expected: graceMs / SECOND_MS, startMs: own.rotatedMs }); // prettier-ignore
  }

  #validity(token: TokenFacts, timeMs: number, found: Fact[]): void {
    const leeway = this.#options.clock_leeway_seconds;
    const expiresMs = timeOf(token.expires_at);
    const issuedMs = timeOf(token.issued_at);
    const late = (timeMs - expiresMs) / SECOND_MS;
    if (late > leeway) found.push({ measure: 'use_after_expiry' satisfies Measure, observed: late, expected: leeway });
    const beginsMs = Math.max(Number.isNaN(issuedMs) ? -Infinity : issuedMs, timeOf(token.not_before) || -Infinity);
    const early = (beginsMs - timeMs) / SECOND_MS;
    if (early > leeway) {
      found.push({ measure: 'use_before_validity' satisfies Measure, observed: early, expected: leeway });
    }
    if (Number.isNaN(expiresMs) || Number.isNaN(issuedMs)) return;
    if (expiresMs < issuedMs) {
      found.push({ measure: 'lifetime_implausible' satisfies Measure, observed: (issuedMs - expiresMs) / SECOND_MS });
    }
    const limit = this.#options.lifetime_days;
    const lifetime = Math.floor((expiresMs - issuedMs) / DAY_MS);
    if (lifetime > limit) {
      found.push({ measure: 'long_lived' satisfies Measure, observed: lifetime, expected: limit });
    }
  }

  /** A token is what its issuer made; whoever changes it has the issuer's key, or the service does not look. */
  #changes(own: LifecycleState, token: TokenFacts, found: Fact[]): void {
    if (token.algorithm?.toLowerCase() === 'none') found.push({ measure: 'algorithm_none' satisfies Measure });
    if (token.identity !== 'jwt') return;
    if (token.algorithm !== undefined && own.algorithm !== 0) {
      const same = own.algorithm === textHash(token.algorithm) && own.keyId === hashOf(token.key_id);
      if (!same) found.push({ measure: 'signing_changed' satisfies Measure, observed: 1, startMs: own.toldMs });
    }
    const leewayMs = this.#options.clock_leeway_seconds * SECOND_MS;
    const differenceMs = Math.abs(timeOf(token.expires_at) - own.expiresMs);
    if (own.expiresMs >= 0 && differenceMs > leewayMs) {
      const observed = differenceMs / SECOND_MS;
      found.push({ measure: 'expiry_changed' satisfies Measure, observed, startMs: own.toldMs });
    }
  }

  #habits(own: LifecycleState, token: TokenFacts, timeMs: number, found: Fact[]): void {
    const { dormant_days, rotation_days, expiry_notice_days, heavy_uses } = this.#options;
    const silenceMs = own.lastMs < 0 ? 0 : timeMs - own.lastMs;
    if (silenceMs > dormant_days * DAY_MS && silenceMs > own.silenceMs * SILENCE_FACTOR) {
      const observed = silenceMs / DAY_MS;
      found.push({ measure: 'dormant_awakened' satisfies Measure, observed, expected: dormant_days, startMs: own.lastMs }); // prettier-ignore
    }
    if (!kept.has(token.kind)) return;
    const age = Math.floor((timeMs - timeOf(token.issued_at)) / DAY_MS);
    if (age > rotation_days) {
      found.push({ measure: 'never_rotated' satisfies Measure, observed: age, expected: rotation_days });
    }
    const uses = Math.floor(timeMs / DAY_MS) === own.day ? own.uses + 1 : 1;
    const leftMs = timeOf(token.expires_at) - timeMs;
    const lasting = !(timeOf(token.expires_at) - timeOf(token.issued_at) < LASTING_MS);
    if (uses >= heavy_uses && lasting && leftMs > 0 && leftMs < expiry_notice_days * DAY_MS) {
      const startMs = Math.floor(timeMs / DAY_MS) * DAY_MS;
      found.push({ measure: 'expires_in_heavy_use' satisfies Measure, observed: uses, expected: 0, startMs });
    }
  }

  /** A key that ends by itself before it would be told is none to be told of. */
  #learnDisuse(own: LifecycleState, observation: Observation, token: TokenFacts): void {
    if (!kept.has(token.kind)) return;
    const { event, timeMs } = observation;
    if (isEnding(event)) own.unusedMs = -1;
    else if (isServed(observation) || isMaking(event)) {
      // What comes late may be from before an end, or from before the key was told of: it puts an alarm off, and sets none.
      if (observation.late === true && own.unusedMs < 0) return;
      // A key that is used after its end is not a valid one.
      if (own.endedMs >= 0) return;
      const ends = timeOf(token.expires_at) <= timeMs + this.#options.unused_days * DAY_MS;
      own.unusedMs = ends ? -1 : Math.max(own.unusedMs, timeMs);
    }
  }

  #learnUse(own: LifecycleState, token: TokenFacts, address: string | undefined, timeMs: number): void {
    const day = Math.floor(timeMs / DAY_MS);
    if (day > own.day) own.uses = 0;
    own.day = Math.max(own.day, day);
    own.uses += 1;
    if (own.lastMs >= 0) own.silenceMs = Math.max(own.silenceMs, timeMs - own.lastMs);
    own.lastMs = Math.max(own.lastMs, timeMs);
    const network = networkHash(address);
    if (isElsewhere(own, network)) own.awayMs = Math.max(own.awayMs, timeMs);
    // Where a token was at home is learnt while it is valid.
    if (own.endedMs < 0 && network !== 0) own.networks = remember(own.networks, network, NETWORKS_MAX);
    if (token.secret_fp !== undefined) own.secret = textHash(token.secret_fp);
    if (token.identity !== 'jwt') return;
    if (own.toldMs < 0 && (token.algorithm !== undefined || token.expires_at !== undefined)) own.toldMs = timeMs;
    if (own.algorithm === 0 && token.algorithm !== undefined) {
      own.algorithm = textHash(token.algorithm);
      own.keyId = hashOf(token.key_id);
    }
    if (own.expiresMs < 0 && token.expires_at !== undefined) own.expiresMs = timeOf(token.expires_at);
  }
}

/** @param options validated by `lifecycleOptionsSchema`. */
export function createLifecycleDetector(options: LifecycleOptions): Detector<FactState<LifecycleState>> {
  return createFactDetector(new LifecycleKernel(options));
}
