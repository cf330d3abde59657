/** Names whose value is a secret whatever it looks like; compared in lower case without `-`, `_`, `.` and spaces. */
const strong = new Set([
  'password', 'passwd', 'pwd', 'passphrase', 'pass', 'secret', 'token', 'jwt', 'apikey', 'secretkey', 'privatekey',
  'accesskey', 'secretid', 'authorization', 'proxyauthorization', 'auth', 'cookie', 'setcookie', 'signature', 'sig',
  'xamzsignature', 'assertion', 'clientassertion', 'samlresponse', 'samlassertion', 'credential', 'credentials', 'otp',
  'totp', 'codeverifier', 'devicecode', 'authcode', 'authorizationcode', 'jsessionid', 'phpsessid', 'connectsid',
  'aspnetsessionid', 'asp.netsessionid', 'sharedaccesssignature', 'accountkey', 'sharedaccesskey', 'bearer',
]); // prettier-ignore

/** What compound names of secrets end in: client_secret, x-vault-token, db_password … */
const strongEnds = [
  'password', 'passwd', 'passphrase', 'secret', 'token', 'apikey', 'secretkey', 'accesskey', 'privatekey', 'sessionkey',
  'signingkey', 'subscriptionkey', 'jwt',
]; // prettier-ignore
const strongEnd = new RegExp(`(?:${strongEnds.join('|')})$`);

/** Names that are often something harmless; only a value that looks like a secret counts. */
const weak = new Set([
  'key',
  'code',
  'session',
  'sessionid',
  'sid',
  'sess',
  'state',
  'nonce',
  'ticket',
  'hash',
  'hmac',
]);

/** Query parameters that are a secret although the name alone would be weak elsewhere. */
const queryStrong = new Set(['key', 'code', 'ticket', 'session', 'sessionid', 'sid', 'state']);

/** Words that stand before a colon in prose (`invalid token: expired`). */
const proseEnd = /(?:token|secret|signature|sig|credentials?|auth|authorization|cookie|assertion|jwt|bearer|pass)$/;

export type NameStrength = 'strong' | 'weak' | 'none';

const normalise = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** The last three letters of every name above, as numbers: most names are told by these alone. */
const ends = new Set([...strong, ...weak, ...strongEnds].map((name) => endOf(name, 0, name.length)));

/** The last three letters or digits of a part in lower case; -1 where some characters could become others by that. */
function endOf(text: string, from: number, to: number): number {
  let end = 0;
  let count = 0;
  for (let at = to - 1; at >= from && count < 3; at -= 1) {
    const c = text.charCodeAt(at);
    if (c > 127) return -1;
    const isLetter = (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a);
    if (!isLetter && (c < 0x30 || c > 0x39)) continue;
    end = end * 128 + (isLetter ? c | 0x20 : c);
    count += 1;
  }
  return end;
}

/** Whether a name that stands in this part and ends with it could be a secret's, by its last letters; no is certain. */
export function mayEndSecretName(text: string, from: number, to: number): boolean {
  const end = endOf(text, from, to);
  return end < 0 || ends.has(end);
}

export function secretNameStrength(name: string): NameStrength {
  if (!mayEndSecretName(name, 0, name.length)) return 'none';
  const plain = normalise(name);
  if (strong.has(plain) || strongEnd.test(plain)) return 'strong';
  return weak.has(plain) ? 'weak' : 'none';
}

export function isSecretParameter(name: string): boolean {
  return secretNameStrength(name) === 'strong' || queryStrong.has(normalise(name));
}

/** Whether the value of such a name runs to the end of the line: header names. */
export function holdsWholeLine(name: string): boolean {
  return /(?:authorization|cookie)$/.test(normalise(name));
}

export function isProseName(name: string): boolean {
  return proseEnd.test(normalise(name));
}

/** A value that could be a secret: letters and digits together, 12 or more. */
export function looksSecret(value: string): boolean {
  return value.length >= 12 && /[A-Za-z]/.test(value) && /[0-9]/.test(value);
}

/** A value that stands where a secret would and is none: already redacted, Vault's own HMAC, an AWS access key id. */
export function isHarmlessValue(value: string): boolean {
  return /^(?:\[redacted\]|hmac-sha256:[0-9a-f]+$|A(?:KIA|SIA)[A-Z2-7]{12,124}(?:\/|%2F|$)|\[\]$|null$|true$|false$|\*+$|-$)/i.test(
    value,
  );
}

/** An AWS access key id, perhaps with the rest of its credential scope, is a name and no secret. */
export function startsWithAccessKeyId(text: string): boolean {
  return /^[\s"'\\]{0,8}A(?:KIA|SIA)[A-Z2-7]{12,124}(?![A-Za-z0-9])/.test(text);
}

/** Where a parameter stands in the search for the request's own credential; smaller is better. */
export function parameterRank(name: string): number {
  const rank = rankedParameters.indexOf(normalise(name));
  return rank < 0 ? rankedParameters.length : rank;
}

const rankedParameters = [
  'accesstoken', 'jwt', 'token', 'authtoken', 'idtoken', 'apikey', 'xapikey', 'key', 'privatetoken', 'jobtoken',
  'xamzsecuritytoken', 'refreshtoken', 'session', 'sessionid', 'sid',
]; // prettier-ignore
