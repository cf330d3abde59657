import { setTimeout as delay } from 'node:timers/promises';
import type { Driver, Session } from './driver.js';

/** Addresses and programs of those who do not belong here. */
export const thief = { from: '127.0.0.66', userAgent: 'python-requests/2.32.3' } as const;
export const guesser = { from: '127.0.0.77', userAgent: 'Hydra/9.5' } as const;
const flooder = { from: '127.0.0.88', userAgent: 'Go-http-client/2.0' } as const;

const times = async (count: number, act: (n: number) => Promise<unknown>): Promise<void> => {
  for (let n = 0; n < count; n += 1) await act(n);
};
const inParallel = (count: number, act: (n: number) => Promise<unknown>): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, (_, n) => act(n)));

export interface Cast {
  readonly alice: Session;
  readonly bob: Session;
  readonly dave: Session;
  readonly erin: Session;
  readonly reports: Session;
  readonly crawler: Session;
}

/** Everyone signs in, by all the ways there are. */
export async function signIn(driver: Driver): Promise<Cast> {
  const [alice, bob, dave, erin, reports, crawler] = await Promise.all([
    driver.login('alice', { from: '127.0.0.11', grant: 'authorization_code' }),
    driver.login('bob', { from: '127.0.0.12' }),
    driver.login('dave', { from: '127.0.0.14' }),
    driver.login('erin', { from: '127.0.0.15', grant: 'authorization_code' }),
    driver.clientLogin('reports', { from: '127.0.0.31' }),
    driver.clientLogin('crawler', { from: '127.0.0.32' }),
  ]);
  return { alice, bob, dave, erin, reports, crawler };
}

/** What a quiet minute looks like: reading, ordering, a report, an anonymous look and a scope that does not suffice. */
export async function ordinary(driver: Driver, cast: Cast, rounds = 2): Promise<void> {
  const { alice, bob, dave, erin, reports } = cast;
  await times(rounds, async (round) => {
    for (const session of [alice, bob, dave, erin]) {
      await driver.request('/orders', { session });
      await driver.request(`/orders/${round + 1}`, { session });
      await driver.request('/orders', { session, method: 'POST' });
    }
    await driver.request('/stock', { session: reports });
    await driver.request('/orders', { session: reports });
    await driver.request('/stock');
    await driver.request('/nothing-here');
    await driver.request('/stock', { session: bob, tampered: true });
    await driver.request('/charges', { session: erin });
  });
}

export async function refreshAll(driver: Driver, cast: Cast): Promise<void> {
  await driver.refresh(cast.alice);
  await driver.refresh(cast.alice);
  await driver.refresh(cast.dave);
}

/** A stolen access token is drained from elsewhere with another program. */
export function theft(driver: Driver, victim: Session, requests = 80): Promise<void> {
  const { jti, owner } = victim;
  return driver.deed({ kind: 'attack', name: 'theft', jti, owner, from: thief.from }, () =>
    times(requests / 8, (round) =>
      inParallel(8, (n) => driver.request(`/stock/items/${round * 8 + n}`, { session: victim, ...thief })),
    ),
  );
}

/** Requests under way at a logout are excused for as long as detector `session` says (`end_leeway_seconds`), and a little. */
const AFTER_LEEWAY_MS = 5_500;

/** The user logs out; someone who kept the access token goes on. */
export function useAfterLogout(driver: Driver, victim: Session): Promise<void> {
  const { jti, owner } = victim;
  return driver.deed({ kind: 'attack', name: 'use-after-logout', jti, owner, from: thief.from }, async () => {
    await driver.logout(victim);
    await delay(AFTER_LEEWAY_MS);
    await times(3, () => driver.request('/orders', { session: victim, ...thief }));
  });
}

/** The user logs out while the page that is open still asks for something. */
export function lastLook(driver: Driver, { jti, owner, asking, ...session }: Session): Promise<void> {
  return driver.deed({ kind: 'look-alike', name: 'last-look', jti, owner, from: asking.from }, async () => {
    await driver.logout({ jti, owner, asking, ...session });
    await times(2, () => driver.request('/orders', { session: { asking, accessToken: session.accessToken } }));
  });
}

export function guessing(driver: Driver, user = 'carol', guesses = 20): Promise<void> {
  return driver.deed({ kind: 'attack', name: 'guessing', jti: undefined, owner: user, from: guesser.from }, () =>
    times(guesses, (n) => driver.guessPassword(user, `Summer${2000 + n}!`, guesser)),
  );
}

/** A machine's token in a loop that runs away. */
export function flood(driver: Driver, machine: Session, requests = 96): Promise<void> {
  const { jti, owner } = machine;
  return driver.deed({ kind: 'attack', name: 'flood', jti, owner, from: flooder.from }, () =>
    times(requests / 8, (round) =>
      inParallel(8, (n) => driver.request(`/orders/${round * 8 + n}`, { session: machine, ...flooder })),
    ),
  );
}

/** Looks like an attack and is none. */
export async function lookAlikes(driver: Driver, { dave, erin, reports }: Cast): Promise<void> {
  const quiet = { kind: 'look-alike' } as const;
  const of = ({ jti, owner, asking }: Session): { jti: string; owner: string; from: string } => ({ jti, owner, from: asking.from });
  await driver.deed({ ...quiet, name: 'burst', ...of(reports) }, () =>
    inParallel(20, (n) => driver.request(`/stock/${n}`, { session: reports })),
  );
  await driver.deed({ ...quiet, name: 'two-addresses', ...of(dave) }, () =>
    times(6, (n) => driver.request(`/orders/${n}`, { session: dave, ...(n % 2 === 1 && { from: '127.0.0.24' }) })),
  );
  await driver.deed({ ...quiet, name: 'retries', ...of(erin) }, () =>
    times(4, (n) => driver.request(`/orders/flaky-${n}-${Date.now()}`, { session: erin })),
  );
} // prettier-ignore
