import type { Finding } from '../../detectors/core/finding.js';
import { parseTime } from '../../ingest/event/time.js';
import type { AlertRepository } from './repository.js';
import { HALF_LIVES } from './risk.js';

/** Findings that were taken a moment ago and may not be in the store yet. */
const KEPT_MAX = 5000;

/** Tokens, principals and other entities that findings name. */
export function namedIn(findings: readonly Finding[]): readonly string[] {
  const uids = new Set(findings.flatMap((finding) => [finding.token_uid, finding.principal_uid, finding.entity_uid]));
  uids.delete('');
  return [...uids];
}

/**
 * What is known of the subjects of new findings: the store's findings, and those taken last. The log has a finding before
 * the store has it, so the store alone could miss one that came just before.
 */
export class RecentFindings {
  readonly #stored: Pick<AlertRepository, 'signals'>;
  readonly #kept = new Map<string, Finding>();

  constructor(stored: Pick<AlertRepository, 'signals'>) {
    this.#stored = stored;
  }

  /** The news, in their order, and then what lies around them in event time as far as risk reaches. */
  async around(findings: readonly Finding[], halfLifeMs: number): Promise<readonly Finding[]> {
    const times = findings.map(({ time }) => parseTime(time));
    const reach = HALF_LIVES * halfLifeMs;
    const [fromMs, toMs] = [Math.min(...times) - reach, Math.max(...times) + reach];
    const known = new Map(findings.map((finding) => [finding.finding_uid, finding]));
    let asked = new Set<string>();
    // Twice: findings of a token may name its owner, whose own ones then count too.
    for (let turn = 0; turn < 2; turn += 1) {
      const uids = namedIn([...known.values()]);
      const more = uids.filter((uid) => !asked.has(uid));
      if (more.length === 0) break;
      asked = new Set(uids);
      for (const finding of await this.#stored.signals(more, fromMs, toMs)) add(known, finding);
      for (const finding of this.#kept.values()) {
        if (namedIn([finding]).some((uid) => asked.has(uid))) add(known, finding);
      }
    }
    return [...known.values()];
  }

  /** These have been taken. */
  add(findings: readonly Finding[]): void {
    for (const finding of findings) {
      this.#kept.delete(finding.finding_uid);
      this.#kept.set(finding.finding_uid, finding);
    }
    for (const uid of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_MAX) break;
      this.#kept.delete(uid);
    }
  }
}

function add(known: Map<string, Finding>, finding: Finding): void {
  if (!known.has(finding.finding_uid)) known.set(finding.finding_uid, finding);
}
