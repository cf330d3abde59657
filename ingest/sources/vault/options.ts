import { z } from 'zod';
import { AppError } from '../../core/errors.js';

const schema = z.strictObject({});

/** @throws AppError TQ_CONFIG_INVALID: the source has no options, so any is a slip of the pen. */
export function readOptions(options: unknown): void {
  const read = schema.safeParse(options ?? {});
  if (read.success) return;
  const faults = read.error.issues.map((issue) => issue.message);
  throw new AppError('TQ_CONFIG_INVALID', `Options of the vault source: ${faults.join('; ')}.`, {
    mend: 'The vault source takes no options.',
  });
}
