import { Dice } from './dice.js';
import type { Actor, ActorKind } from './traffic/actor.js';
import { App, Batch, CloudRole, Device, Partner, Pipeline, Service } from './traffic/machines.js';
import { Outlet } from './traffic/outlet.js';
import { Browser, Person, Phone } from './traffic/people.js';
import { browserPlan, type SessionPlan } from './traffic/session.js';
import { Tenant } from './traffic/tenant.js';

/** Of a hundred credentials in use, so many are of each kind. */
const mix: readonly (readonly [ActorKind, number])[] = [
  ['browser', 40], ['phone', 19], ['service', 4], ['batch', 11], ['partner', 9], ['pipeline', 5], ['app', 1],
  ['device', 8], ['cloud', 3],
]; // prettier-ignore

/** A Monday; the weeks after it have a holiday, the end of a month, and Easter. */
export const START_MS = Date.UTC(2026, 2, 2);

/** Organisations with everybody who holds a credential there. */
export class World {
  readonly outlet: Outlet;
  readonly actors: Actor[] = [];
  readonly #dice: Dice;
  readonly #tenants: Tenant[] = [];
  #people: Person[] = [];

  constructor(seed: string, punctual = false) {
    this.#dice = new Dice(seed);
    this.outlet = new Outlet(this.#dice.fork('outlet'), punctual);
  }

  tenant(): Tenant {
    const name = `t${this.#tenants.length}`;
    const tenant = new Tenant(name, this.outlet, this.#dice.fork(name));
    this.#tenants.push(tenant);
    this.#people = [];
    return tenant;
  }

  /** One organisation of a hundred credentials. */
  populate(): void {
    const tenant = this.tenant();
    for (const [kind, count] of mix) for (let n = 0; n < count; n += 1) this.add(kind, tenant);
  }

  add(kind: ActorKind, tenant: Tenant, style?: 'cookie' | 'jwt'): Actor {
    const name = `${kind}${this.actors.length}`;
    const dice = this.#dice.fork(`${tenant.name}/${name}`);
    const actor = this.#make(kind, name, tenant, dice, style);
    this.actors.push(actor);
    return actor;
  }

  #make(kind: ActorKind, name: string, tenant: Tenant, dice: Dice, style?: 'cookie' | 'jwt'): Actor {
    switch (kind) {
      case 'browser': {
        const person = new Person(tenant, name, dice);
        this.#people.push(person);
        const plan: SessionPlan = { ...browserPlan(dice), ...(style !== undefined && { style }) };
        return new Browser(name, tenant, person, plan);
      }
      // The telephone is that of somebody who also has a laptop, where there is one left.
      case 'phone':
        return new Phone(name, tenant, this.#people.shift() ?? new Person(tenant, name, dice));
      case 'service':
        return new Service(name, tenant, dice, dice.chance(0.5), START_MS);
      case 'batch':
        return new Batch(name, tenant, dice, START_MS);
      case 'partner':
        return new Partner(name, tenant, dice, START_MS);
      case 'pipeline':
        return new Pipeline(name, tenant, dice, START_MS);
      case 'app':
        return new App(name, tenant, dice, START_MS);
      case 'device':
        return new Device(name, tenant, dice, START_MS);
      case 'cloud':
        return new CloudRole(name, tenant, dice);
    }
  }
}
