import { formatTime } from '../../../ingest/event/time.js';
import type { Decoy } from '../../../detectors/honeytoken/decoys.js';
import { denied, missing, newSecret, newUid, ok, person, unknownToken, type Answer } from '../traffic/tenant.js';
import { tools, type Attack, type Scene } from './scene.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The decoy of every evaluation. */
export const decoy: Decoy = {
  token_uid: 'tok_decoydecoydecoydecoyde',
  secret_fp: '',
  name: 'decoy',
  planted: 'a repository',
  removedMs: null,
};

function forged(scene: Scene): void {
  const { seen, dice, startMs } = scene;
  const { token } = seen.held;
  const client = scene.from({ loud: 'abroad', moderate: 'abroad home', stealthy: 'nearby' });
  const agent = dice.pick(tools);
  const bytes = (): string => newSecret(dice);
  if (scene.level === 'loud') {
    // Tries until one service takes a token without a signature.
    const answer: Answer = { status: 401, reason: 'invalid_signature' };
    for (let n = 0; n < 12; n += 1) {
      scene.use(startMs + n * 4000, { client, agent, route: scene.ownRoute(), held: scene.withHeld({ token: { ...token, secret_fp: bytes() } }) }, answer); // prettier-ignore
    }
    const held = scene.withHeld({ token: { ...token, secret_fp: bytes(), algorithm: 'none' } });
    scene.spree(10, 5, { client, agent, held }, () => scene.explore(0.5, 0), startMs + MINUTE_MS);
    return;
  }
  if (scene.level === 'moderate') {
    // The claims are the owner's, the signature is of a key that a service trusts.
    const held = scene.withHeld({ token: { ...token, secret_fp: bytes() } });
    scene.spree(12, 10, { client, agent, held }, () => scene.explore(0.3, 0));
    return;
  }
  const made = { ...token, token_uid: newUid(dice), secret_fp: bytes(), jti: dice.hex(16), issued_at: formatTime(startMs), expires_at: formatTime(startMs + HOUR_MS) }; // prettier-ignore
  const held = scene.withHeld({ token: made, endsMs: startMs + HOUR_MS, session: `s-${dice.hex(16)}` });
  scene.spree(8, 30, { client, agent, held }, () => scene.explore(0.1, 0));
}

function honeytoken(scene: Scene): void {
  const { startMs, victim, dice } = scene;
  const token = { token_uid: decoy.token_uid, fp_key_id: 'k1', identity: 'key' as const, kind: 'api_key' as const };
  const client = scene.from({ loud: 'abroad', moderate: 'nearby', stealthy: 'neighbour' });
  const held = { token, principal: person(victim.tenant, 'decoy'), endsMs: startMs + HOUR_MS };
  for (let n = 0; n < scene.at({ loud: 20, moderate: 3, stealthy: 1 }); n += 1) {
    scene.use(startMs + n * 2000, { client, agent: dice.pick(tools), held, route: scene.ownRoute() }, unknownToken);
  }
}

function guessing(scene: Scene): void {
  const { startMs, victim, dice } = scene;
  const { principal } = victim;
  const [count, everyMs, addresses] = scene.at({ loud: [120, 1000, 1], moderate: [40, 30_000, 5], stealthy: [24, 15 * MINUTE_MS, 24] } as const); // prettier-ignore
  const clients = Array.from({ length: addresses }, () => scene.abroad());
  const agent = dice.pick(tools);
  for (let n = 0; n < count; n += 1) {
    scene.issuer(startMs + n * everyMs + dice.below(everyMs / 2), 'login', { principal, client: dice.pick(clients), user_agent: agent, reason: 'invalid_credentials' }); // prettier-ignore
  }
  scene.issuer(startMs + count * everyMs, 'login', { principal, client: dice.pick(clients), user_agent: agent });
}

/** One or two passwords at many users. */
function spray(scene: Scene): void {
  const { startMs, dice, others } = scene;
  const people = others.filter(({ kind }) => kind === 'browser');
  const [users, tries, minutes, addresses] = scene.at({ loud: [60, 3, 10, 1], moderate: [40, 2, 40, 8], stealthy: [40, 1, 480, 40] } as const); // prettier-ignore
  const clients = Array.from({ length: addresses }, () => scene.abroad());
  const agent = dice.pick(tools);
  const targets = Array.from({ length: users }, (_, n) => people[n]?.principal ?? person(scene.victim.tenant, `guessed-${scene.victim.name}-${n}`)); // prettier-ignore
  for (const atMs of dice.times(users * tries, startMs, startMs + minutes * MINUTE_MS)) {
    const principal = dice.pick(targets);
    scene.issuer(atMs, 'login', { principal, client: dice.pick(clients), user_agent: agent, reason: 'invalid_credentials' }); // prettier-ignore
  }
}

/** Pairs of names and passwords from elsewhere: most names are unknown here, a few open. */
function stuffing(scene: Scene): void {
  const { startMs, dice, victim } = scene;
  const [users, minutes, addresses] = scene.at({ loud: [250, 10, 1], moderate: [120, 40, 12], stealthy: [80, 480, 80] } as const); // prettier-ignore
  const clients = Array.from({ length: addresses }, () => scene.abroad());
  const agent = scene.at({ loud: dice.pick(tools), moderate: scene.otherBrowser(), stealthy: scene.otherBrowser() });
  for (const atMs of dice.times(users, startMs, startMs + minutes * MINUTE_MS)) {
    const facts = { client: dice.pick(clients), user_agent: agent };
    const name = `leaked-${dice.hex(6)}`;
    const known = dice.chance(0.15);
    scene.issuer(atMs, 'login', {
      ...facts,
      ...(known && { principal: person(victim.tenant, name) }),
      reason: known ? 'invalid_credentials' : 'user_not_found',
    });
  }
  scene.issuer(startMs + minutes * MINUTE_MS, 'login', { principal: victim.principal, client: dice.pick(clients), user_agent: agent }); // prettier-ignore
}

/** What does this token open? */
function probing(scene: Scene): void {
  const { startMs, dice, seen } = scene;
  const [count, minutes] = scene.at({ loud: [30, 3], moderate: [9, 8], stealthy: [6, 240] } as const);
  const routes = dice.sample([...scene.victim.tenant.services.flat(), ...scene.victim.tenant.delicate], count);
  dice.times(count, startMs, startMs + minutes * MINUTE_MS).forEach((atMs, n) => {
    scene.use(atMs, { client: seen.client, route: routes[n]! }, denied);
  });
}

/** Ids are counted up to see which exist. */
function enumeration(scene: Scene): void {
  const { dice, seen, victim } = scene;
  const route = victim.routes.find(({ route: text }) => text.includes('{id}')) ?? scene.ownRoute();
  const [count, minutes, share] = scene.at({ loud: [400, 20, 0.6], moderate: [120, 50, 0.4], stealthy: [14, 55, 0.25] } as const); // prettier-ignore
  const first = dice.whole(1, 900_000);
  scene.spree(count, minutes, { client: seen.client }, (n) => ({
    route,
    object: first + n,
    answer: dice.chance(share) ? missing : ok,
  }));
}

/** A collection is carried off, object by object: nothing is refused. */
function scraping(scene: Scene): void {
  const { dice, seen, victim } = scene;
  const route = victim.routes.find(({ route: text }) => text.includes('{id}')) ?? scene.ownRoute();
  const [count, minutes] = scene.at({ loud: [3000, 15], moderate: [600, 50], stealthy: [50, 55] } as const);
  const first = dice.whole(1, 900_000);
  scene.spree(count, minutes, { client: seen.client }, (n) => ({
    route: { ...route, method: 'GET' },
    object: first + n,
  }));
}

/** Malware on the owner's own machine reads what it can. */
function harvest(scene: Scene): void {
  const { seen } = scene;
  const [count, minutes] = scene.at({ loud: [1500, 50], moderate: [300, 55], stealthy: [40, 55] } as const);
  scene.spree(count, minutes, { client: seen.client }, () => ({ route: scene.ownRoute() }));
}

export const abused: readonly Attack[] = [
  { id: 'forged', technique: 'T1606', title: 'a forged token served', victims: ['browser'], style: 'jwt', run: forged },
  { id: 'honeytoken', technique: 'T1552', title: 'a decoy tried', victims: ['service'], run: honeytoken },
  { id: 'guessing', technique: 'T1110.001', title: 'one account’s password guessed', victims: ['browser'], run: guessing },
  { id: 'spray', technique: 'T1110.003', title: 'few passwords at many accounts', victims: ['browser'], run: spray },
  { id: 'stuffing', technique: 'T1110.004', title: 'stolen pairs at many accounts', victims: ['browser'], run: stuffing },
  { id: 'probing', technique: 'T1526, T1550.001', title: 'rights probed with a token', victims: ['browser', 'service'], run: probing },
  { id: 'enumeration', technique: 'T1550.001', title: 'objects enumerated', victims: ['partner'], run: enumeration },
  { id: 'scraping', technique: 'T1530', title: 'a collection carried off', victims: ['partner'], run: scraping },
  { id: 'harvest', technique: 'T1550.001', title: 'data harvested from the owner’s machine', victims: ['browser'], style: 'cookie', run: harvest },
]; // prettier-ignore
