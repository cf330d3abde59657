/** The shapes of the API's answers, taken from the schemas that write them; types only, nothing of the server runs here. */
import type { z } from 'zod';
import type { MapDelta as Delta } from '../../live/live-view.js';
import type { alertDetailSchema, findingSchema } from '../../schemas/alerts.js';
import type { mapAnswer, mapTimelineAnswer } from '../../schemas/map.js';
import type { problemSchema } from '../../schemas/problem.js';
import type { sqlAnswer } from '../../schemas/sql.js';
import type { baselineAnswer, callsAnswer, usualAnswer } from '../../schemas/token-activity.js';
import type { tokenAnswer, tokenSchema } from '../../schemas/tokens.js';

export type MapAnswer = z.output<typeof mapAnswer>;
export type MapDelta = Delta;
export type MapTimeline = z.output<typeof mapTimelineAnswer>;
export type Statement = z.output<typeof sqlAnswer>;
export type MapNode = MapAnswer['nodes'][number];
export type MapEdge = MapAnswer['edges'][number];
export type Lane = MapNode['lane'];
export type Alert = z.output<typeof alertDetailSchema>;
export type Finding = z.output<typeof findingSchema>;
export type Severity = Alert['severity'];
export type Token = z.output<typeof tokenSchema>;
export type TokenDetail = z.output<typeof tokenAnswer>;
export type Usual = z.output<typeof usualAnswer>;
export type Facet = Usual['facets'][number];
export type Baseline = z.output<typeof baselineAnswer>;
export type Call = z.output<typeof callsAnswer>['items'][number];
export type Problem = z.output<typeof problemSchema>;

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}
