import { subjectOf } from '../../../../detectors/core/make-finding.js';
import type { TokenFacts } from '../../../../ingest/event/token-event.js';
import { makeEvent } from '../../../support/token-events.js';

const event = makeEvent({ timeMs: 0, token: 'a' });
const { token_uid, fp_key_id, kind } = event.token!;
const nameOf = (facts: Pick<TokenFacts, 'identity'> & Partial<TokenFacts>): string =>
  subjectOf({ ...event, token: { token_uid, fp_key_id, kind, ...facts } }).token_name;

describe('the name of a token in a finding', () => {
  it('is what it is called, the id of the key that it is, or its jti', () => {
    const key = { identity: 'aws', key_id: 'AKIAIOSFODNN7EXAMPLE' } as const;
    expect(nameOf({ ...key, display_name: 'ci' })).toBe('ci');
    expect(nameOf(key)).toBe('AKIAIOSFODNN7EXAMPLE');
    expect(nameOf({ identity: 'jwt', jti: 'j1' })).toBe('j1');
  });

  it('is not the id of the key that signed it', () => {
    expect(nameOf({ identity: 'jwt', key_id: 'k1', jti: 'j1' })).toBe('j1');
    expect(nameOf({ identity: 'jwt', key_id: 'k1' })).toBe('');
    expect(nameOf({ identity: 'opaque', algorithm: 'RS256', key_id: 'k1' })).toBe('');
  });
});
