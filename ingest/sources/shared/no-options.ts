import { z } from 'zod';
import { AppError } from '../../core/errors.js';

const schema = z.strictObject({});

/** @throws AppError TQ_CONFIG_INVALID: the source has no options, so any is a slip of the pen. */
export function refuseOptions(product: string, options: unknown): void {
  const read = schema.safeParse(options ?? {});
  if (read.success) return;
  const faults = read.error.issues.map((issue) => issue.message);
  throw new AppError('TQ_CONFIG_INVALID', `Options of the ${product} source: ${faults.join('; ')}.`, {
    mend: `The ${product} source takes no options.`,
  });
}
