import { auth0Factory } from './auth0/source.js';
import { autoFactory } from './auto/source.js';
import { cloudtrailFactory } from './cloudtrail/source.js';
import { envoyFactory } from './envoy/source.js';
import { genericFactory } from './generic/source.js';
import { githubFactory } from './github/source.js';
import { keycloakFactory } from './keycloak/source.js';
import { nginxFactory } from './nginx/source.js';
import { oktaFactory } from './okta/source.js';
import { albFactory } from './alb/source.js';
import { apacheFactory } from './apache/source.js';
import { hydraFactory } from './hydra/source.js';
import { spireFactory } from './spire/source.js';
import { zitadelFactory } from './zitadel/source.js';
import { haproxyFactory } from './haproxy/source.js';
import { kongFactory } from './kong/source.js';
import { traefikFactory } from './traefik/source.js';
import { entraFactory } from './entra/source.js';
import { gcpFactory } from './gcp/source.js';
import { kubernetesFactory } from './kubernetes/source.js';
import { workspaceFactory } from './workspace/source.js';
import type { SourceFactory } from './source.js';
import { vaultFactory } from './vault/source.js';

const namedFactories: readonly SourceFactory[] = [
  nginxFactory,
  envoyFactory,
  keycloakFactory,
  vaultFactory,
  cloudtrailFactory,
  githubFactory,
  oktaFactory,
  auth0Factory,
  kongFactory,
  traefikFactory,
  haproxyFactory,
  apacheFactory,
  albFactory,
  kubernetesFactory,
  gcpFactory,
  entraFactory,
  workspaceFactory,
  hydraFactory,
  zitadelFactory,
  spireFactory,
];

/** Every source that can be configured, by `product`. */
export const sourceFactories: readonly SourceFactory[] = [
  ...namedFactories,
  genericFactory,
  autoFactory(namedFactories),
];
