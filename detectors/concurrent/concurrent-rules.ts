import type { Observation } from '../core/detector.js';
import type { FactRule } from '../core/fact-detector.js';
import { ACCEPTED, figureBetweenSql, figureSql, NETWORK } from '../core/reproduce.js';

const DAY_MS = 86_400_000;

/** Address, network, place and program of the deciding event. */
function here({ event }: Observation): string {
  const { client, user_agent: agent } = event;
  const asn = client?.asn === undefined ? '' : `AS${client.asn}`;
  const parts = [
    client?.network_name ?? '',
    asn,
    client?.geo?.city ?? '',
    client?.geo?.country_iso_code ?? '',
    (agent ?? '').slice(0, 60),
  ];
  const known = parts.filter((part) => part !== '');
  return `${client?.address ?? 'an unknown address'}${known.length === 0 ? '' : ` (${known.join(', ')})`}`;
}

/** A pool of addresses that the operator gave one name is one network. */
const PLACE = `if(client_network_name = '', ${NETWORK}, client_network_name)`;

const FIGURE = `least(8, uniqExact(${PLACE}))`;

/** Distinct networks of accepted uses in the window before the event; around it if it came late, when newer ones had been seen. */
const networks =
  (windowMs: number): FactRule['sql'] =>
  (_score, observation) => {
    const { late, timeMs } = observation;
    if (late !== true) return figureSql(observation, timeMs - windowMs, ACCEPTED, FIGURE);
    return figureBetweenSql(observation, timeMs - windowMs + 1, timeMs + windowMs, ACCEPTED, FIGURE);
  };

/** @param windowMs how far apart two uses are concurrent. */
export function concurrentRules(windowMs: number) {
  const shared = { unit: 'networks', gapMs: DAY_MS, sql: networks(windowMs) } as const;
  const both = (o: Observation, against: string | undefined): string => `${here(o)} and from ${against ?? 'elsewhere'}`;
  return {
    two_countries: {
      ...shared,
      severity: 'high',
      fidelity: 'high',
      techniques: ['T1550.001', 'T1539'],
      summary: (_s, o, { against }) =>
        `One token used at the same time from ${both(o, against)}: other network, country and program.`,
    },
    two_networks: {
      ...shared,
      severity: 'low',
      fidelity: 'medium',
      techniques: ['T1550.001'],
      summary: (_s, o, { against }) =>
        `One token used at the same time from ${both(o, against)}: other network and program.`,
    },
    browser_and_tool: {
      ...shared,
      severity: 'medium',
      fidelity: 'medium',
      techniques: ['T1539', 'T1550.004'],
      summary: (_s, o, { against }) =>
        `The token of a browser is used at the same time by a tool elsewhere: ${both(o, against)}.`,
    },
    workload_and_outside: {
      ...shared,
      severity: 'high',
      fidelity: 'medium',
      techniques: ['T1550.001', 'T1552'],
      summary: (_s, o, { against }) =>
        `The token of a workload in ${against ?? 'a private network'} is used from ${here(o)}, outside.`,
    },
    back_and_forth: {
      ...shared,
      // People switch VPNs on and off all day: of medium it raised four times as many false alerts in the evaluation as all else together.
      severity: 'low',
      fidelity: 'low',
      techniques: ['T1539', 'T1550.001'],
      summary: (_s, o, { against }) =>
        `A person’s token is used by turns from ${both(o, against)}: two providers in two countries within minutes, back and forth.`,
    },
    two_places: {
      ...shared,
      severity: 'info',
      fidelity: 'low',
      techniques: ['T1550.001'],
      summary: (_s, o, { against }) => `One token used at the same time from ${both(o, against)}.`,
    },
    two_addresses: {
      ...shared,
      severity: 'info',
      fidelity: 'low',
      techniques: ['T1550.001'],
      summary: (_s, o, { against }) => `One token used at the same time by two programs, ${both(o, against)}.`,
    },
    many_networks: {
      ...shared,
      severity: 'info',
      fidelity: 'medium',
      techniques: ['T1550.001'],
      summary: (s) =>
        `One token used from ${s.observed} or more networks at the same time: shared, or built into an app.`,
    },
  } as const satisfies Readonly<Record<string, FactRule>>;
}

export type ConcurrentMeasure = keyof ReturnType<typeof concurrentRules>;
