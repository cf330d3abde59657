import type { CollectorDeps } from '../../ingest/collectors/collector-deps.js';
import type { SyslogInput } from '../../ingest/collectors/syslog/syslog-intake.js';
import { createSyslogListener, type SyslogPlace } from '../../ingest/collectors/syslog/syslog-listener.js';
import type { SourceBinding } from '../../ingest/pipeline/record-parser.js';
import type { SyslogInputConfig } from '../config/input-schema.js';
import type { Surroundings } from './open-parts.js';
import { readServerTls } from './server-tls.js';

export interface SyslogSource {
  readonly name: string;
  readonly binding: SourceBinding;
  readonly input: SyslogInputConfig;
}

/** Sources of one address share a listener. */
export const syslogAddress = ({ protocol, host, port, path }: SyslogInputConfig): string =>
  path === undefined ? `${protocol}://${host}:${String(port)}` : `unix://${path}`;

/** Starts the listeners that the sources need; resolves to their addresses. */
export async function startSyslog(
  s: Surroundings,
  sources: readonly SyslogSource[],
  deps: CollectorDeps,
): Promise<readonly string[]> {
  const places = new Map<string, { place: SyslogPlace; inputs: SyslogInput[] }>();
  for (const { name, binding, input } of sources) {
    const key = syslogAddress(input);
    const { protocol, host, port, path, allow, app_names: appNames, peers } = input;
    const own: SyslogInput = {
      ...binding,
      name,
      ...(appNames === undefined ? {} : { appNames }),
      ...(peers === undefined ? {} : { peers }),
    };
    const known = places.get(key);
    if (known !== undefined) known.inputs.push(own);
    else {
      const place = {
        protocol,
        host,
        port,
        ...(path === undefined ? {} : { path }),
        ...(allow === undefined ? {} : { allow }),
      };
      places.set(key, { place, inputs: [own] });
    }
  }
  const { tls: files, ...config } = s.config.receivers.syslog;
  const tls = places.size === 0 ? undefined : readServerTls(files);
  const addresses: string[] = [];
  for (const { place, inputs } of places.values()) {
    const listener = await s.lifecycle.start(createSyslogListener(place, inputs, config, tls, deps));
    addresses.push(`${place.protocol}://${listener.address}`);
  }
  return addresses;
}
