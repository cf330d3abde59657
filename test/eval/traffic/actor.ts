import type { PrincipalFacts } from '../../../ingest/event/token-event.js';
import type { Session } from './session.js';
import type { Answer, Route, Tenant, Use } from './tenant.js';
import { ok, useDraft } from './tenant.js';

const DAY_MS = 86_400_000;

export const actorKinds = [
  'browser', 'phone', 'service', 'batch', 'partner', 'pipeline', 'app', 'device', 'cloud',
] as const; // prettier-ignore
export type ActorKind = (typeof actorKinds)[number];

/** Whoever holds a credential, or a chain of short-lived ones. */
export abstract class Actor {
  readonly kind: ActorKind;
  readonly name: string;
  readonly tenant: Tenant;
  abstract readonly principal: PrincipalFacts;
  abstract readonly routes: readonly Route[];
  /** Answered requests of the running hour, in order. */
  uses: Use[] = [];
  /** The last one of all. */
  last: Use | undefined;
  /** Where there is one. */
  session: Session | undefined;
  readonly #days = new Set<number>();

  constructor(kind: ActorKind, name: string, tenant: Tenant) {
    this.kind = kind;
    this.name = name;
    this.tenant = tenant;
  }

  /** Days (UTC) on which the credential was used. */
  get days(): number {
    return this.#days.size;
  }

  /** Makes the events of an hour. @param hourMs its start, true time. */
  hour(hourMs: number): void {
    this.uses = [];
    this.act(hourMs);
    if (this.uses.length > 0) this.#days.add(Math.floor(hourMs / DAY_MS));
  }

  protected abstract act(hourMs: number): void;

  protected request(use: Use, answer: Answer = ok): void {
    this.tenant.outlet.emit(use.atMs, useDraft(use, answer, this.tenant));
    if (answer.status >= 400) return;
    this.uses.push(use);
    this.last = use;
  }
}
