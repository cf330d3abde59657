import { listed, millisecond, TABLE, textArray, within } from './event-sql.js';
import { asText, fieldOf, type Field } from './fields.js';
import { allPresent, conditionOf, valueOf } from './matching.js';
import { figuresOf, type Figure } from './measures.js';
import { needsOf } from './needs.js';
import type { Correlation, Rule } from './rule-schema.js';
import type { Surveyed } from './survey.js';
import { withToldAgain } from './told-again.js';
import { join, name, param, sql, toStatement, toText, whole, type Sql, type Statement } from './sql.js';
import { planWindow, windowAt, type WindowPlan } from './window-plan.js';

/** Windows that are asked for: those that end with the panes from `fromPane` to `toPane`, both included. */
export interface PaneRange {
  readonly fromPane: number;
  readonly toPane: number;
}

/** A window in which a rule began to hold for a group. */
export interface Fired {
  /** Values of the rule's group_by, as text. */
  readonly groups: readonly string[];
  readonly pane: number;
  readonly observed: number;
  /** Events in the window that the rule counts. */
  readonly events: number;
  /** The new values, at most {@link TERMS_MAX}; empty for other kinds of rules. */
  readonly terms: readonly string[];
}

export interface CompiledRule extends Surveyed {
  /** The correlation's own figure. */
  readonly figure: Figure;
  /** How far back of a window's first pane events are read, milliseconds. */
  readonly historyMs: number;
  /**
   * First windows of episodes, oldest first.
   *
   * @param rowsMax at most so many.
   * @param only groups, of which a survey says that no others can have any; none where all are to be looked at.
   */
  evaluate(range: PaneRange, rowsMax: number, only?: readonly (readonly string[])[]): Statement;
  /** What explains each of these, in rows numbered from 1. */
  details(fired: readonly Fired[]): Statement;
  /** Reproduces the reading, for people. */
  reproduce(fired: Fired): string;
}

const TERMS_MAX = 20;
/** event_uids that a detail tells. */
const EVIDENCE_MAX = 5;
const DAY_MS = 86_400_000;

/** @param rule one that `readRules` gave. */
export function compileRule(rule: Rule): CompiledRule {
  const plan = planWindow(rule.correlation.timespan);
  const conditions = new Map(Object.entries(rule.events).map(([name, matcher]) => [name, conditionOf(matcher)]));
  const groups = rule.correlation.group_by.map(fieldOf);
  const figures = figuresOf(rule, conditions);
  const [figure] = figures;
  if (figure === undefined) throw new RangeError('a rule without a figure');
  const selected = sql`${allPresent(groups)} AND (${join(eventsOf(rule, conditions), ' OR ')})`;
  const counted = join(countedBy(rule, conditions), ' OR ');
  const parts: Parts = { rule, plan, groups, figures, selected, counted };
  const historyMs = rule.correlation.type === 'new_terms' ? rule.correlation.history * 1000 : 0;
  return {
    rule,
    plan,
    groups,
    needs: needsOf(rule, conditions),
    figure,
    historyMs,
    evaluate: (range, rowsMax, only) => {
      const narrowed = only === undefined ? parts : { ...parts, selected: sql`${selected}${among(groups, only)}` };
      return toStatement(evaluation(narrowed, range, rowsMax));
    },
    details: (fired) => toStatement(detail(parts, fired)),
    reproduce: (fired) => toText(reproduction(parts, figure, fired)),
  };
}

interface Parts {
  readonly rule: Rule;
  readonly plan: WindowPlan;
  readonly groups: readonly Field[];
  readonly figures: readonly Figure[];
  /** Which events the rule looks at. */
  readonly selected: Sql;
  /** Which of these its own figure counts; the others are what it is held against. */
  readonly counted: Sql;
}

/** `new_terms` may look at some of the rule's events only. */
function eventsOf({ correlation }: Rule, conditions: ReadonlyMap<string, Sql>): readonly Sql[] {
  const wanted = correlation.type === 'new_terms' ? correlation.events : undefined;
  return [...conditions].filter(([name]) => wanted?.includes(name) ?? true).map(([, condition]) => condition);
}

function countedBy({ correlation }: Rule, conditions: ReadonlyMap<string, Sql>): readonly Sql[] {
  const names = correlation.events ?? [...conditions.keys()];
  return names.map((name) => conditions.get(name) ?? sql`0`);
}

/** Field by field, since the table's order and its indexes know single columns: some other groups are let through, too. */
function among(groups: readonly Field[], only: readonly (readonly string[])[]): Sql {
  return groups.reduce(
    (wanted, field, i) => {
      const values = [...new Set(only.map((one) => one[i] ?? ''))];
      return sql`${wanted} AND ${asText(field)} IN ${param('Array(String)', values)}`;
    },
    sql``,
  );
}

function evaluation(parts: Parts, { fromPane, toPane }: PaneRange, rowsMax: number): Sql {
  const { plan, groups, figures } = parts;
  const { paneS, panesBefore } = plan;
  const gap = panesBefore + 1;
  // An episode is over when a window without any pane of the last one that held holds: so far back is looked.
  const first = Math.max(0, fromPane - gap);
  const g = groups.map((_, i) => name('g', i));
  const m = figures.map((_, i) => name('m', i));
  const isNew = parts.rule.correlation.type === 'new_terms';
  const rows = isNew ? newTermRows(parts, first, toPane) : paneRows(parts, first, toPane);
  const merged = figures.map(({ merged: one }, i) => sql`${one} AS ${m[i] ?? sql``}`);
  const holds = figures.map((one, i) => one.holds(m[i] ?? sql``));
  const terms = isNew ? sql`groupArraySorted(${whole(TERMS_MAX)})(v)` : sql`CAST([], 'Array(String)')`;
  const dayPanes = whole(Math.max(1, DAY_MS / 1000 / paneS));
  return sql`
SELECT ${textArray(g)} AS groups, w AS pane, toFloat64(m0) AS observed, toUInt64(events) AS events, terms
FROM
(
  SELECT *,
    lagInFrame(w, 1, toInt64(-1000000000)) OVER (
      ${g.length === 0 ? sql`` : sql`PARTITION BY ${join(g, ', ')}`} ORDER BY w ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
    ) AS before
  FROM
  (
    SELECT ${listed(g)}w, ${join(merged, ', ')}, sum(n) AS events, ${terms} AS terms
    FROM (${rows})
    ARRAY JOIN range(greatest(pane, ${param('Int64', first)}), least(pane + ${whole(panesBefore)}, ${param('Int64', toPane)}) + 1) AS w
    GROUP BY ${listed(g)}w
    HAVING sumIf(n, pane = w) > 0 AND ${join(holds, ' AND ')}
  )
)
WHERE w >= ${param('Int64', fromPane)} AND (w - before > ${whole(gap)} OR intDiv(w, ${dayPanes}) != intDiv(before, ${dayPanes}))
ORDER BY pane, groups
LIMIT ${whole(rowsMax)}`;
}

const grouped = (groups: readonly Field[]): Sql =>
  listed(groups.map((field, i) => sql`${asText(field)} AS ${name('g', i)}`));

const paneNumber = ({ paneS }: WindowPlan): Sql => sql`intDiv(${millisecond}, ${whole(paneS * 1000)})`;

/** One row per group and pane with the states of all figures. */
function paneRows({ plan, groups, figures, selected }: Parts, first: number, last: number): Sql {
  const states = figures.flatMap((figure) => figure.states).map((state, i) => sql`${state} AS ${name('s', i)}`);
  const g = groups.map((_, i) => name('g', i));
  const from = windowAt(plan, first).fromMs;
  const { toMs } = windowAt(plan, last);
  return sql`
      SELECT ${grouped(groups)}${paneNumber(plan)} AS pane, ${listed(states)}count() AS n
      FROM ${eventsFor(figures, TABLE, sql`${within(from, toMs)} AND ${selected}`, groups)}
      GROUP BY ${listed(g)}pane`;
}

/** What stands after FROM: the wanted events, and if a figure counts, which of their lines tell a request again. */
const eventsFor = (figures: readonly Figure[], table: Sql, wanted: Sql, groups: readonly Field[]): Sql =>
  figures.some(({ countsOnce }) => countsOnce) ? withToldAgain(table, wanted, groups) : sql`${table} WHERE ${wanted}`;

type NewTerms = Extract<Correlation, { type: 'new_terms' }>;

/**
 * One row per group, value and pane in which the value is new: not seen in `history` before, by a group that has been seen
 * for `learning`.
 */
function newTermRows({ rule, plan, groups, selected }: Parts, first: number, last: number): Sql {
  const { history, learning, condition } = rule.correlation as NewTerms;
  const list = (typeof condition.field === 'string' ? [condition.field] : condition.field).map(fieldOf);
  const g = groups.map((_, i) => name('g', i));
  const [historyPanes, learningPanes] = [history, learning].map((s) => whole(Math.ceil(s / plan.paneS)));
  const from = windowAt(plan, first).fromMs;
  const { toMs } = windowAt(plan, last);
  const fromPane = param('Int64', Math.max(0, Math.floor(from / (plan.paneS * 1000))));
  const stored = sql`FROM ${TABLE}
          WHERE ${within(from - history * 1000, toMs)} AND ${selected} AND ${allPresent(list)}`;
  // What lies before the windows is one row for each value: when it was seen last. So the size of the history does not matter.
  return sql`
      SELECT ${listed(g)}pane, v, c AS n
      FROM
      (
        SELECT *, lagInFrame(pane, 1, toInt64(-1000000000)) OVER (
          PARTITION BY ${listed(g)}v ORDER BY pane ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS last_seen
        FROM
        (
          SELECT ${grouped(groups)}${valueOf(list)} AS v, max(${paneNumber(plan)}) AS pane, count() AS c
          ${stored}
          GROUP BY ${listed(g)}v, greatest(${paneNumber(plan)}, ${fromPane} - 1)
        )
      ) AS fresh
      INNER JOIN
      (
        SELECT ${grouped(groups)}groupUniqArray(${paneNumber(plan)}) AS panes ${stored} GROUP BY ${join(g, ', ')}
      ) AS known USING (${join(g, ', ')})
      WHERE pane >= ${fromPane} AND pane - last_seen > ${historyPanes ?? sql`0`}
        AND arrayExists(y -> y < pane AND y <= pane - ${learningPanes ?? sql`0`} AND y >= pane - ${historyPanes ?? sql`0`}, panes)`;
}

/**
 * Evidence and facts that all events of a window share; address and service are of the newest. What the rule counts stands before what
 * it is held against.
 */
function detail({ rule, plan, groups, selected, counted }: Parts, fired: readonly Fired[]): Sql {
  const spans = fired.map(({ pane }) => windowAt(plan, pane));
  const from = param(
    'Array(Int64)',
    spans.map(({ fromMs }) => Math.max(0, fromMs)),
  );
  const to = param(
    'Array(Int64)',
    spans.map(({ toMs }) => toMs),
  );
  const keys = param(
    'Array(Array(String))',
    fired.map((one) => one.groups),
  );
  const terms = param(
    'Array(Array(String))',
    fired.map((one) => one.terms),
  );
  const { correlation } = rule;
  const value = correlation.type === 'new_terms' ? valueOf([correlation.condition.field].flat().map(fieldOf)) : sql`''`;
  const one = (field: string): Sql => {
    const own = fieldOf(field).sql;
    return sql`if(min(${own}) = max(${own}), toString(min(${own})), '')`;
  };
  const newest = (own: Sql): Sql => sql`toString(argMax(${own}, (is_counted, ms, event_uid)))`;
  const first = Math.min(...spans.map(({ fromMs }) => fromMs));
  const last = Math.max(...spans.map(({ toMs }) => toMs));
  return sql`
SELECT
  toUInt32(f.1) AS n,
  arrayMap(x -> toString(x.3), groupArraySorted(${whole(EVIDENCE_MAX)})((NOT is_counted, -ms, event_uid))) AS evidence,
  max(ms) AS last_ms,
  ${one('token_uid')} AS one_token,
  ${one('token_name')} AS one_token_name,
  ${one('principal_uid')} AS one_principal,
  ${one('principal_name')} AS one_principal_name,
  ${newest(sql`client_address`)} AS newest_address,
  ${newest(sql`if(target_service = '', target_address, target_service)`)} AS newest_service,
  ${newest(sql`source_instance`)} AS newest_instance
FROM
(
  SELECT
    ${millisecond} AS ms, event_uid, token_uid, token_name, principal_uid, principal_name, client_address, target_service,
    target_address, source_instance, (${counted}) AS is_counted, ${value} AS v, ${textArray(groups.map(asText))} AS key
  FROM ${TABLE}
  WHERE ${within(first, last)} AND ${selected} AND has(${keys}, key)
) AS e
INNER JOIN
(
  SELECT f, f.4 AS key FROM (SELECT arrayJoin(arrayZip(arrayEnumerate(${from}), ${from}, ${to}, ${keys}, ${terms})) AS f)
) AS asked USING (key)
WHERE ms >= f.2 AND ms < f.3 AND (empty(f.5) OR has(f.5, v))
GROUP BY n
ORDER BY n`;
}

function reproduction({ rule, plan, groups, selected }: Parts, figure: Figure, fired: Fired): Sql {
  const { fromMs, toMs } = windowAt(plan, fired.pane);
  const own = groups.map((field, i) => sql`toString(${asText(field)}) = ${param('String', fired.groups[i] ?? '')}`);
  const wanted = (start: number, end: number): Sql =>
    sql`${within(start, end)} AND ${join(own, ' AND ')} AND ${selected}`;
  const from = (start: number, end: number): Sql => sql`FROM events_v1 WHERE ${wanted(start, end)}`;
  const { correlation } = rule;
  if (correlation.type !== 'new_terms') {
    const events = eventsFor([figure], sql`events_v1`, wanted(fromMs, toMs), groups);
    return sql`SELECT ${figure.flat} AS observed FROM ${events}`;
  }
  const value = valueOf([correlation.condition.field].flat().map(fieldOf));
  const before = sql`SELECT ${value} ${from(fromMs - correlation.history * 1000, fromMs)}`;
  const present = allPresent([correlation.condition.field].flat().map(fieldOf));
  return sql`SELECT uniqExact(${value}) AS observed ${from(fromMs, toMs)} AND ${present} AND ${value} NOT IN (${before})`;
}
