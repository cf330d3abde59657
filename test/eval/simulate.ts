import type { Finding } from '../../detectors/core/finding.js';
import { abused } from './attacks/abused.js';
import { levels, Scene, type Attack, type Level } from './attacks/scene.js';
import { stolen } from './attacks/stolen.js';
import { Dice } from './dice.js';
import type { Judge } from './judges.js';
import type { Actor } from './traffic/actor.js';
import { localTime } from './traffic/calendar.js';
import { START_MS, World } from './world.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const attacks: readonly Attack[] = [...stolen, ...abused];

/** An attack that waits for its moment. */
interface Plan {
  readonly attack: Attack;
  readonly level: Level;
  readonly victim: Actor;
  readonly fromMs: number;
  readonly dice: Dice;
}

export interface Attacked {
  readonly attack: string;
  readonly scene: Scene;
}

export interface Simulation {
  readonly events: number;
  readonly tokenDays: number;
  readonly attacked: readonly Attacked[];
  readonly findings: readonly Finding[];
}

export interface CleanPlan {
  readonly tenants: number;
  readonly days: number;
}

/** Ordinary traffic only. */
export function simulateClean(
  seed: number,
  { tenants, days }: CleanPlan,
  judges: readonly Judge[],
): Promise<Simulation> {
  const world = new World(`clean ${seed}`);
  for (let n = 0; n < tenants; n += 1) world.populate();
  return run(world, days, [], judges);
}

export interface AttackedPlan {
  /** Trials of each attack at each level. */
  readonly trials: number;
  /** Days of ordinary traffic before the first attack. */
  readonly quietDays: number;
  readonly days: number;
  readonly only?: readonly string[];
  /** Clocks are right and lines come at once. */
  readonly punctual?: boolean;
}

/** Each victim is attacked once, some time after its quiet days. */
export function simulateAttacked(seed: number, plan: AttackedPlan, judges: readonly Judge[]): Promise<Simulation> {
  const world = new World(`attacked ${seed}`, plan.punctual);
  const plans: Plan[] = [];
  for (const attack of attacks) {
    if (plan.only !== undefined && !plan.only.includes(attack.id)) continue;
    const tenant = world.tenant();
    for (const level of levels) {
      for (let n = 0; n < plan.trials; n += 1) {
        const dice = new Dice(`${seed} ${attack.id} ${level} ${n}`);
        const victim = world.add(dice.pick(attack.victims), tenant, attack.style);
        const fromMs = START_MS + Math.floor(dice.between(plan.quietDays, plan.days - 4) * DAY_MS);
        plans.push({ attack, level, victim, fromMs, dice });
      }
    }
  }
  return run(world, plan.days, plans, judges);
}

async function run(world: World, days: number, plans: readonly Plan[], judges: readonly Judge[]): Promise<Simulation> {
  const findings: Finding[] = [];
  const attacked: Attacked[] = [];
  let waiting = plans;
  let events = 0;
  const endMs = START_MS + days * DAY_MS;
  // One hour more takes what is left of the last.
  for (let hourMs = START_MS; hourMs <= endMs; hourMs += HOUR_MS) {
    if (hourMs < endMs) {
      for (const actor of world.actors) actor.hour(hourMs);
      waiting = waiting.filter((plan) => {
        const scene = begin(plan, hourMs);
        if (scene !== null) attacked.push({ attack: plan.attack.id, scene });
        return scene === null;
      });
    }
    for (const event of world.outlet.take(hourMs)) {
      events += 1;
      for (const judge of judges) judge.offer(event);
    }
    for (const judge of judges) findings.push(...(await judge.findings()));
  }
  for (const judge of judges) {
    await judge.finish();
    findings.push(...(await judge.findings()));
  }
  const tokenDays = world.actors.reduce((sum, actor) => sum + actor.days, 0);
  return { events, tokenDays, attacked, findings };
}

/** Null while the moment has not come: the owner must be there, and have a token that lives for a while. */
function begin({ attack, level, victim, fromMs, dice }: Plan, hourMs: number): Scene | null {
  if (hourMs < fromMs) return null;
  // People are attacked while they work, so that two hold the token at once.
  const seen = victim.uses.find(({ held, atMs }) => held.endsMs - atMs > 10 * MINUTE_MS && atMs < hourMs + 40 * MINUTE_MS);
  if (seen === undefined) return null;
  const { hour } = localTime(hourMs, victim.tenant.country.zone);
  if (attack.id === 'account' && (hour < 9 || hour > 15)) return null;
  const scene = new Scene(level, victim, [], seen, seen.atMs + dice.whole(1, 5) * MINUTE_MS, dice);
  attack.run(scene);
  return scene.eventUids.size === 0 ? null : scene;
} // prettier-ignore
