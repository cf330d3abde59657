import type { PrincipalFacts } from '../../ingest/event/token-event.js';
import { textHash } from './hash.js';
import { sqlText } from './reproduce.js';

/** Principals whose habits are compared with each other. */
export interface PeerGroup {
  /** Names it among all groups. */
  readonly hash: number;
  /** For people: the client or team that they share. */
  readonly label: string;
  /** Condition of `events_v1` for what its members do. */
  readonly condition: string;
}

/**
 * The start of an id that names a team: namespace of a SPIFFE id (else its path without the last part), namespace of a
 * Kubernetes service account, account and kind of an AWS ARN.
 */
const TEAM =
  /^(?:spiffe:\/\/[^/]+\/(?:ns\/[^/]+\/|(?:[^/]+\/)*)|system:serviceaccount:[^:]+:|arn:[^:]*:[^:]*:[^:]*:[0-9]*:[^/]*\/)/;

/** People reach services through a client that others use, too; a machine is its own client. */
const hasClient = (kind: PrincipalFacts['kind']): boolean => kind === 'user' || kind === 'unknown';

/**
 * Whose peers a principal is: of people those who use the same client, of machines their team, else all of a kind at one
 * issuer. Null for one whose peers cannot be told from its name.
 */
export function peerGroupOf({ principal_uid: uid, kind, id, client_id: client }: PrincipalFacts): PeerGroup | null {
  // One that is too long ends in a hash.
  if (uid !== id && !uid.endsWith(`|${id}`)) return null;
  const space = uid.slice(0, uid.length - id.length);
  const team = TEAM.exec(id)?.[0] ?? '';
  const shared = hasClient(kind) && client !== undefined && client !== id ? client : '';
  if (space === '' && team === '' && shared === '') return null;
  const label = shared === '' ? (team === '' ? `${kind} of ${space.slice(0, -1)}` : team) : `client ${shared}`;
  const start = shared === '' ? space + team : space;
  return {
    hash: textHash(`${start}\n${kind}\n${shared}`),
    label,
    condition: [
      `startsWith(principal_uid, ${sqlText(start)}) AND principal_kind = '${kind}'`,
      ...(shared === '' ? [] : [`client_id = ${sqlText(shared)}`]),
    ].join(' AND '),
  };
}
