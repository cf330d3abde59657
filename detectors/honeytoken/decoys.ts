import type { TokenFacts } from '../../ingest/event/token-event.js';

/** A registered decoy. Its secret is known to nobody but who planted it; here are only fingerprints. */
export interface Decoy {
  readonly token_uid: string;
  /** Empty for a credential that has none, such as an AWS access key id. */
  readonly secret_fp: string;
  readonly name: string;
  /** Where it was put to be found. */
  readonly planted: string;
  /** Uses from then on are nobody's business any more, milliseconds since the Unix epoch; null while it is live. */
  readonly removedMs: number | null;
}

/** What the detector asks: is this token a decoy at that time? */
export interface DecoyLookup {
  find(token: TokenFacts, timeMs: number): Decoy | undefined;
}

/**
 * The registered decoys, by every name that an event may have for one: the token's uid, the bytes presented (a decoy
 * tried as a password has another uid), and both under older fingerprint keys.
 */
export class DecoyIndex implements DecoyLookup {
  #byName: ReadonlyMap<string, Decoy> = new Map();

  constructor(decoys: readonly Decoy[] = []) {
    this.replace(decoys);
  }

  get size(): number {
    return new Set(this.#byName.values()).size;
  }

  /** Takes the place of what was known, at once and as a whole. */
  replace(decoys: readonly Decoy[]): void {
    const names = new Map<string, Decoy>();
    for (const decoy of decoys) {
      names.set(decoy.token_uid, decoy);
      if (decoy.secret_fp !== '') names.set(decoy.secret_fp, decoy);
    }
    this.#byName = names;
  }

  find(token: TokenFacts, timeMs: number): Decoy | undefined {
    if (this.#byName.size === 0) return undefined;
    const found = this.#named(token);
    return found !== undefined && (found.removedMs === null || timeMs < found.removedMs) ? found : undefined;
  }

  #named(token: TokenFacts): Decoy | undefined {
    const own =
      this.#byName.get(token.token_uid) ??
      (token.secret_fp === undefined ? undefined : this.#byName.get(token.secret_fp));
    if (own !== undefined || token.aliases === undefined) return own;
    for (const { kind, value } of token.aliases) {
      if (kind !== 'previous_token_uid' && kind !== 'secret_fp') continue;
      const older = this.#byName.get(value);
      if (older !== undefined) return older;
    }
    return undefined;
  }
}
