import type { Clock } from '../../ingest/core/clock.js';
import { AppError } from '../../ingest/core/errors.js';
import { redactText } from '../../ingest/event/credential-text.js';
import { formatTime } from '../../ingest/event/time.js';
import type { EventWriter, Querier } from '../../ingest/store/store.js';
import { toStoreTime } from '../queries/columns.js';
import { listHoneytokens } from '../queries/list-honeytokens.js';
import type { Honeytoken, HoneytokenRegistration } from '../schemas/honeytokens.js';

/** The decoys that workers watch. Holds fingerprints and words, never a secret. */
export interface HoneytokenRegistry {
  /** Newest first, removed ones included. */
  list(): Promise<readonly Honeytoken[]>;
  /** @throws AppError TQ_CONFLICT when it is registered, TQ_REQUEST_INVALID when a text holds a secret. */
  register(registration: HoneytokenRegistration, actor: string): Promise<Honeytoken>;
  /** Uses from now on are no findings any more. @throws AppError TQ_NOT_FOUND. */
  remove(tokenUid: string): Promise<Honeytoken>;
}

const ROWS_MAX = 10_000;

type Stored = Honeytoken & { readonly version: number };

export function createHoneytokenRegistry(querier: Querier, writer: EventWriter, clock: Clock): HoneytokenRegistry {
  const find = async (tokenUid: string): Promise<Stored | undefined> =>
    (await querier.run(listHoneytokens, { token_uid: tokenUid, rows: 1 }))[0];
  const save = async (honeytoken: Honeytoken, version: number): Promise<Honeytoken> => {
    const { created_at, removed_at, ...rest } = honeytoken;
    const row = {
      ...rest,
      version,
      created_time: toStoreTime(created_at),
      removed_time: removed_at === null ? null : toStoreTime(removed_at),
    };
    await writer.insertRows('honeytokens', [row], `honeytokens:${honeytoken.token_uid}:${version}`);
    return honeytoken;
  };
  return {
    list: async () => (await querier.run(listHoneytokens, { token_uid: '', rows: ROWS_MAX })).map(shown),
    register: async (registration, actor) => {
      refuseSecrets(registration);
      const before = await find(registration.token_uid);
      if (before?.removed_at === null) {
        throw new AppError('TQ_CONFLICT', `The decoy ${registration.token_uid} is registered already.`, {
          mend: 'Remove it first to register it anew.',
        });
      }
      const created = {
        ...registration,
        secret_fp: registration.secret_fp ?? '',
        created_at: formatTime(clock.nowMs()),
        created_by: actor,
        removed_at: null,
      };
      return save(created, (before?.version ?? 0) + 1);
    },
    remove: async (tokenUid) => {
      const before = await find(tokenUid);
      if (before === undefined) throw new AppError('TQ_NOT_FOUND', `There is no decoy ${tokenUid}.`);
      if (before.removed_at !== null) return shown(before);
      return save({ ...shown(before), removed_at: formatTime(clock.nowMs()) }, before.version + 1);
    },
  };
}

/** Without what only the table needs. */
const shown = (stored: Stored): Honeytoken => ({
  token_uid: stored.token_uid,
  secret_fp: stored.secret_fp,
  fp_key_id: stored.fp_key_id,
  format: stored.format,
  name: stored.name,
  planted: stored.planted,
  note: stored.note,
  created_at: stored.created_at,
  created_by: stored.created_by,
  removed_at: stored.removed_at,
});

/** People paste what they just made; the words of a decoy go into alerts. */
function refuseSecrets(registration: HoneytokenRegistration): void {
  for (const field of ['name', 'planted', 'note'] as const) {
    if (!redactText(registration[field]).found) continue;
    throw new AppError('TQ_REQUEST_INVALID', `The ${field} of the decoy holds what looks like a secret.`, {
      mend: 'Describe the decoy without it.',
    });
  }
}
