import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { namedSource, parseInput } from '../../../../api/cli/actions/parse.js';
import { ephemeralFingerprinter } from '../../../../api/cli/fingerprint-keys.js';
import { systemClock } from '../../../../ingest/core/clock.js';
import { sourceFactories } from '../../../../ingest/sources/registry.js';
import {
  canariesIn,
  canariesOnDisk,
  canaryFiles,
  canaryJwt,
  mappingPath,
  writeCanaryFiles,
} from '../../../support/canaries.js';

describe('planted secrets', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet-canary-'));
    writeCanaryFiles(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are in a file of every source', () => {
    expect(canaryFiles.map((file) => file.source).sort()).toEqual(sourceFactories.map((f) => f.product).sort());
  });

  it('are found by the search, as they are and encoded', () => {
    expect(canariesIn(`x ${canaryJwt} y`)).toEqual(['jwtSignature']);
    expect(canariesIn(Buffer.from(`..${canaryJwt}`).toString('base64'))).toEqual(['jwtSignature']);
    expect(canariesIn(Buffer.from(`.${canaryJwt}`).toString('base64url'))).toEqual(['jwtSignature']);
    expect(canariesIn(Buffer.from(canaryJwt).toString('base64'))).toEqual(['jwtSignature']);
    expect(canariesIn(Buffer.from(canaryJwt).toString('hex'))).toEqual(['jwtSignature']);
    expect(canariesIn(encodeURIComponent(`a=${canaryJwt}&`))).toEqual(['jwtSignature']);
    expect(canariesOnDisk(join(folder, 'logs')).length).toBeGreaterThan(5);
  });

  it('are nowhere in what parse prints, of any source', async () => {
    let rejects = 0;
    let events = 0;
    for (const { source, lines, mapping } of canaryFiles) {
      const out: string[] = [];
      const err: string[] = [];
      const named = mapping === undefined ? { source } : { mapping: mappingPath(folder, source) };
      await parseInput(
        { ...namedSource({ ...named, options: '{}' }), number: true, instance: 'stdin' },
        {
          terminal: { out: (text) => void out.push(text), err: (text) => void err.push(text), env: {}, interactive: false, setExitCode: () => undefined },
          input: Readable.from([Buffer.from(`${lines.join('\n')}\n`)]),
          clock: systemClock,
          fingerprinter: ephemeralFingerprinter(),
        },
      ); // prettier-ignore
      expect([source, out.length + err.length > 0]).toEqual([source, true]);
      expect([source, canariesIn(out.join('\n')), canariesIn(err.join('\n'))]).toEqual([source, [], []]);
      rejects += err.length;
      events += out.length;
    }
    expect(rejects).toBeGreaterThan(12);
    expect(events).toBeGreaterThan(50);
  });
});
