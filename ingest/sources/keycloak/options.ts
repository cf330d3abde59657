import { z } from 'zod';
import { BoundedCache } from '../../core/bounded-cache.js';
import { AppError } from '../../core/errors.js';
import { isTimeZone } from '../shared/local-time.js';

const schema = z.strictObject({
  /** Zone of log times that carry none: `UTC`, an offset like `+02:00`, or an IANA name. */
  timezone: z.string().max(64).refine(isTimeZone, 'is no offset like +02:00 and no IANA time zone').default('UTC'),
  /** Keycloak's public address, `https://sso.example.com`; with it the tokens get the name that proxies see. */
  base: z.url({ protocol: /^https?$/ }).optional(),
  /** The `iss` of a realm's tokens; `{base}` and `{realm}` are filled in. */
  issuer: z.string().min(1).max(512).optional(),
  /**
   * The same server's log is read as well, by a source of the same `instance`: records that cannot be told from their
   * line in the log are left to it.
   */
  beside_log: z.boolean().default(false),
  /** Realm id → realm name, for versions whose events name the realm by id alone. */
  realms: z.record(z.string().max(256), z.string().min(1).max(256)).default({}),
});

export type KeycloakOptions = z.infer<typeof schema>;

/** @throws AppError TQ_CONFIG_INVALID that lists every fault. */
export function readOptions(options: unknown): KeycloakOptions {
  const read = schema.safeParse(options ?? {});
  if (!read.success) {
    const faults = read.error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`);
    throw new AppError('TQ_CONFIG_INVALID', `Options of the keycloak source: ${faults.join('; ')}.`, {
      mend: 'See ingest/sources/keycloak/README.md for the options.',
    });
  }
  if (read.data.issuer?.includes('{base}') === true && read.data.base === undefined) {
    throw new AppError('TQ_CONFIG_INVALID', 'Options of the keycloak source: issuer has {base}, and base is not set.', {
      mend: 'Set base to the public address of Keycloak, or write the address into issuer.',
    });
  }
  return read.data;
}

/**
 * The realm's name. Old versions give the id alone, which equals the name for `master` and imported realms; a UUID
 * without an entry in `realms` stays a UUID, and its tokens do not meet those that proxies see.
 */
export function realmName(
  name: string | undefined,
  id: string | undefined,
  options: KeycloakOptions,
): string | undefined {
  if (name !== undefined) return name;
  if (id === undefined) return undefined;
  return Object.hasOwn(options.realms, id) ? options.realms[id] : id;
}

/** A server has few realms, and each of its events names one. */
const issuers = new WeakMap<KeycloakOptions, BoundedCache<string>>();
const ISSUERS_COST = 64 * 1024;

/** The `iss` of the realm's tokens; without `base` a name that at least this Keycloak's own events share. */
export function issuerOf(realm: string, instance: string, options: KeycloakOptions): string {
  let made = issuers.get(options);
  if (made === undefined) issuers.set(options, (made = new BoundedCache(ISSUERS_COST)));
  const key = `${instance}\0${realm}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const template = options.issuer ?? '{base}/realms/{realm}';
  const base = options.base?.replace(/\/+$/, '') ?? `keycloak:${instance}`;
  const issuer = template.replaceAll('{base}', base).replaceAll('{realm}', () => encodeURIComponent(realm));
  made.set(key, issuer);
  return issuer;
}
