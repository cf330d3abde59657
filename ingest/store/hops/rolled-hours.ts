import { z } from 'zod';

/** Hours (since the epoch) that a roll-up of hops makes anew, with the version of each, and the minutes around all of them. */
export const rolledHours = z.object({
  hours: z.array(z.number().int()),
  versions: z.array(z.number().int()),
  from_minute: z.number().int(),
  to_minute: z.number().int(),
});
export type RolledHours = z.output<typeof rolledHours>;

/** Version of a row's hour, where rows are grouped by `hour_number`. */
export const versionOfHour = 'transform(any(hour_number), {hours:Array(Int32)}, {versions:Array(UInt64)}, toUInt64(0))';
