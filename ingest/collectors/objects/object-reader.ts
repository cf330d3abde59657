import { AppError, describeError } from '../../core/errors.js';
import { shownPlace } from '../../event/redact-text.js';
import type { CheckpointStore } from '../../pipeline/checkpoint-store.js';
import { deliver } from '../../pipeline/delivery.js';
import type { SourceBinding } from '../../pipeline/record-parser.js';
import { defaultReplayFileLimits, ReplayFile } from '../../pipeline/replay-file.js';
import type { CollectorDeps } from '../collector-deps.js';
import type { ObjectStore } from './object-store.js';

export interface ObjectReaderDeps extends CollectorDeps {
  readonly binding: SourceBinding;
  readonly checkpoints: CheckpointStore;
}

/**
 * Reads one object in constant memory and resolves when all of it is durable. Its content names its records, so that an
 * object that is told of twice, or lies on disk too, counts once. A broken one is told in the log: what stood before the
 * fault was taken, and another try would find the same.
 *
 * @throws AppError retryable when the bucket or the log is away.
 */
export async function readObject(
  store: ObjectStore,
  key: string,
  deps: ObjectReaderDeps,
  signal: AbortSignal,
): Promise<void> {
  const path = shownPlace(`s3://${store.bucket}/${key}`);
  const input = { ...deps.binding, path, open: () => store.open(key, signal) };
  const file = new ReplayFile(input, deps.checkpoints, deps, defaultReplayFileLimits);
  try {
    for (let piece = await file.next(); piece !== undefined; piece = await file.next()) {
      await deliver(piece, deps, { signal });
      deps.checkpoints.set(piece.slot, { offset: piece.offset, anchor: piece.anchor, path });
      deps.onCounts?.(deps.binding.source.product, deps.binding.instance, piece.counts);
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'TQ_FILE_UNREADABLE') throw error;
    deps.logger.error(
      { path, error: describeError(error) },
      'an object is broken; what stood before the fault was taken',
    );
  } finally {
    await file.close();
  }
}
