import { AppError } from '../../ingest/core/errors.js';
import type { Config } from '../config/schema.js';
import { readConfig } from './config-file.js';
import type { Terminal } from './terminal.js';

export interface AddressOptions {
  readonly url?: string;
  readonly config?: string;
}

/** Listening on all addresses, a server is reached on this machine by its loopback address. */
const loopbackOf: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };

/** The API's host as a URL has it, an IPv6 address in brackets. */
export const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/**
 * Where the API of a command is: `--url`, else TOURNIQUET_URL, else what the configuration lets it listen on.
 *
 * @throws AppError where it cannot be told.
 */
export function apiAddress({ url, config }: AddressOptions, env: Terminal['env']): string {
  const named = url ?? env['TOURNIQUET_URL'];
  const address = (named ?? configuredAddress(readConfig(config, env).api)).replace(/\/+$/, '');
  if (URL.canParse(address) && /^https?:/.test(address)) return address;
  throw new AppError('TQ_REQUEST_INVALID', 'The address of the API is no http or https URL.', {
    mend: 'Give it as --url http://host:port.',
  });
}

function configuredAddress({ host, port }: Config['api']): string {
  if (port === 0) {
    throw new AppError(
      'TQ_REQUEST_INVALID',
      'With api.port 0 the API has a port that the configuration does not tell.',
      {
        mend: 'Give the address that it logged at its start as --url or TOURNIQUET_URL.',
      },
    );
  }
  const address = `http://${urlHost(host)}:${port}`;
  if (!URL.canParse(address)) return address;
  // A URL knows each address by one spelling.
  const { hostname } = new URL(address);
  return `http://${loopbackOf[hostname] ?? hostname}:${port}`;
}
