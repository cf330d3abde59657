import { z } from 'zod';
import { formatTime, parseTime } from '../../ingest/event/time.js';

/** How ClickHouse's JSON writes the types that our queries return, read into what the API answers. */

/** UInt64 may come as text or number; counts stay far below 2^53. */
export const count = z.coerce.number().nonnegative();

export const real = z.coerce.number();

export const text = z.string();

export const texts = z.array(z.string());

/** `2026-01-02 03:04:05.678` (also with T and Z) to RFC 3339 with milliseconds. */
export const time = z.string().transform((value, context) => {
  const ms = parseTime(`${value.replace(' ', 'T').replace(/Z$/, '')}Z`);
  if (!Number.isNaN(ms)) return formatTime(ms);
  context.addIssue({ code: 'custom', message: 'not a time of ClickHouse' });
  return z.NEVER;
});

export const timeOrNull = time.nullable();

/** RFC 3339 to ClickHouse's basic input form, UTC, milliseconds. */
export const toStoreTime = (iso: string): string => formatTime(parseTime(iso)).slice(0, 23).replace('T', ' ');

/** Parameters that several queries share. Times travel as milliseconds since the Unix epoch (Int64). */
export const windowParams = { from_ms: z.number().int(), to_ms: z.number().int() };

/** Condition that a hop lies in [from_ms, to_ms), also in the form that the order of `hops` knows. */
export const hopWindow = `time >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
  AND time < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
  AND minute >= toInt32(floor({from_ms:Int64} / 60000)) AND minute <= toInt32(floor({to_ms:Int64} / 60000))`;

/** The network that an address belongs to: its AS where known, else the IPv4 /24 or IPv6 /48, else the name itself. */
export const networkOf = `multiIf(
    client_asn != 0, concat('AS', toString(client_asn)),
    isIPv4String(toString(client_address)),
      concat(IPv4NumToString(bitAnd(IPv4StringToNumOrDefault(toString(client_address)), 4294967040)), '/24'),
    isIPv6String(toString(client_address)),
      concat(cutIPv6(IPv6StringToNumOrDefault(toString(client_address)), 10, 0), '/48'),
    toString(client_address))`;

/** The same by the name that the operator gave the network of a hop's client, where it has one. */
export const namedNetworkOf = `if(client_network_name != '', toString(client_network_name), ${networkOf})`;
