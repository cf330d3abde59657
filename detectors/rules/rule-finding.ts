import { boundText } from '../../ingest/core/text.js';
import { DRILL_INSTANCE } from '../../ingest/event/drill.js';
import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { formatTime } from '../../ingest/event/time.js';
import type { EntityKind, Finding } from '../core/finding.js';
import { spanText } from '../core/span-text.js';
import type { CompiledRule, Fired } from './compile.js';
import { fieldOf } from './fields.js';
import { windowAt } from './window-plan.js';

/** What the store tells of a window that fired. */
export interface FiredDetail {
  readonly evidence: readonly string[];
  readonly last_ms: number;
  readonly one_token: string;
  readonly one_token_name: string;
  readonly one_principal: string;
  readonly one_principal_name: string;
  readonly newest_address: string;
  readonly newest_service: string;
  readonly newest_instance: string;
}

const ENTITY_MAX = 256;
const SUMMARY_MAX = 512;

/** Name of a rule among detectors. */
export const detectorOf = (ruleId: string): string => `rule:${ruleId}`;

/** Who the finding is about: the first grouping field that names somebody, else the whole deployment. */
export function entityOfGroups(
  groupBy: readonly string[],
  groups: readonly string[],
): { kind: EntityKind; uid: string } {
  for (const [i, name] of groupBy.entries()) {
    const kind = fieldOf(name).entity;
    const uid = groups[i];
    if (kind !== undefined && uid !== undefined && uid !== '') return { kind, uid };
  }
  return { kind: 'deployment', uid: groups.length === 0 ? 'all' : groups.join(' ') };
}

/** The id that names what was found: rule, group and first window of the episode. */
export function ruleFindingUid({ rule, plan }: CompiledRule, { groups, pane }: Pick<Fired, 'groups' | 'pane'>): string {
  const { kind } = entityOfGroups(rule.correlation.group_by, groups);
  return deterministicUuid('finding', detectorOf(rule.id), kind, ...groups, String(windowAt(plan, pane).fromMs));
}

const nobody = { token_uid: '', token_name: '', principal_uid: '', principal_name: '' };

const namesOf = (kind: 'token' | 'principal', uid: string, detail: FiredDetail) => ({
  token_uid: kind === 'token' ? uid : detail.one_token,
  token_name: detail.one_token_name,
  principal_uid: kind === 'principal' ? uid : detail.one_principal,
  principal_name: detail.one_principal_name,
});

/** A rule that is only observed makes signals: stored, searchable, and no alert. */
export function ruleFinding(compiled: CompiledRule, fired: Fired, detail: FiredDetail): Finding {
  const { rule, plan, figure } = compiled;
  const { fromMs, toMs } = windowAt(plan, fired.pane);
  const grouped = entityOfGroups(rule.correlation.group_by, fired.groups);
  const { kind, uid } = grouped;
  const entity = rule.about === 'source' ? sourceOf(detail, grouped) : grouped;
  const drill = detail.newest_instance === DRILL_INSTANCE;
  const summary = `${rule.title}: ${readingOf(compiled, fired)}${kind === 'deployment' ? '' : ` (${kind.replace('_', ' ')} ${boundText(calledOf(kind, uid, detail), ENTITY_MAX)})`}`;
  return {
    finding_uid: ruleFindingUid(compiled, fired),
    detector: detectorOf(rule.id),
    detector_version: rule.version,
    entity_kind: entity.kind,
    entity_uid: entity.uid,
    // An address is its own incident, even if all that it did was with one token.
    ...(entity.kind === 'token' || entity.kind === 'principal' ? namesOf(entity.kind, entity.uid, detail) : nobody),
    severity: rule.mode === 'observe' ? 'info' : rule.severity,
    fidelity: rule.fidelity,
    summary: boundText(`${drill ? '[DRILL] ' : ''}${summary}`, SUMMARY_MAX),
    ...(drill && { drill: true as const }),
    techniques: rule.techniques,
    score: {
      value: figure.limit > 0 ? fired.observed / figure.limit : fired.observed,
      measure: figure.measure,
      unit: figure.unit,
      observed: fired.observed,
      expected: figure.limit,
      spread: 0,
      // The limit is the operator's, not learnt from readings.
      sampleCount: 0,
      warmedUp: true,
      windowStartMs: fromMs,
      windowEndMs: toMs,
    },
    time: formatTime(detail.last_ms),
    client_address: detail.newest_address,
    target_service: detail.newest_service,
    evidence: detail.evidence,
    sql: compiled.reproduce(fired),
  };
}

/** Where it was done; a drill's events come from a source of their own. */
const sourceOf = (
  { newest_instance: uid }: FiredDetail,
  grouped: ReturnType<typeof entityOfGroups>,
): ReturnType<typeof entityOfGroups> => (uid === '' ? grouped : { kind: 'source', uid });

/** What people call it: an owner's uid says little at night. */
function calledOf(kind: EntityKind, uid: string, detail: FiredDetail): string {
  const name = kind === 'principal' ? detail.one_principal_name : kind === 'token' ? detail.one_token_name : '';
  return name === '' ? uid : name;
}

/** What different values of a field are, to a reader who knows no field. */
const nouns: Readonly<Record<string, string>> = {
  principal_id: 'accounts',
  principal_uid: 'principals',
  client_address: 'addresses',
  client_network: 'networks',
  client_country: 'countries',
  client_id: 'clients',
  token_uid: 'tokens',
  target_path: 'paths',
  target_route: 'routes',
  target_service: 'services',
};

function readingOf({ rule, figure }: CompiledRule, { observed, terms }: Fired): string {
  const { timespan } = rule.correlation;
  const noun = nounOf(rule.correlation);
  const number = Number(observed.toPrecision(4));
  const seen =
    figure.unit === '1'
      ? `${Math.round(observed * 100)} %`
      : `${number} ${noun === undefined ? figure.unit : number === 1 ? noun.replace(/(?<=ss)es$|s$/, '') : noun}`;
  const what = terms.length === 0 ? '' : ` (${boundText(terms.slice(0, 5).join(', '), ENTITY_MAX)})`;
  return `${seen}${noun === undefined ? countedOf(rule.correlation) : ''}${what} in ${spanText(timespan)}`;
}

/** `30 accounts` in place of `30 values of principal_id`. */
function nounOf(correlation: CompiledRule['rule']['correlation']): string | undefined {
  if (correlation.type !== 'value_count' || correlation.condition.field.length !== 1) return undefined;
  return nouns[correlation.condition.field[0] ?? ''];
}

/** What a bare number leaves open: of which field the values are, or which steps were seen. */
function countedOf(correlation: CompiledRule['rule']['correlation']): string {
  switch (correlation.type) {
    case 'value_count':
    case 'value_ratio':
      return ` of ${correlation.condition.field.join(' and ')}`;
    case 'events_per_value':
      return ` for each ${correlation.condition.field.join(' and ')}`;
    case 'temporal':
      return ` (${correlation.events.join(', ')})`;
    case 'temporal_ordered':
      return ` (${correlation.events.join(', then ')})`;
    case 'event_count':
      return correlation.events === undefined ? '' : ` (${correlation.events.join(', ')})`;
    case 'value_sum':
    case 'value_avg':
    case 'value_percentile':
    case 'ratio':
    case 'new_terms':
      return '';
  }
}
