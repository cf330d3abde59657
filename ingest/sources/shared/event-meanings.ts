import type { Action, Outcome, Reason } from '../../event/token-event.js';

/** What a product's event type says. */
export interface EventMeaning {
  readonly action: Action;
  /** Where the type itself tells the outcome. */
  readonly outcome?: Outcome;
  readonly reason?: Reason;
}

/** Rows of a table of event types: names separated by spaces. */
export function meaningRows(
  action: Action,
  names: string,
  told: Omit<EventMeaning, 'action'> = {},
): readonly (readonly [string, EventMeaning])[] {
  return names.split(' ').map((name) => [name, { action, ...told }] as const);
}

export const failed = (reason: Reason): Omit<EventMeaning, 'action'> => ({ outcome: 'failure', reason });

/**
 * The row of a dotted event type, or of the longest prefix that the table knows as `a.b.*`.
 *
 * @returns undefined for a type that the table does not know.
 */
export function meaningOfType(table: ReadonlyMap<string, EventMeaning>, type: string): EventMeaning | undefined {
  const exact = table.get(type);
  if (exact !== undefined) return exact;
  for (let dot = type.lastIndexOf('.'); dot > 0; dot = type.lastIndexOf('.', dot - 1)) {
    const row = table.get(`${type.slice(0, dot)}.*`);
    if (row !== undefined) return row;
  }
  return undefined;
}
