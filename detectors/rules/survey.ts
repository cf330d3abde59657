import { TABLE, listed, millisecond, textArray, within } from './event-sql.js';
import { asText, type Field } from './fields.js';
import { allPresent } from './matching.js';
import type { Need } from './needs.js';
import type { Rule } from './rule-schema.js';
import { join, name, sql, toStatement, whole, type Sql, type Statement } from './sql.js';
import type { WindowPlan } from './window-plan.js';

/** What a survey has to know of a rule. */
export interface Surveyed {
  readonly rule: Rule;
  readonly plan: WindowPlan;
  readonly groups: readonly Field[];
  readonly needs: readonly Need[];
}

/** Event time in which windows of a rule lie, [from, to) in milliseconds. */
export interface Ask {
  readonly surveyed: Surveyed;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Time is cut into stretches as long as the longest window, or until each has so many events: short ones of few say little more. */
const STRETCH_EVENTS = 20_000;
/** Rules with windows of one class share a read: else those of minutes would be asked about days. */
const CLASSES_MS = [2 * 3_600_000, 26 * 3_600_000, Infinity] as const;

/**
 * For each rule, the groups that have what it needs, and event time in which they have it. One read serves all rules that group
 * alike. A window lies in two stretches of time that follow each other.
 *
 * Rows: `rule`, its place in the list; `found`, groups; `spans`, from and to in milliseconds. No row for a rule that cannot hold.
 *
 * @param groupsMax groups that are told of a rule, at most one more.
 * @param perMs events of each millisecond, about.
 */
export function surveyOf(asks: readonly Ask[], groupsMax: number, perMs: number): Statement {
  const branches = new Map<string, [number, Ask][]>();
  asks.forEach((ask, i) => {
    const { plan, rule } = ask.surveyed;
    const key = `${rule.correlation.group_by.join(' ')} ${CLASSES_MS.findIndex((ms) => plan.lengthMs <= ms)}`;
    branches.set(key, [...(branches.get(key) ?? []), [i, ask]]);
  });
  return toStatement(sql`
SELECT rule, groupUniqArray(${whole(groupsMax + 1)})(groups) AS found, groupUniqArray([from_ms, to_ms]) AS spans
FROM
(${join(
    [...branches.values()].map((own) => branch(own, perMs)),
    ' UNION ALL ',
  )}
)
GROUP BY rule`);
}

/** Each row says that one rule can hold for one group in one pair of stretches. */
function branch(asks: readonly (readonly [place: number, ask: Ask])[], perMs: number): Sql {
  const groups = asks[0]?.[1].surveyed.groups ?? [];
  const g = groups.map((_, i) => name('g', i));
  const columns = new Columns();
  const rules = asks.map(([place, { surveyed }]) => ({
    place: whole(place),
    holds: join(
      surveyed.needs.map((need) => columns.holds(need)),
      ' AND ',
    ),
  }));
  const fromMs = Math.min(...asks.map(([, ask]) => ask.fromMs));
  const toMs = Math.max(...asks.map(([, ask]) => ask.toMs));
  const longestMs = Math.max(...asks.map(([, { surveyed }]) => surveyed.plan.lengthMs));
  const stretchMs = whole(Math.ceil(Math.max(longestMs, Math.min(toMs - fromMs, STRETCH_EVENTS / perMs))));
  const ids = groups.map((field, i) => sql`${asText(field)} AS ${name('g', i)}`);
  const places = rules.map(({ place }) => place);
  const held = rules.map(({ holds }) => sql`(${holds})`);
  return sql`
  SELECT rule, groups, (stretch - 1) * ${stretchMs} AS from_ms, (stretch + 1) * ${stretchMs} AS to_ms
  FROM
  (
    SELECT ${textArray(g)} AS groups, stretch, ${join(columns.merged, ', ')}
    FROM
    (
      SELECT ${listed(g)}first, ${join(columns.states, ', ')}
      FROM
      (
        SELECT ${listed(ids)}intDiv(${millisecond}, ${stretchMs}) AS first, ${join(columns.named, ', ')}
        FROM ${TABLE}
        WHERE ${within(fromMs, toMs)} AND ${allPresent(groups)}
      )
      WHERE ${join(columns.counted, ' OR ')}
      GROUP BY ${listed(g)}first
    )
    ARRAY JOIN [first, first + 1] AS stretch
    GROUP BY ${listed(g)}stretch
  )
  ARRAY JOIN [${join(places, ', ')}] AS rule, [${join(held, ', ')}] AS held
  WHERE held`;
}

/**
 * What a branch counts. Each condition and each value stands once in it, by a name of its own: to understand a statement costs the
 * engine more than to run it.
 */
class Columns {
  readonly #names = new Map<string, Sql>();
  readonly #counted = new Map<string, Sql>();
  /** Of an event: conditions and values, with their names. */
  readonly named: Sql[] = [];
  readonly states: Sql[] = [];
  readonly merged: Sql[] = [];

  /** Conditions of events that anything counts. */
  get counted(): readonly Sql[] {
    return [...this.#counted.values()];
  }

  /** The condition, over the merged counts, that there is as much as is needed. */
  holds({ events, told, distinct, least }: Need): Sql {
    const any = events.map((one) => this.#name('e', one));
    const present = told.map((field) => this.#name('e', field.present));
    const condition = join([sql`(${join(any, ' OR ')})`, ...present], ' AND ');
    this.#counted.set(JSON.stringify(condition), sql`(${condition})`);
    if (distinct !== true)
      return sql`${this.#count(sql`countIf(${condition})`, (s) => sql`sum(${s})`)} >= ${whole(least)}`;
    // Exact up to one less than what is needed, and one more where there are more.
    const upTo = whole(least - 1);
    const values = join(
      told.map((field) => this.#name('v', field.sql)),
      ', ',
    );
    const state = sql`uniqUpToStateIf(${upTo})(${values}, ${condition})`;
    return sql`${this.#count(state, (s) => sql`uniqUpToMerge(${upTo})(${s})`)} >= ${whole(least)}`;
  }

  #name(prefix: 'e' | 'v', piece: Sql): Sql {
    const key = JSON.stringify([prefix, piece]);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const own = name(prefix, this.named.length);
    this.#names.set(key, own);
    this.named.push(sql`${piece} AS ${own}`);
    return own;
  }

  #count(state: Sql, mergedOf: (state: Sql) => Sql): Sql {
    const key = JSON.stringify(state);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const [s, m] = [name('s', this.states.length), name('m', this.states.length)];
    this.states.push(sql`${state} AS ${s}`);
    this.merged.push(sql`${mergedOf(s)} AS ${m}`);
    this.#names.set(key, m);
    return m;
  }
}
