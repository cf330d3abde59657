import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../../lab/start-lab.js';

export interface TokenItem {
  readonly token_uid: string;
  readonly kinds: readonly string[];
  readonly issuers: readonly string[];
  readonly aliases: readonly { readonly kind: string; readonly value: string }[];
  readonly uses: number;
  readonly events: number;
}

export interface TokenDetail {
  readonly children: readonly { readonly token_uid: string }[];
  readonly seen_with: readonly { readonly dimension: string; readonly values: readonly { readonly value: string }[] }[];
}

export interface AlertItem {
  readonly token_uid: string;
  readonly title: string;
  readonly first_seen: string;
  readonly client_addresses: readonly string[];
}

export interface MapEdge {
  readonly source: string;
  readonly target: string;
  readonly layer: string;
  readonly requests: number;
  readonly outbound_requests: number;
}

/** What a user of the API sees of the lab's realm. */
export class LabApi {
  readonly #lab: Lab;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  async tokens(): Promise<readonly TokenItem[]> {
    const issuer = encodeURIComponent(this.#lab.keycloak.issuer);
    const { items } = await this.#get<{ items: TokenItem[] }>(`/v1/tokens?limit=200&issuer=${issuer}`);
    return items.sort((a, b) => (a.token_uid < b.token_uid ? -1 : 1));
  }

  token(uid: string): Promise<TokenDetail> {
    return this.#get(`/v1/tokens/${uid}`);
  }

  async alerts(): Promise<readonly AlertItem[]> {
    return (await this.#get<{ items: AlertItem[] }>('/v1/alerts')).items;
  }

  async edges(layer: string): Promise<readonly MapEdge[]> {
    const { edges } = await this.#get<{ edges: MapEdge[] }>('/v1/map?edge_limit=1000&lane_limit=500');
    return edges.filter((edge) => edge.layer === layer);
  }

  /** Status of a push of JSON records. */
  async push(source: string, records: readonly unknown[]): Promise<number> {
    const { api, pushKey } = this.#lab.tourniquet;
    const answer = await fetch(`${api}/v1/events?source=${source}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${pushKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(records),
    });
    return answer.status;
  }

  /** Waits until `check` holds; what it holds of is asserted afterwards, so a time-out shows the difference. */
  async until(check: () => Promise<boolean>, timeoutMs = 45_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await check()) && Date.now() < deadline) await delay(500);
  }

  async #get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.#lab.addresses.api}${path}`);
    const body: unknown = await answer.json();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(body)}`);
    return body as T;
  }
}
