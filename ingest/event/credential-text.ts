/** Everything that takes credentials out of text. */
export { parseAuthorization } from './authorization.js';
export { redactUrl } from './credential-url.js';
export { redactBounded, redactText } from './redact-text.js';
