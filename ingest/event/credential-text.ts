/** Everything that takes credentials out of text. */
export { parseAuthorization } from './authorization.js';
export { redactUrl } from './credential-url.js';
export { isClean, redactBounded, redactText } from './redact-text.js';
