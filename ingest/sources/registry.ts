import { cloudtrailFactory } from './cloudtrail/source.js';
import { envoyFactory } from './envoy/source.js';
import { keycloakFactory } from './keycloak/source.js';
import { nginxFactory } from './nginx/source.js';
import type { SourceFactory } from './source.js';
import { vaultFactory } from './vault/source.js';

/** Every source that can be configured, by `product`. */
export const sourceFactories: readonly SourceFactory[] = [
  nginxFactory,
  envoyFactory,
  keycloakFactory,
  vaultFactory,
  cloudtrailFactory,
];
