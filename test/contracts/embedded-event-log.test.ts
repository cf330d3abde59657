import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../ingest/core/clock.js';
import { silentLogger } from '../../ingest/core/logger.js';
import { createEmbeddedEventLog } from '../../ingest/log/embedded/embedded-event-log.js';
import { eventLogContract } from './event-log.contract.js';

eventLogContract('embedded', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tq log '));
  return {
    open: async () => {
      const log = createEmbeddedEventLog(
        { directory },
        { clock: systemClock, logger: silentLogger, random: () => 0.5 },
      );
      await log.start();
      return log;
    },
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
});
