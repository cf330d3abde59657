import { isDrill } from '../../ingest/event/drill.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { eventTimeMs } from './observation.js';
import { compactToken, toPrincipalEvent } from './principal-event.js';
import { PeerWords } from './peer-words.js';
import { MINUTE_MS, sourceUid, toPeersPulse, toPulse } from './pulse.js';

/** Speakers whose last minutes are remembered; beyond it pulses are told again, which does no harm. */
const SPEAKERS_MAX = 100_000;
/** Of each speaker: lines of several collectors, one of them behind, meet in one partition. */
const MINUTES_MAX = 4;

/** What goes on to the principal stage. */
export interface HandedOn {
  readonly event: TokenEvent;
  /** Sources concern every partition there: each must know which of them are silent. So do groups of peers. */
  readonly everywhere: boolean;
}

const NONE: readonly HandedOn[] = [];

/** The first moment of a minute that was told, and of which event it was. */
type Told = readonly [minute: number, timeMs: number, event_uid: string];

/** What the token stage hands on of its events: those of known principals, and pulses. */
export class HandOver {
  /** The minutes told last, the newest word first. */
  readonly #told = new Map<string, Told[]>();
  readonly #peerWords = new PeerWords();
  /** Most events come from the source of the one before. */
  #source: TokenEvent['source'] | null = null;
  #sourceUid = '';

  /** @param timeMs that of the event, as detectors take it. */
  take(event: TokenEvent, timeMs = eventTimeMs(event)): readonly HandedOn[] {
    const ofPrincipal = toPrincipalEvent(event);
    const found: HandedOn[] = ofPrincipal === null ? [] : [{ event: ofPrincipal, everywhere: false }];
    if (isDrill(event)) return found;
    const word = ofPrincipal === null ? null : this.#peerWords.take(ofPrincipal, timeMs);
    if (ofPrincipal !== null && word !== null) found.push({ event: toPeersPulse(ofPrincipal, word), everywhere: true });
    const { token, principal, direction, action, source } = event;
    if (source !== this.#source) {
      this.#source = source;
      this.#sourceUid = sourceUid(source);
    }
    if (this.#isNews(this.#sourceUid, event, timeMs)) {
      found.push({ event: toPulse(event, 'source'), everywhere: true });
      if (this.#isNews('', event, timeMs)) found.push({ event: toPulse(event, 'stream'), everywhere: true });
    }
    if (token !== undefined && principal === undefined && direction !== 'outbound') {
      const speaks = action === 'use' && this.#isNews(token.token_uid, event, timeMs);
      if (speaks || ends(event)) found.push({ event: toPulse(event, 'token', compactToken(token)), everywhere: false });
    }
    return found.length === 0 ? NONE : found;
  }

  /** The earliest event of a minute is told, also where it comes after others of it. */
  #isNews(speaker: string, { event_uid: uid }: TokenEvent, timeMs: number): boolean {
    const minute = Math.floor(timeMs / MINUTE_MS);
    const known = this.#told.get(speaker);
    if (known === undefined) {
      if (this.#told.size >= SPEAKERS_MAX) this.#told.clear();
      this.#told.set(speaker, [[minute, timeMs, uid]]);
      return true;
    }
    const at = known.findIndex((one) => one[0] === minute);
    const told = known[at];
    const isNews = told === undefined || timeMs < told[1] || (timeMs === told[1] && uid < told[2]);
    // Most words are of the minute before.
    if (!isNews && at === 0) return false;
    if (told !== undefined) known.splice(at, 1);
    else if (known.length >= MINUTES_MAX) known.pop();
    known.unshift(isNews ? [minute, timeMs, uid] : told);
    return isNews;
  }
}

/** The issuer says that the token is over, so nobody waits for it. */
const ends = ({ source, action, outcome }: TokenEvent): boolean =>
  source.kind === 'issuer' && outcome === 'success' && endings.has(action);
const endings: ReadonlySet<TokenEvent['action']> = new Set(['revoke', 'expire', 'delete', 'logout']);
