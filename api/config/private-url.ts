import { z } from 'zod';
import { isLoopback } from '../../ingest/collectors/peer/open-host.js';

const isPrivateWay = (url: string): boolean => {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
};

/** Credentials go there, so in the clear only within this machine. */
export const privateUrl = z
  .url({ protocol: /^https?$/ })
  .refine((text) => URL.canParse(text) && isPrivateWay(text), 'needs https');
