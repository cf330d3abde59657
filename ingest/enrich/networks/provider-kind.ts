import { BoundedCache } from '../../core/bounded-cache.js';
import type { NetworkKind } from '../../event/token-event.js';

/**
 * Names of autonomous systems that give a provider of VPNs, or of servers for rent, away. No list of their addresses is published
 * as a package under a free licence; names miss some, and an operator's own word (enrich.networks) comes before them.
 */
const VPN =
  /\bvpn\b|vpn[ -]|proxy|relay|mullvad|nordvpn|tefincom|surfshark|proton ?vpn|expressvpn|privatelayer|datacamp|m247/i;
const HOSTING =
  /amazon|\baws\b|google cloud|microsoft|azure|oracle|alibaba|tencent|cloud|hosting|hosted|data ?cent(?:er|re)|vps\b|server|hetzner|ovh|digitalocean|linode|akamai|fastly|vultr|choopa|constant company|leaseweb|contabo|scaleway|ionos/i;

/** null for a name that says neither; names repeat endlessly. */
const kinds = new BoundedCache<NetworkKind | null>(512 * 1024);

/** What the holder of an autonomous system rents out, by its name; undefined where the name does not say. */
export function providerKind(asName: string | undefined): NetworkKind | undefined {
  if (asName === undefined || asName === '') return undefined;
  let kind = kinds.get(asName);
  if (kind === undefined) {
    kind = VPN.test(asName) ? 'vpn' : HOSTING.test(asName) ? 'hosting' : null;
    kinds.set(asName, kind);
  }
  return kind ?? undefined;
}
