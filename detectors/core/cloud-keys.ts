import type { TokenEvent } from '../../ingest/event/token-event.js';

/** Of AWS IAM; CloudTrail's record then names the key that it is done to, and not the one that asked for it. */
const operations: ReadonlySet<string> = new Set(['CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey']);

/** Whether a cloud tells what was done to the key; all else that it records was done with it. */
export const isOfKeyLife = ({ source, target }: TokenEvent): boolean =>
  source.kind === 'cloud' && operations.has(target?.method ?? '');
