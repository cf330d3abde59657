import { textHash } from '../../../detectors/core/hash.js';
import type { PrincipalFacts } from '../../../ingest/event/token-event.js';
import type { Session } from './session.js';
import type { Answer, Route, Tenant, Use } from './tenant.js';
import { ok, useDraft } from './tenant.js';

const DAY_MS = 86_400_000;
const OBJECTS = 40;

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
  /** How its objects are met: those of people and programs come again, whoever walks a list meets each once. */
  protected readonly walks: boolean = false;
  readonly #firstObject: number;
  #asked = 0;

  constructor(kind: ActorKind, name: string, tenant: Tenant) {
    this.kind = kind;
    this.name = name;
    this.tenant = tenant;
    this.#firstObject = 1 + (textHash(`${tenant.name}/${name}`) % 900_000);
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

  /** The object of the next request; a stranger to the owner's routes asks for the same ones. */
  nextObject(): number {
    this.#asked += 1;
    if (this.walks) return this.#firstObject + this.#asked;
    // Some forty objects in use, a new one after every thirty requests.
    return this.#firstObject + Math.floor(this.#asked / 30) + ((this.#asked * 17) % OBJECTS);
  }

  protected request(use: Use, answer: Answer = ok): void {
    const asked = { ...use, object: use.object ?? this.nextObject() };
    this.tenant.outlet.emit(use.atMs, useDraft(asked, answer, this.tenant));
    if (answer.status >= 400) return;
    this.uses.push(asked);
    this.last = asked;
  }
}
