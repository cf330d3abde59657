import { isIP } from 'node:net';
import { AppError } from '../../core/errors.js';

/** Addresses that only this machine reaches. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** @throws AppError TQ_CONFIG_INVALID when somebody beyond this machine could send without showing who he is. */
export function refuseOpenHost(host: string, isOpen: boolean, mend: string): void {
  if (!isOpen || isLoopback(host)) return;
  throw new AppError('TQ_CONFIG_INVALID', `Receivers without an API key cannot listen on ${host}.`, { mend });
}
