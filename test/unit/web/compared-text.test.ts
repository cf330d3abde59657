import { comparedText } from '../../../api/web/map/compared-text.js';
import { foldMap } from '../../../api/map/fold-map.js';
import { joinWindows } from '../../../api/map/join-windows.js';
import type { HopRow } from '../../../api/queries/map-hops.js';

const compared = { from: '2024-01-02T03:00:00.000Z', to: '2024-01-02T04:00:00.000Z' };
const hop = (source: string, requests = 5): HopRow => ({
  layer: 'caller_service',
  source,
  target: 'orders',
  requests,
  failures: 0,
  caller_only: 0,
  callee_only: 0,
  hops: 1,
  first_time: '2024-01-02T04:30:00.000Z',
  last_time: '2024-01-02T04:30:00.000Z',
  first_seen: null,
});

/** What the page says of hops of both windows; of the earlier one null where the store knows no call of it. */
const said = (now: readonly HopRow[], before: readonly HopRow[] | null, hubShare = 1): string => {
  const limits = { laneMax: 100, edgesMax: 200, hubShare };
  return comparedText({ compared_with: compared, ...foldMap(joinWindows(now, before), limits) });
};

describe('what the map says of the window compared with', () => {
  it('tells a time of which nothing is known from one of which nothing passes the filter', () => {
    const nothingKnown = 'no call is known of 2 Jan 03:00 – 2 Jan 04:00, so nothing is marked as new';
    expect(said([hop('web')], null)).toContain(nothingKnown);
    expect(said([hop('web')], [])).toContain('no call of 2 Jan 03:00 – 2 Jan 04:00 passes this filter, so all is new');
    expect(said([hop('web'), hop('job')], [hop('web')])).toContain('1 changed or alerting, compared with');
    // All that was there has gone.
    expect(said([], [hop('web')])).toContain('1 changed or alerting');
  });

  it('says no more of an empty map than of one without a comparison', () => {
    expect(said([], null)).toBe('');
    expect(said([], [])).toBe('');
    expect(comparedText({ compared_with: null, nodes: [], edges: [] })).toBe('');
  });

  it('knows of calls whose connections are all folded away', () => {
    const callers = Array.from({ length: 40 }, (_, n) => hop(`caller-${n}`));
    expect(said(callers, callers, 0.3)).toContain('0 changed or alerting');
    expect(said(callers, null, 0.3)).toContain('no call is known');
  });
});
