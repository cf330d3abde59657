/** Lines further apart than this are not joined, milliseconds: a hop whose sides differ by more is seen from two single sides. */
export const JOIN_MS = 15_000;
export const BUCKET_MS = 15_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** Condition that a time lies in [from_ms, to_ms), also in the form that the table's order knows. */
export const windowOf = (time: string): string => `${time} >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND ${time} < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND toDate(${time}) >= toDate(fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))
    AND toDate(${time}) <= toDate(fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'))`;
