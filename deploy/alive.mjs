// The image's health check: something answers at ALIVE_URL, whatever it says. A receiver has no page of its own; that it refuses
// a request without a record is answer enough. Whether records are read, stored and scored is /readyz's business.
const response = await fetch(process.env.ALIVE_URL, { signal: AbortSignal.timeout(4_000) }).catch(() => undefined);
process.exit(response !== undefined && response.status < 500 ? 0 : 1);
