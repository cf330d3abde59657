import { buildOverview } from './overview.js';
import { buildTokenDetail } from './token-detail.js';

/** The checked-in files below `json/`, as this code makes them; a test holds the two together. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  const made = { 'overview.json': buildOverview(), 'token-detail.json': buildTokenDetail() };
  return new Map(Object.entries(made).map(([name, board]) => [name, `${JSON.stringify(board, null, 2)}\n`]));
}
