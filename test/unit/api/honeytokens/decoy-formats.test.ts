import { githubChecksum, makeDecoy } from '../../../../api/honeytokens/decoy-formats.js';
import { createFingerprinter } from '../../../../ingest/event/fingerprint.js';
import { describeCredential } from '../../../../ingest/event/token-facts.js';

const wishes = { issuer: 'https://id.example.com/realms/main', subject: 'svc-backup', nowMs: Date.UTC(2026, 0, 1) };
const fingerprinter = createFingerprinter([{ id: 'k', key: Buffer.alloc(32, 5) }]);

describe('decoy formats', () => {
  it.each([
    ['aws', /^aws_access_key_id = AKIA[A-Z2-7]{16}\naws_secret_access_key = [A-Za-z0-9+/]{40}$/, 'access_key', 'aws'],
    ['github', /^ghp_[A-Za-z0-9]{36}$/, 'personal_access_token', 'github'],
    ['slack', /^xoxb-\d{12}-\d{13}-[A-Za-z0-9]{24}$/, 'access_token', 'slack'],
    ['stripe', /^sk_live_[A-Za-z0-9]{99}$/, 'api_key', 'stripe'],
    ['jwt', /^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{86}$/, 'access_token', 'https://id.example.com/realms/main'],
    ['generic', /^[\w-]{43}$/, 'unknown', undefined],
  ] as const)('%s looks like one, and is taken for one', (format, shape, kind, issuer) => {
    const made = makeDecoy(format, wishes);
    expect(made.lines.join('\n')).toMatch(shape);
    expect(describeCredential(made.presented, fingerprinter).token).toMatchObject({ kind, ...(issuer && { issuer }) });
    expect(makeDecoy(format, wishes).lines).not.toEqual(made.lines);
  });

  it('makes the checksum that scanners check', () => {
    // Of a token that many scanners have in their tests.
    expect(githubChecksum('zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ')).toBe('0mLq17');
    expect(githubChecksum('000000000000000000000000000000')).toMatch(/^[0-9A-Za-z]{6}$/);
  });
});
