import type { NetworkKind } from '../../event/token-event.js';

/**
 * Networks that are nobody's place: RFC 6890 and its registry updates, with multicast and the shared space of RFC 6598. What
 * overlaps is told by the longer prefix.
 */
export const specialNetworks: readonly (readonly [network: string, prefix: number, kind: NetworkKind])[] = [
  ['0.0.0.0', 8, 'special'],
  ['10.0.0.0', 8, 'private'],
  ['100.64.0.0', 10, 'shared'],
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.0.0', 16, 'link_local'],
  ['172.16.0.0', 12, 'private'],
  ['192.0.0.0', 24, 'special'],
  ['192.0.2.0', 24, 'special'],
  ['192.168.0.0', 16, 'private'],
  ['198.18.0.0', 15, 'special'],
  ['198.51.100.0', 24, 'special'],
  ['203.0.113.0', 24, 'special'],
  ['224.0.0.0', 3, 'special'],
  ['::', 128, 'special'],
  ['::1', 128, 'loopback'],
  ['100::', 64, 'special'],
  ['2001:db8::', 32, 'special'],
  ['3fff::', 20, 'special'],
  ['fc00::', 7, 'private'],
  ['fe80::', 10, 'link_local'],
  ['ff00::', 8, 'special'],
];
