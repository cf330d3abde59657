/** Everything that takes credentials out of text. */
export { parseAuthorization, type Authorization } from './authorization.js';
export { redactUrl, type RedactedUrl } from './credential-url.js';
export { REDACTED, redactBounded, redactText, type RedactedText } from './redact-text.js';
