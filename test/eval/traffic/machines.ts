import { formatTime } from '../../../ingest/event/time.js';
import type { PrincipalFacts, TokenFacts } from '../../../ingest/event/token-event.js';
import { makePrincipal } from '../../../ingest/event/principal.js';
import type { Dice } from '../dice.js';
import { Actor } from './actor.js';
import { demand, localTime } from './calendar.js';
import { carrier, clouds, home, hosted, inside, Line, type Client } from './networks.js';
import {
  broken, denied, expired, issuerDraft, machine, missing, newKey, newSecret, newUid, ok, ordinaryAnswer, person, unknownToken,
  type Answer, type Held, type Route, type Tenant,
} from './tenant.js'; // prettier-ignore

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Far beyond what is simulated. */
const NEVER_MS = Date.UTC(2040, 0, 1);

const lasting = (token: TokenFacts, principal: PrincipalFacts): Held => ({ token, principal, endsMs: NEVER_MS });

/** A service of the tenant: pods that come and go, deploys, outages of what it calls, retries. */
export class Service extends Actor {
  readonly principal: PrincipalFacts;
  readonly routes: Route[];
  readonly #dice: Dice;
  readonly #network: number;
  readonly #pace: number;
  readonly #key: TokenFacts | undefined;
  readonly #pods: { client: Client; held: Held | undefined }[] = [];
  #version = 1;
  #outage: string | undefined;
  /** Of a deploy that came before its rights. */
  #unready: Route | undefined;

  /** @param shared whether all pods use one key, or each has a token of its own for an hour. */
  constructor(name: string, tenant: Tenant, dice: Dice, shared: boolean, startMs: number) {
    super('service', name, tenant);
    this.#dice = dice;
    this.principal = machine(tenant, name);
    this.routes = [...tenant.purpose(dice, dice.whole(2, 4), 0.4)];
    this.#network = dice.whole(1, 250);
    this.#pace = dice.between(4, 24);
    this.#key = shared ? newKey(tenant, 'api_key', name, startMs - dice.whole(1, 80) * DAY_MS, dice) : undefined;
    this.#pods.push(this.#pod(), this.#pod());
  }

  protected act(hourMs: number): void {
    const { tenant } = this;
    const dice = this.#dice;
    const { hour, working } = localTime(hourMs, tenant.country.zone);
    if (working && hour >= 9 && hour <= 17 && dice.chance(1 / 30)) this.#deploy();
    else this.#unready = undefined;
    this.#outage = dice.chance(1 / 900) ? dice.pick(this.routes).service : undefined;
    if (dice.chance(1 / 2000)) tenant.outlet.stall(`${tenant.name}-gw-${dice.below(3)}`, hourMs);
    // A sale, a campaign, a holiday of others.
    const peak = tenant.dice.chance(1 / 3000) ? 2.5 : 1;
    const mean = this.#pace * demand(hourMs, tenant.country.zone) * peak;
    this.#scale(Math.max(2, Math.round(mean / 12)));
    for (const atMs of dice.times(dice.poisson(mean), hourMs, hourMs + HOUR_MS)) this.#call(atMs);
  }

  #call(atMs: number): void {
    const dice = this.#dice;
    const pod = dice.pick(this.#pods);
    const route = dice.pick(this.routes);
    const agent = `${this.name}/${this.#version}.0 grpc-node-js/1.12`;
    const held = this.#held(pod, atMs);
    const down = this.#outage === route.service;
    const answer = down ? broken : route === this.#unready ? denied : ordinaryAnswer(dice);
    this.request({ atMs, held, client: pod.client, agent, route }, answer);
    if (!down) return;
    for (let n = 1; n <= 3; n += 1) this.request({ atMs: atMs + 400 * 2 ** n, held, client: pod.client, agent, route }, broken);
  } // prettier-ignore

  #held(pod: { client: Client; held: Held | undefined }, atMs: number): Held {
    if (this.#key !== undefined) return lasting(this.#key, this.principal);
    if (pod.held !== undefined && atMs < pod.held.endsMs - 30_000) return pod.held;
    const { tenant, principal } = this;
    const endsMs = atMs + HOUR_MS;
    const dice = this.#dice;
    const token: TokenFacts = {
      token_uid: newUid(dice), secret_fp: newSecret(dice), fp_key_id: 'k1', identity: 'jwt', kind: 'access_token',
      key_id: 'sig-1', jti: dice.hex(16), algorithm: 'RS256', issuer: tenant.issuer, scopes: ['api'],
      issued_at: formatTime(atMs - 300), expires_at: formatTime(endsMs),
    }; // prettier-ignore
    tenant.outlet.emit(atMs - 300, issuerDraft(tenant, 'issue', { token, principal, client: pod.client }));
    pod.held = { token, principal, endsMs };
    return pod.held;
  }

  #deploy(): void {
    const dice = this.#dice;
    this.#version += 1;
    this.#pods.splice(0, this.#pods.length, this.#pod(), this.#pod());
    this.#unready = undefined;
    if (!dice.chance(0.15)) return;
    const more = this.tenant.purpose(dice, 1, 0.3);
    this.routes.push(...more);
    if (dice.chance(0.3)) this.#unready = more[0];
  }

  #scale(wanted: number): void {
    while (this.#pods.length < wanted) this.#pods.push(this.#pod());
    if (this.#pods.length > wanted + 1) this.#pods.pop();
  }

  #pod(): { client: Client; held: Held | undefined } {
    return { client: inside(this.#network, this.#dice), held: undefined };
  }
}

/** A job with a key of its own, which walks through a list of objects: each night, each hour, or once a week; at the end of the month it has more to do. */
export class Batch extends Actor {
  readonly principal: PrincipalFacts;
  readonly routes: readonly Route[];
  readonly #dice: Dice;
  readonly #held: Held;
  readonly #network: number;
  protected override readonly walks = true;
  readonly #rhythm: 'night' | 'hour' | 'week';
  readonly #at: number;
  readonly #size: number;
  readonly #minutes: number;

  constructor(name: string, tenant: Tenant, dice: Dice, startMs: number) {
    super('batch', name, tenant);
    this.#dice = dice;
    this.principal = machine(tenant, name);
    this.routes = tenant.purpose(dice, dice.whole(1, 2), 0.4);
    this.#held = lasting(newKey(tenant, 'service_token', name, startMs - dice.whole(1, 80) * DAY_MS, dice), this.principal);
    this.#network = dice.whole(1, 250);
    this.#rhythm = dice.pick(['night', 'night', 'hour', 'week']);
    this.#at = dice.whole(0, 5);
    this.#size = this.#rhythm === 'hour' ? dice.whole(2, 8) : dice.whole(30, 160);
    this.#minutes = dice.whole(5, 40);
  } // prettier-ignore

  protected act(hourMs: number): void {
    const dice = this.#dice;
    const { day, hour, monthEnd } = localTime(hourMs, this.tenant.country.zone);
    const due = this.#rhythm === 'hour' || (hour === this.#at && (this.#rhythm === 'night' || day % 7 === 3));
    // Somebody looks after it by hand now and then, and a night is missed.
    if (due ? dice.chance(0.01) : !dice.chance(1 / 1500)) return;
    const size = this.#size * (monthEnd ? 3 : 1) * dice.between(0.85, 1.15);
    const client = inside(this.#network, dice);
    const fromMs = hourMs + dice.whole(0, 9) * MINUTE_MS;
    for (const atMs of dice.times(Math.round(size), fromMs, fromMs + this.#minutes * MINUTE_MS)) {
      const agent = `${this.name}/2.4 python-requests/2.32`;
      this.request({ atMs, held: this.#held, client, agent, route: dice.pick(this.routes) }, ordinaryAnswer(dice));
    }
  }
}

/**
 * A program of somebody else, with an API key, in a cloud: it fails over, moves, changes its key, and after a clean-up asks for
 * what is no longer there until its list is renewed.
 */
export class Partner extends Actor {
  readonly principal: PrincipalFacts;
  readonly routes: Route[];
  readonly #dice: Dice;
  readonly #pace: number;
  readonly #main: readonly Line[];
  readonly #spare: Line;
  readonly #agent: string;
  #key: TokenFacts;
  #old: TokenFacts | undefined;
  #graceEndsMs = 0;
  #spareUntilMs = 0;

  constructor(name: string, tenant: Tenant, dice: Dice, startMs: number) {
    super('partner', name, tenant);
    this.#dice = dice;
    this.principal = makePrincipal({ kind: 'client', issuer: tenant.issuer, id: `${tenant.name}-${name}`, name });
    this.routes = [...tenant.purpose(dice, dice.whole(1, 3))];
    this.#pace = dice.between(1, 7);
    const provider = dice.pick([clouds.aws, clouds.google, clouds.azure]);
    const line = (): Line => new Line(provider, tenant.country, tenant.cities, dice);
    this.#main = [line(), line()];
    this.#spare = hosted(tenant.country, tenant.cities, dice);
    this.#agent = `${name}-sync/${dice.whole(1, 4)}.${dice.below(10)}`;
    this.#key = newKey(tenant, 'api_key', name, startMs - dice.whole(1, 80) * DAY_MS, dice);
  }

  protected act(hourMs: number): void {
    const { tenant } = this;
    const dice = this.#dice;
    if (dice.chance(1 / 900)) this.#rotate(hourMs);
    // The second data centre takes part of the work while the first is repaired.
    if (dice.chance(1 / 600)) this.#spareUntilMs = hourMs + dice.whole(1, 6) * HOUR_MS;
    if (dice.chance(1 / 1500)) this.routes.push(...tenant.purpose(dice, 1));
    if (dice.chance(1 / 1500)) this.#refetch(hourMs);
    const day = Math.floor(hourMs / DAY_MS);
    const mean = this.#pace * demand(hourMs, tenant.country.zone);
    for (const atMs of dice.times(dice.poisson(mean), hourMs, hourMs + HOUR_MS)) {
      const spare = atMs < this.#spareUntilMs && dice.chance(0.6);
      const client = (spare ? this.#spare : dice.pick(this.#main)).client(day);
      const old = this.#old !== undefined && dice.chance(0.1) ? this.#old : undefined;
      const refused = old !== undefined && atMs > this.#graceEndsMs;
      // Who was forgotten at the rotation hears of it soon.
      if (refused && dice.chance(0.2)) this.#old = undefined;
      const answer = refused ? unknownToken : ordinaryAnswer(dice);
      const held = lasting(old ?? this.#key, this.principal);
      this.request({ atMs, held, client, agent: this.#agent, route: dice.pick(this.routes) }, answer);
    }
  }

  /** Its whole copy is made anew, object by object; of a list from before a clean-up a third is gone. */
  #refetch(hourMs: number): void {
    const dice = this.#dice;
    const route = this.routes.find(({ route: text }) => text.endsWith('/{id}'));
    if (route === undefined) return;
    const client = dice.pick(this.#main).client(Math.floor(hourMs / DAY_MS));
    const isStale = dice.chance(0.3);
    const first = this.nextObject();
    const held = lasting(this.#key, this.principal);
    dice.times(dice.whole(40, 200), hourMs, hourMs + 40 * MINUTE_MS).forEach((atMs, n) => {
      const answer = isStale && dice.chance(0.35) ? missing : ok;
      this.request({ atMs, held, client, agent: this.#agent, route, object: first + n }, answer);
    });
  }

  #rotate(hourMs: number): void {
    const { tenant, principal } = this;
    this.#old = this.#key;
    this.#graceEndsMs = hourMs + 12 * HOUR_MS;
    this.#key = { ...this.#key, secret_fp: newSecret(this.#dice), issued_at: formatTime(hourMs) };
    tenant.outlet.emit(hourMs, issuerDraft(tenant, 'rotate', { token: this.#key, principal }));
  }
}

/** A personal token in a pipeline: jobs on rented machines with other addresses each time; its owner uses it at the desk, too. */
export class Pipeline extends Actor {
  readonly principal: PrincipalFacts;
  readonly routes: readonly Route[];
  readonly #dice: Dice;
  readonly #held: Held;
  readonly #desk: Line;
  readonly #deskShare: number;

  constructor(name: string, tenant: Tenant, dice: Dice, startMs: number) {
    super('pipeline', name, tenant);
    this.#dice = dice;
    this.principal = person(tenant, name);
    this.routes = ['app', 'infra', 'docs', 'lib'].slice(0, dice.whole(2, 4)).flatMap((repo) => [
      { service: 'git', method: 'GET', route: `/repos/${repo}/info/refs` },
      { service: 'git', method: 'POST', route: `/repos/${repo}/git-upload-pack` },
    ]);
    const token = newKey(tenant, 'personal_access_token', name, startMs - dice.whole(1, 80) * DAY_MS, dice);
    this.#held = lasting(token, this.principal);
    this.#desk = home(tenant.country, tenant.cities, dice);
    this.#deskShare = dice.chance(0.3) ? 0.2 : 0;
  }

  protected act(hourMs: number): void {
    const dice = this.#dice;
    const { day, hour, working } = localTime(hourMs, this.tenant.country.zone);
    const jobs = hour === 3 ? 1 : working && hour >= 8 && hour <= 18 ? dice.poisson(0.8) : 0;
    for (const startMs of dice.times(jobs, hourMs, hourMs + 45 * MINUTE_MS)) {
      const line = new Line(clouds.azure, this.tenant.country, this.tenant.cities, dice);
      for (const atMs of dice.times(dice.whole(2, 8), startMs, startMs + 6 * MINUTE_MS)) {
        this.#git(atMs, line.client(day), dice.chance(0.8) ? 'git/2.47.1' : 'node/22');
      }
    }
    if (!working || hour < 9 || hour > 17) return;
    for (const atMs of dice.times(dice.poisson(3 * this.#deskShare), hourMs, hourMs + HOUR_MS)) {
      this.#git(atMs, this.#desk.client(day), 'git/2.43.0');
    }
  }

  #git(atMs: number, client: Client, agent: string): void {
    this.request({ atMs, held: this.#held, client, agent, route: this.#dice.pick(this.routes) }, ok);
  }
}

/** A key built into an app for everybody: as many networks as users. */
export class App extends Actor {
  readonly principal: PrincipalFacts;
  readonly routes: readonly Route[];
  readonly #dice: Dice;
  readonly #held: Held;
  readonly #pace: number;

  constructor(name: string, tenant: Tenant, dice: Dice, startMs: number) {
    super('app', name, tenant);
    this.#dice = dice;
    this.principal = makePrincipal({ kind: 'client', issuer: tenant.issuer, id: `${tenant.name}-${name}`, name });
    this.routes = tenant.purpose(dice, 1, 0.6);
    this.#held = lasting(newKey(tenant, 'api_key', name, startMs - dice.whole(1, 80) * DAY_MS, dice), this.principal);
    this.#pace = dice.between(8, 16);
  }

  protected act(hourMs: number): void {
    const { tenant } = this;
    const dice = this.#dice;
    const mean = this.#pace * demand(hourMs, tenant.country.zone);
    for (const atMs of dice.times(dice.poisson(mean), hourMs, hourMs + HOUR_MS)) {
      const line = dice.chance(0.5) ? carrier(tenant.country, tenant.cities, dice) : home(tenant.country, tenant.cities, dice);
      const agent = dice.chance(0.5) ? 'okhttp/4.12' : `${tenant.name}App/4.1 CFNetwork/1568`;
      this.request({ atMs, held: this.#held, client: line.client(0), agent, route: dice.pick(this.routes) }, ordinaryAnswer(dice));
    }
  } // prettier-ignore
}

/** A device in the field that asks every few minutes; its line has an outage now and then, after which it catches up. */
export class Device extends Actor {
  readonly principal: PrincipalFacts;
  readonly routes: readonly Route[];
  readonly #dice: Dice;
  readonly #held: Held;
  readonly #line: Line;
  readonly #perHour: number;
  readonly #phase: number;
  #firmware = 30;
  #darkUntilMs = 0;
  #owed = 0;
  #expiredUntilMs = 0;

  constructor(name: string, tenant: Tenant, dice: Dice, startMs: number) {
    super('device', name, tenant);
    this.#dice = dice;
    this.principal = makePrincipal({ kind: 'client', issuer: tenant.issuer, id: `${tenant.name}-${name}`, name });
    this.routes = tenant.purpose(dice, 1, 0.2).slice(0, 2);
    this.#held = lasting(newKey(tenant, 'api_key', name, startMs - dice.whole(1, 80) * DAY_MS, dice), this.principal);
    this.#line = dice.chance(0.3) ? carrier(tenant.country, tenant.cities, dice) : home(tenant.country, tenant.cities, dice);
    this.#perHour = dice.pick([1, 2, 4]);
    this.#phase = dice.below(10) * MINUTE_MS;
  } // prettier-ignore

  protected act(hourMs: number): void {
    const dice = this.#dice;
    if (dice.chance(1 / 200)) this.#line.renew();
    if (dice.chance(1 / 1000)) this.#firmware += 1;
    if (dice.chance(1 / 1200)) this.#darkUntilMs = hourMs + dice.whole(2, 30) * HOUR_MS;
    if (dice.chance(1 / 4000)) this.#expiredUntilMs = hourMs + dice.whole(1, 12) * HOUR_MS;
    if (hourMs < this.#darkUntilMs) {
      this.#owed = Math.min(60, this.#owed + this.#perHour);
      return;
    }
    const agent = `meter/${this.#firmware / 10}`;
    const client = this.#line.client(Math.floor(hourMs / DAY_MS));
    const use = (atMs: number, answer: Answer): void =>
      this.request({ atMs, held: this.#held, client, agent, route: dice.pick(this.routes) }, answer);
    for (; this.#owed > 0; this.#owed -= 1) use(hourMs + this.#phase + this.#owed * 1500, ok);
    for (let n = 0; n < this.#perHour; n += 1) {
      const atMs = hourMs + this.#phase + n * (HOUR_MS / this.#perHour) + dice.whole(0, 4000);
      // A key that ran out is refused until somebody renews it; the device does not tire of trying.
      use(atMs, hourMs < this.#expiredUntilMs ? expired : ok);
    }
  }
}

/** A role in a cloud, as the cloud's own log tells: keys for some hours, on machines that scale. */
export class CloudRole extends Actor {
  readonly principal: PrincipalFacts;
  readonly routes: readonly Route[];
  readonly #dice: Dice;
  readonly #lines: readonly Line[];
  readonly #pace: number;
  #held: Held | undefined;

  constructor(name: string, tenant: Tenant, dice: Dice) {
    super('cloud', name, tenant);
    this.#dice = dice;
    this.principal = makePrincipal({ kind: 'role', id: `arn:aws:iam::123456789012:role/${tenant.name}-${name}`, name });
    this.routes = dice.sample(['GetObject', 'PutObject', 'ListBucket', 'GetItem', 'PutItem', 'SendMessage', 'ReceiveMessage'], 4)
      .map((method) => ({ service: method.includes('Item') ? 'dynamodb' : method.includes('Message') ? 'sqs' : 's3', method, route: `/${method}` })); // prettier-ignore
    this.#lines = [0, 1].map(() => new Line(clouds.aws, tenant.country, tenant.cities, dice));
    this.#pace = dice.between(2, 10);
  }

  protected act(hourMs: number): void {
    const { tenant } = this;
    const dice = this.#dice;
    const day = Math.floor(hourMs / DAY_MS);
    if (dice.chance(1 / 100)) dice.pick(this.#lines).renew();
    for (const atMs of dice.times(dice.poisson(this.#pace * demand(hourMs, tenant.country.zone)), hourMs, hourMs + HOUR_MS)) {
      if (this.#held === undefined || atMs > this.#held.endsMs - MINUTE_MS) this.#held = this.#assume(atMs);
      const client = dice.pick(this.#lines).client(day);
      const agent = 'Boto3/1.35.90 md/Botocore#1.35.90 exec-env/EC2';
      this.request({ atMs, held: this.#held, client, agent, route: dice.pick(this.routes) }, dice.chance(0.99) ? ok : denied);
    }
  } // prettier-ignore

  #assume(atMs: number): Held {
    const dice = this.#dice;
    const token: TokenFacts = {
      token_uid: newUid(dice), fp_key_id: 'k1', identity: 'aws', kind: 'access_key', key_id: `ASIA${dice.hex(16).toUpperCase()}`,
    }; // prettier-ignore
    return { token, principal: this.principal, endsMs: atMs + 6 * HOUR_MS };
  }
}
