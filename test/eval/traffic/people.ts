import type { PrincipalFacts } from '../../../ingest/event/token-event.js';
import type { Dice } from '../dice.js';
import { Actor } from './actor.js';
import { localTime } from './calendar.js';
import { carrier, countries, home, hosted, type Client, type Line } from './networks.js';
import { browserPlan, phonePlan, Session, type SessionPlan } from './session.js';
import { issuerDraft, ordinaryAnswer, person, type Route, type Tenant } from './tenant.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const browsers = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36 Edg/{v}.0.0.0',
  'Mozilla/5.0 (X11; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15',
] as const;

/** @param day browsers renew themselves every four weeks. */
export const browserOf = (n: number, day: number): string =>
  browsers[n % browsers.length]!.replaceAll('{v}', String(133 + Math.floor((day - 20_500) / 28)));

type Stay = 'away' | 'office' | 'home' | 'trip';

/** What both devices of a person have in common. */
export class Person {
  readonly principal: PrincipalFacts;
  readonly tenant: Tenant;
  readonly dice: Dice;
  readonly browser: number;
  readonly homeLine: Line;
  readonly mobile: Line;
  readonly routes: Route[];
  readonly #startHour: number;
  readonly #hours: number;
  readonly #remoteShare: number;
  readonly #usesVpn: boolean;
  readonly #relay: Line | undefined;
  #tripEnds = -1;
  #tripLine: Line | undefined;
  #awayUntil = -1;
  #day = -1;
  stay: Stay = 'away';

  constructor(tenant: Tenant, name: string, dice: Dice) {
    this.tenant = tenant;
    this.dice = dice;
    this.principal = person(tenant, name);
    this.browser = dice.below(browsers.length);
    this.homeLine = home(tenant.country, tenant.cities, dice);
    this.mobile = carrier(tenant.country, tenant.cities, dice);
    this.routes = [...tenant.purpose(dice, dice.whole(2, 4))];
    this.#startHour = dice.whole(7, 10);
    this.#hours = dice.whole(7, 10);
    this.#remoteShare = dice.between(0.1, 0.7);
    this.#usesVpn = dice.chance(0.25);
    // A few hide behind a VPN of their own, whose exit may stand anywhere.
    this.#relay = dice.chance(0.04) ? hosted(dice.pick(countries), tenant.cities, dice) : undefined;
  }

  /** Where the day is spent is decided in its first hour. */
  begin(hourMs: number): boolean {
    const { day, hour, working } = localTime(hourMs, this.tenant.country.zone);
    if (day !== this.#day) {
      this.#day = day;
      this.#decide(day, working);
    }
    return this.stay !== 'away' && hour >= this.#startHour && hour < this.#startHour + this.#hours;
  }

  /** The line of the laptop at a moment; with split tunnels and relays it changes from request to request. */
  laptop(day: number): Client {
    const { dice } = this;
    if (this.#relay !== undefined && dice.chance(0.3)) return this.#relay.client(day);
    if (this.stay === 'office') return this.tenant.office.client(day);
    if (this.#usesVpn && dice.chance(0.8)) return this.tenant.vpn.client(day);
    if (this.stay === 'trip') return (this.#tripLine ?? this.homeLine).client(day);
    // A line that fails is bridged by the telephone.
    return dice.chance(0.004) ? this.mobile.client(day) : this.homeLine.client(day);
  }

  /** The telephone leaves the network of the house for that of the carrier, also abroad: roaming leads home. */
  phone(day: number, hour: number): Client {
    const atHome = hour < 8 || hour > 18 || this.stay === 'home';
    if (this.dice.chance(0.1)) this.mobile.renew();
    if (this.stay === 'trip') return this.dice.chance(0.4) && this.#tripLine ? this.#tripLine.client(day) : this.mobile.client(day); // prettier-ignore
    return this.dice.chance(atHome ? 0.85 : 0.1) ? this.homeLine.client(day) : this.mobile.client(day);
  }

  #decide(day: number, working: boolean): void {
    const { dice } = this;
    if (dice.chance(1 / 30)) this.homeLine.renew();
    if (day <= this.#tripEnds) return;
    if (this.stay === 'trip') this.stay = 'away';
    if (day <= this.#awayUntil) return;
    if (dice.chance(1 / 150)) this.#awayUntil = day + dice.whole(1, 16);
    if (dice.chance(1 / 120)) {
      this.#tripEnds = day + dice.whole(1, 4);
      this.#tripLine = home(dice.pick(countries), this.tenant.cities, dice);
      // The day of the journey.
      this.stay = 'away';
      return;
    }
    if (this.#tripEnds >= day) this.stay = 'trip';
    else if (!working) this.stay = dice.chance(0.06) ? 'home' : 'away';
    else this.stay = day <= this.#awayUntil ? 'away' : dice.chance(this.#remoteShare) ? 'home' : 'office';
    // A new task now and then.
    if (dice.chance(1 / 60)) this.routes.push(...this.tenant.purpose(dice, 1));
  }
}

/** A person at the laptop: signs in each morning, works in bursts, signs out or closes the lid. */
export class Browser extends Actor {
  readonly person: Person;
  readonly principal: PrincipalFacts;
  readonly plan: SessionPlan;
  readonly #pace: number;

  constructor(name: string, tenant: Tenant, person: Person, plan?: SessionPlan) {
    super('browser', name, tenant);
    this.person = person;
    this.principal = person.principal;
    this.plan = plan ?? browserPlan(person.dice);
    this.#pace = person.dice.between(6, 22);
  }

  get routes(): readonly Route[] {
    return this.person.routes;
  }

  protected act(hourMs: number): void {
    const { person, tenant } = this;
    const { dice } = person;
    if (!person.begin(hourMs)) return;
    const { day, hour, monthEnd } = localTime(hourMs, tenant.country.zone);
    const lunch = hour === 12 ? 0.4 : 1;
    const pace = this.#pace * lunch * (monthEnd && tenant.dice.chance(0.3) ? 2 : 1);
    const agent = browserOf(person.browser, day);
    for (const atMs of dice.times(dice.poisson(pace), hourMs, hourMs + HOUR_MS)) {
      const client = person.laptop(day);
      const held = this.#signedIn(atMs, client, agent);
      this.request({ atMs, held, client, agent, route: dice.pick(this.routes) }, ordinaryAnswer(dice));
    }
    if (hour >= 16 && dice.chance(0.15)) this.#leave(hourMs + HOUR_MS - 1);
  }

  #signedIn(atMs: number, client: Client, agent: string) {
    const { person, tenant } = this;
    const held = this.session?.at(atMs, client, agent) ?? null;
    if (held !== null) return held;
    this.#mistype(atMs - 20_000, client, agent);
    this.session = new Session(tenant, person.principal, this.plan, atMs, client, agent, person.dice);
    return this.session.held();
  }

  /** Wrong passwords before the right one: a slip mostly, seldom all that one can think of. */
  #mistype(atMs: number, client: Client, agent: string): void {
    const { dice, principal } = this.person;
    if (!dice.chance(0.06)) return;
    const tries = dice.chance(0.03) ? dice.whole(5, 8) : dice.whole(1, 3);
    for (let n = 0; n < tries; n += 1) {
      const facts = { principal, client, user_agent: agent, reason: 'invalid_credentials' as const };
      this.tenant.outlet.emit(atMs - n * 9000, issuerDraft(this.tenant, 'login', facts));
    }
  }

  /** A request that is under way at the logout is answered; a second window may go on until its token expires. */
  #leave(atMs: number): void {
    const { session } = this;
    const use = this.uses.at(-1);
    if (session === undefined || use === undefined) return;
    session.logout(atMs, use.client);
    this.session = undefined;
    const { dice } = this.person;
    const held = session.held();
    if (atMs + 2000 >= held.endsMs) return;
    if (dice.chance(0.2)) this.request({ ...use, held, atMs: atMs + dice.whole(100, 1500) });
    if (this.plan.style === 'jwt' && dice.chance(0.02)) {
      for (let n = 1; n <= 5; n += 1) {
        const laterMs = atMs + n * 60_000;
        if (laterMs < held.endsMs) this.request({ ...use, held, atMs: laterMs });
      }
    }
  }
}

/** The same person's telephone: few requests all day, on whatever network there is. */
export class Phone extends Actor {
  readonly person: Person;
  readonly principal: PrincipalFacts;
  readonly #agent: string;
  readonly #pace: number;
  #version: number;

  constructor(name: string, tenant: Tenant, person: Person) {
    super('phone', name, tenant);
    this.person = person;
    this.principal = person.principal;
    this.#agent = person.dice.pick(['(iPhone; iOS 18.3)', '(Linux; Android 15)']);
    this.#pace = person.dice.between(0.5, 4);
    this.#version = person.dice.whole(410, 412);
  }

  get routes(): readonly Route[] {
    return this.person.routes;
  }

  protected act(hourMs: number): void {
    const { person, tenant } = this;
    const { dice } = person;
    const { day, hour } = localTime(hourMs, tenant.country.zone);
    if (hour < 6 || hour > 23) return;
    person.begin(hourMs);
    if (dice.chance(1 / 400)) this.#version += 1;
    const agent = `${tenant.name}App/${this.#version / 100} ${this.#agent}`;
    for (const atMs of dice.times(dice.poisson(this.#pace), hourMs, hourMs + HOUR_MS)) {
      const client = person.phone(day, hour);
      let held = this.session?.at(atMs, client, agent) ?? null;
      if (held === null) {
        this.session = new Session(tenant, person.principal, phonePlan, atMs, client, agent, dice);
        held = this.session.held();
      }
      this.request({ atMs, held, client, agent, route: dice.pick(this.routes) }, ordinaryAnswer(dice));
    }
  }
}
