import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '../../../../ingest/core/logger.js';
import { openCheckpointStore } from '../../../../ingest/pipeline/checkpoint-store.js';
import { clock, withFolder } from './support.js';

const options = { clock, logger: silentLogger };
const checkpoint = (offset: number) => ({ offset, anchor: 'x', path: '/a' });

describe('checkpoint store', () => {
  it('keeps what was set over a reopening, whole after every flush', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'deep', 'cp.json');
      const store = await openCheckpointStore(path, options);
      store.set('a/0', checkpoint(1));
      store.set('a/1', checkpoint(2));
      store.set('b/0', checkpoint(3));
      await store.flush();
      expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ version: 1 });
      await store.close();
      const again = await openCheckpointStore(path, options);
      expect(again.get('b/0')).toMatchObject(checkpoint(3));
      expect(again.find('a/').map(([key]) => key)).toEqual(['a/0', 'a/1']);
      await again.close();
      await again.close();
    }));

  it('puts a broken file aside and starts empty', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'cp.json');
      for (const broken of ['{"version":1,"checkpo', '{"version":9,"checkpoints":{}}', '']) {
        await writeFile(path, broken);
        const store = await openCheckpointStore(path, options);
        expect(store.find('')).toEqual([]);
        await store.close();
      }
      expect((await readdir(folder)).some((name) => name.includes('.broken-'))).toBe(true);
    }));

  it('forgets those that were untouched longest beyond its bound', () =>
    withFolder(async (folder) => {
      const store = await openCheckpointStore(join(folder, 'cp.json'), { ...options, entriesMax: 2 });
      store.set('a', checkpoint(1));
      store.set('b', checkpoint(1));
      store.set('a', checkpoint(2));
      store.set('c', checkpoint(1));
      expect(store.find('').map(([key]) => key)).toEqual(['a', 'c']);
      await store.close();
    }));

  it('says the mend when the folder cannot be used', () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      await expect(openCheckpointStore(join(folder, 'file', 'cp.json'), options)).rejects.toMatchObject({
        code: 'TQ_DATA_DIR_UNUSABLE',
      });
    }));
});
