import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Detector, Observation } from '../core/detector.js';
import { createFactDetector, type Fact, type FactKernel, type FactState } from '../core/fact-detector.js';
import { remember, textHash } from '../core/hash.js';
import { isServed } from '../core/observation.js';
import { bindingRules, presentedKeys } from './binding-rules.js';
import { BINDING_BYTES_MAX, bindingStateSchema, newBindingState, TRACES_MAX, type BindingState } from './binding-state.js'; // prettier-ignore

type Measure = keyof typeof bindingRules;
type Token = NonNullable<TokenEvent['token']>;

const NONE: readonly Fact[] = [];
const DAY_MS = 86_400_000;

/** Thumbprint in the token's cnf claim. */
function boundTo({ binding }: Token): string | undefined {
  return binding === undefined ? undefined : binding.method === 'mtls' ? binding.x5t_s256 : binding.jkt;
}

/** The thumbprint that was shown; inside a mesh the certificate is that of the caller's proxy and says nothing. */
function presentedKey({ token, attributes, caller }: TokenEvent): string | undefined {
  const method = token?.binding?.method;
  if (method === undefined || (method === 'mtls' && caller?.spiffe_id !== undefined)) return undefined;
  return attributes?.find(({ key }) => key === presentedKeys[method])?.value;
}

const serviceAccountForm = /^system:serviceaccount:([^:]{1,253}):([^:]{1,253})$/;

/**
 * The workload that the token was made for; undefined where its principal is none. A service account of Kubernetes is the workload
 * `…/ns/NAMESPACE/sa/NAME` of a mesh, by the convention of Istio, whatever its trust domain.
 */
function ownerOf({ principal }: TokenEvent): string | undefined {
  if (principal?.kind === 'workload' && principal.id.startsWith('spiffe://')) return principal.id;
  const [, namespace, name] = serviceAccountForm.exec(principal?.id ?? '') ?? [];
  return namespace === undefined || name === undefined ? undefined : `/ns/${namespace}/sa/${name}`;
}

/** Whether a SPIFFE id is the owner's. */
const isOwner = (presenter: string, owner: string): boolean =>
  owner.startsWith('/') ? presenter.endsWith(owner) : presenter === owner;

const traceOf = ({ trace }: TokenEvent): string | undefined => trace?.trace_id ?? trace?.request_id;

const wasRefused = ({ event, failed }: Observation): boolean =>
  failed && (event.reason === 'invalid_token' || event.reason === 'invalid_signature');

class BindingKernel implements FactKernel<BindingState> {
  readonly id = 'binding';
  readonly version = 1;
  readonly stages = ['token'] as const;
  readonly falsePositives = [
    'A proxy that terminates TLS and shows its own certificate to the next one, where that logs it as the client’s.',
    'A service that hands its caller’s token on in a request of its own, without the trace of the first.',
    'A client that cuts the token off or adds to it; refused copies are only a signal.',
  ];
  readonly nextSteps = [
    'For changed bytes, signature or binding: find the service that served it, and rotate the signing key of the issuer.',
    'For another key or workload: revoke the token, and see how it left its owner; its memory and logs are the first suspects.',
    'Make the services check cnf (RFC 8705, RFC 9449), and move tokens out of URLs and plaintext hops.',
  ];
  readonly ownBytesMax = BINDING_BYTES_MAX;
  readonly idleMs = DAY_MS;
  readonly rules = bindingRules;
  readonly schema = bindingStateSchema;

  initial(): BindingState {
    return newBindingState();
  }

  facts(own: BindingState, observation: Observation): readonly Fact[] {
    const { event } = observation;
    const { token } = event;
    if (token === undefined) return NONE;
    const found: Fact[] = [];
    if (event.exposures !== undefined && event.exposures.length > 0)
      found.push({ measure: 'exposed' satisfies Measure });
    if (isServed(observation)) this.#served(own, token, event, found);
    else if (wasRefused(observation) && token.identity === 'jwt' && this.#isOther(own, token)) {
      found.push({ measure: 'forged_copy' satisfies Measure });
    }
    if (!observation.request || !observation.accepted || event.action !== 'use') return found;
    if (event.transport === 'plaintext') found.push({ measure: 'plaintext_hop' satisfies Measure });
    const owner = ownerOf(event);
    const trace = traceOf(event);
    const presenter = event.caller?.spiffe_id;
    if (owner === undefined || presenter === undefined || isOwner(presenter, owner) || trace === undefined)
      return found;
    // Whose token was never seen with its owner is always presented by a gateway.
    if (own.ownUses > 0 && !own.traces.includes(textHash(trace))) {
      found.push({ measure: 'other_workload' satisfies Measure });
    }
    return found;
  }

  learn(own: BindingState, observation: Observation, suspect: boolean): BindingState {
    const { event, timeMs } = observation;
    const { token } = event;
    if (token === undefined || !isServed(observation)) return own;
    const key = boundTo(token);
    if (own.key === 0 && key !== undefined) {
      own.key = textHash(key);
      own.keyMs = timeMs;
    }
    if (token.identity === 'jwt' && token.secret_fp !== undefined && !suspect) {
      const fingerprintKey = textHash(token.fp_key_id);
      if (own.fingerprintKey !== fingerprintKey) {
        own.fingerprintKey = fingerprintKey;
        own.secret = textHash(token.secret_fp);
        own.secretMs = timeMs;
        own.secretUid = event.event_uid;
      }
    }
    const owner = ownerOf(event);
    const trace = traceOf(event);
    const presenter = event.caller?.spiffe_id;
    if (owner !== undefined && presenter !== undefined && isOwner(presenter, owner)) {
      own.ownUses += 1;
      if (trace !== undefined) own.traces = remember(own.traces, textHash(trace), TRACES_MAX);
    }
    return own;
  }

  #served(own: BindingState, token: Token, event: TokenEvent, found: Fact[]): void {
    const key = boundTo(token);
    const presented = presentedKey(event);
    if (presented !== undefined && presented !== key) found.push({ measure: 'other_key' satisfies Measure });
    if (token.identity !== 'jwt') return;
    if (own.key !== 0 && key !== undefined && textHash(key) !== own.key) {
      found.push({ measure: 'binding_changed' satisfies Measure, observed: 1, startMs: own.keyMs });
    }
    if (this.#isOther(own, token)) {
      const evidence = [own.secretUid];
      found.push({ measure: 'secret_changed' satisfies Measure, observed: 1, startMs: own.secretMs, evidence });
    }
  }

  /** The same fingerprint key, and other bytes than those that were served first. */
  #isOther(own: BindingState, token: Token): boolean {
    if (own.secret === 0 || token.secret_fp === undefined) return false;
    return textHash(token.fp_key_id) === own.fingerprintKey && textHash(token.secret_fp) !== own.secret;
  }
}

/** Facts need no options: a token is bound to its key, its bytes and its workload, or it is not. */
export function createBindingDetector(): Detector<FactState<BindingState>> {
  return createFactDetector(new BindingKernel());
}
