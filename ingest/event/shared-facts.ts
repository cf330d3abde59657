/** JSON of objects that stand in many events. */
const texts = new WeakMap<object, string>();

/**
 * Facts that many events will hold as this very object (those of one token, of one source): their JSON is made once.
 * They must not change afterwards.
 *
 * @param text their JSON, where it is at hand.
 */
export function sharedFacts<T extends object>(facts: T, text = JSON.stringify(facts)): T {
  texts.set(facts, text);
  return facts;
}

/** True for what `sharedFacts` was given: work on it is worth remembering. */
export const isShared = (facts: object): boolean => texts.has(facts);

/** JSON of what `sharedFacts` was given; undefined for all else. */
export const sharedText = (facts: object): string | undefined => texts.get(facts);
