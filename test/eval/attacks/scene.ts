import type { TokenEvent } from '../../../ingest/event/token-event.js';
import type { Dice } from '../dice.js';
import type { Actor, ActorKind } from '../traffic/actor.js';
import { browserOf } from '../traffic/people.js';
import { carrier, clouds, elsewhere, home, hosted, inside, Line, type Client } from '../traffic/networks.js';
import type { Draft } from '../traffic/outlet.js';
import { denied, issuerDraft, ok, useDraft, type Answer, type Held, type Route, type Use } from '../traffic/tenant.js';

export const levels = ['loud', 'moderate', 'stealthy'] as const;
/** How much an attacker cares not to be seen. */
export type Level = (typeof levels)[number];

/** The own place is that of the victim's machine, a neighbour one in the same private network. */
type Origin = 'abroad' | 'abroad home' | 'nearby' | 'own' | 'neighbour' | keyof typeof clouds;

const MINUTE_MS = 60_000;

/** One attack: who is attacked, how, and what the attacker's events were. */
export class Scene {
  readonly level: Level;
  readonly victim: Actor;
  /** Others of the same organisation. */
  readonly others: readonly Actor[];
  /** A use of the owner; the attack begins after it. */
  readonly seen: Use;
  readonly dice: Dice;
  readonly startMs: number;
  endMs: number;
  readonly tokens = new Set<string>();
  readonly principals = new Set<string>();
  readonly addresses = new Set<string>();
  readonly eventUids = new Set<string>();

  constructor(level: Level, victim: Actor, others: readonly Actor[], seen: Use, startMs: number, dice: Dice) {
    this.level = level;
    this.victim = victim;
    this.others = others;
    this.seen = seen;
    this.startMs = startMs;
    this.endMs = startMs;
    this.dice = dice;
  }

  /** What the attacker needs at a level. */
  at<T>(of: Readonly<Record<Level, T>>): T {
    return of[this.level];
  }

  /** The attacker asks; what the token does not live to see is not sent. */
  use(atMs: number, facts: Partial<Omit<Use, 'atMs'>> & { readonly client: Client; readonly route: Route }, answer: Answer = ok): void {
    const { held, agent } = this.seen;
    const use = { held, agent, object: this.victim.nextObject(), ...facts };
    if (atMs >= use.held.endsMs) return;
    this.#emit(atMs, useDraft(use, answer, this.victim.tenant));
  } // prettier-ignore

  /** So many requests over some minutes, to what is drawn for each. */
  spree(
    count: number,
    minutes: number,
    facts: Partial<Omit<Use, 'atMs' | 'route'>> & { readonly client: Client },
    draw: (n: number) => { readonly route: Route; readonly answer?: Answer; readonly object?: number },
    fromMs = this.startMs,
  ): void {
    const held = facts.held ?? this.seen.held;
    const toMs = Math.min(fromMs + minutes * MINUTE_MS, held.endsMs - 1000);
    this.dice.times(count, fromMs, toMs).forEach((atMs, n) => {
      const { answer, ...asked } = draw(n);
      this.use(atMs, { ...facts, ...asked }, answer);
    });
  }

  issuer(atMs: number, action: TokenEvent['action'], facts: Parameters<typeof issuerDraft>[2]): void {
    this.#emit(atMs, issuerDraft(this.victim.tenant, action, facts));
  }

  /** What happens around it and is nobody's fault, such as the revocation of the stolen token. */
  aside(atMs: number, draft: Draft): void {
    this.victim.tenant.outlet.emit(atMs, draft);
  }

  #emit(atMs: number, draft: Draft): void {
    this.eventUids.add(this.victim.tenant.outlet.emit(atMs, draft));
    this.endMs = Math.max(this.endMs, atMs);
    if (draft.token !== undefined) this.tokens.add(draft.token.token_uid);
    if (draft.principal !== undefined) this.principals.add(draft.principal.principal_uid);
    // An address that is shared with the owner names nobody.
    if (draft.client !== undefined && draft.client.address !== this.seen.client.address) this.addresses.add(draft.client.address); // prettier-ignore
  }

  /** Where the attacker sits at a level. */
  from(places: Readonly<Record<Level, Origin>>): Client {
    const place = this.at(places);
    switch (place) {
      case 'abroad':
        return this.abroad();
      case 'abroad home':
        return this.abroadHome();
      case 'nearby':
        return this.nearby();
      case 'own':
        return this.seen.client;
      case 'neighbour':
        return inside(this.dice.whole(1, 250), this.dice);
      case 'aws':
      case 'azure':
      case 'google':
        return new Line(clouds[place], this.victim.tenant.country, this.victim.tenant.cities, this.dice).client(0);
    }
  }

  /** A rented server abroad. */
  abroad(): Client {
    return hosted(this.dice.pick(elsewhere), this.victim.tenant.cities, this.dice).client(0);
  }

  /** Somebody's home line abroad. */
  abroadHome(): Client {
    return home(this.dice.pick(elsewhere), this.victim.tenant.cities, this.dice).client(0);
  }

  /** A residential proxy in the owner's city: a line of another provider. */
  nearby(): Client {
    const { country, cities } = this.victim.tenant;
    for (;;) {
      const line = this.dice.chance(0.3) ? carrier(country, cities, this.dice) : home(country, cities, this.dice);
      if (line.provider.asn !== this.seen.client.asn) return line.client(0);
    }
  }

  otherBrowser(): string {
    const own = [0, 1, 2, 3].find((n) => browserOf(n, 20_530).slice(-14, -9) === this.seen.agent.slice(-14, -9)) ?? 0;
    return browserOf(own + this.dice.whole(1, 3), 20_530);
  }

  ownRoute(): Route {
    return this.dice.pick(this.victim.routes);
  }

  /** A route that the victim does not use, of any service. */
  newRoute(): Route {
    const own = new Set(this.victim.routes.map(({ service, method, route }) => `${service} ${method} ${route}`));
    const all = [...this.victim.tenant.services.flat(), ...this.victim.tenant.delicate];
    return this.dice.pick(all.filter(({ service, method, route }) => !own.has(`${service} ${method} ${route}`)));
  }

  delicateRoute(): Route {
    return this.dice.pick(this.victim.tenant.delicate);
  }

  /** Mostly refused for want of rights where the route is not the victim's. */
  explore(newShare: number, refusedShare: number): { readonly route: Route; readonly answer: Answer } {
    if (!this.dice.chance(newShare)) return { route: this.ownRoute(), answer: ok };
    return { route: this.newRoute(), answer: this.dice.chance(refusedShare) ? denied : ok };
  }

  withHeld(changes: Partial<Held>): Held {
    return { ...this.seen.held, ...changes };
  }
}

export interface Attack {
  readonly id: string;
  /** ATT&CK technique. */
  readonly technique: string;
  readonly title: string;
  readonly victims: readonly ActorKind[];
  /** Where the victim is a person at a browser: how the session is held. */
  readonly style?: 'cookie' | 'jwt';
  /** True if it takes place while the owner is not there. */
  readonly quiet?: readonly Level[];
  readonly run: (scene: Scene) => void;
}

export const tools = ['python-requests/2.32.3', 'curl/8.11.0', 'Go-http-client/2.0'] as const;
