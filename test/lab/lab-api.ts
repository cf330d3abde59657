import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from './start-lab.js';

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
  readonly alert_uid: string;
  /** Empty where no token is known. */
  readonly token_uid: string;
  /** Every token that a finding of it names. */
  readonly token_uids: readonly string[];
  readonly entity_kind: string;
  readonly principal_name: string;
  readonly detectors: readonly string[];
  readonly title: string;
  readonly first_seen: string;
  readonly last_seen: string;
  readonly client_addresses: readonly string[];
  readonly sql: string;
  readonly links: { readonly alert: string; readonly token: string; readonly map: string };
}

/** A row of a statement, by column. */
export type SqlRow = Readonly<Record<string, unknown>>;

export interface MapEdge {
  readonly source: string;
  readonly target: string;
  readonly layer: string;
  readonly requests: number;
  readonly caller_only: number;
}

/** What a user of the API sees of the lab's realm. */
export class LabApi {
  readonly #lab: Lab;
  readonly #patienceMs: number;

  /** @param patienceMs how long something is waited for that is due, milliseconds. */
  constructor(lab: Lab, patienceMs = 120_000) {
    this.#lab = lab;
    this.#patienceMs = patienceMs;
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

  /** @param query of `/v1/map`. */
  map(query: string): Promise<{ readonly edges: readonly MapEdge[]; readonly counted_until: string }> {
    return this.#get(`/v1/map?edge_limit=1000&lane_limit=500&${query}`);
  }

  /** The token that the issuer calls `jti`. */
  async tokenUidOf(jti: string): Promise<string> {
    const named = (item: TokenItem): boolean => item.aliases.some(({ kind, value }) => kind === 'jti' && value === jti);
    let found: TokenItem | undefined;
    await this.until(async () => (found = (await this.tokens()).find(named)) !== undefined);
    if (found === undefined) throw new Error(`no token is called ${jti}`);
    return found.token_uid;
  }

  /** What an analyst is answered. */
  async sql(statement: string): Promise<readonly SqlRow[]> {
    const answer = await fetch(`${this.#lab.addresses.api}/v1/sql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql: statement }),
    });
    const body = (await answer.json()) as { columns: { name: string }[]; rows: unknown[][] };
    if (answer.status !== 200) throw new Error(`${statement}: ${answer.status} ${JSON.stringify(body)}`);
    const names = body.columns.map(({ name }) => name);
    return body.rows.map((row) => Object.fromEntries(row.map((value, index) => [names[index] ?? '', value])));
  }

  /** Events of a product that were read, by whatever way, and each time that they were. */
  async ingested(product: string): Promise<number> {
    const text = await (await fetch(`${this.#lab.addresses.api}/metrics`)).text();
    return Number(new RegExp(`^tourniquet_ingest_events_total\\{[^}]*product="${product}"[^}]*\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  } // prettier-ignore

  /** Waits until `check` holds; what it holds of is asserted afterwards, so a time-out shows the difference. */
  async until(check: () => Promise<boolean>, timeoutMs = this.#patienceMs): Promise<void> {
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
