import type { Finding } from '../../detectors/core/finding.js';
import type { Alert } from './alert.js';

/** What a finding or an alert says of whom it is about. */
type Named = Pick<Finding, 'principal_uid' | 'token_uid' | 'entity_kind' | 'entity_uid'>;

/**
 * Tells whom an incident befell: the principal where any finding names one, else the token. A stolen token is its owner's
 * incident: what is said of the token and what is said of the owner meet there. What a rule says of an address, a service or
 * another entity is that one's.
 */
export class Subjects {
  readonly #owners = new Map<string, string>();

  constructor(findings: readonly Named[], alerts: readonly Named[]) {
    for (const { token_uid: token, principal_uid: principal } of [...findings, ...alerts]) {
      if (token === '' || principal === '') continue;
      const known = this.#owners.get(token);
      // Of several owners the same one is taken, whichever was told first.
      if (known === undefined || principal < known) this.#owners.set(token, principal);
    }
  }

  /** Owners of tokens whose own finding did not name one. */
  ownerOf(token: string): string | undefined {
    return this.#owners.get(token);
  }

  ofFinding(finding: Finding): string {
    return this.#key(finding, finding.drill === true);
  }

  ofAlert(alert: Alert): string {
    return this.#key(alert, alert.reading.drill);
  }

  /** A drill is an incident of its own: it neither hides nor is hidden by a real one. */
  #key({ principal_uid: principal, token_uid: token, entity_kind, entity_uid }: Named, drill: boolean): string {
    if (principal === '' && token === '') return `${drill ? 'drill' : ''}/${entity_kind}:${entity_uid}`;
    const owner = principal === '' ? this.#owners.get(token) : principal;
    return `${drill ? 'drill' : ''}/${owner === undefined ? `token:${token}` : `principal:${owner}`}`;
  }
}
