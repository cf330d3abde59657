import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { isAddressRange, TrustedRanges } from '../../core/address-ranges.js';
import { templateRoute } from '../../enrich/route-template.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { Outcome, PrincipalFacts, Reason } from '../../event/token-event.js';
import { actionOfActing } from '../shared/acting.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { AttributeList } from '../shared/facts.js';
import { httpOutcome } from '../shared/http-outcome.js';
import {
  digText,
  digValue,
  type JsonObject,
  readCount,
  readObject,
  readText,
  readTexts,
} from '../shared/json-reader.js';
import { auditPrincipal } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError } from '../source.js';
import { awsCallerOf } from './aws.js';
import { actionOf } from './meanings.js';
import { aliasOfCredential, credentialOfUser, issuedToken, reviewedToken, tokenOfCredential } from './token.js';

const product = 'kubernetes';
const mend = 'Send events of audit.k8s.io/v1 as the API server writes them.';

const optionsSchema = z.strictObject({
  issuer: z
    .url()
    .default('https://kubernetes.default.svc.cluster.local')
    .describe('`--service-account-issuer` of the cluster: the `iss` of its service account tokens.'),
  trusted_proxies: z
    .array(z.string().max(64).refine(isAddressRange, 'Write an address or a CIDR range.'))
    .max(256)
    .default([])
    .describe('Proxies before the API server, whose word on the address of their caller counts. None by default.'),
});
type KubernetesOptions = z.output<typeof optionsSchema>;

function principalOf(user: JsonObject, issuer: string, fp: Fingerprinter): PrincipalFacts | undefined {
  const name = readText(user, 'username');
  if (name === 'system:anonymous') return undefined;
  const kind =
    name?.startsWith('system:serviceaccount:') === true
      ? 'service_account'
      : name?.startsWith('system:') === true
        ? 'workload'
        : 'user';
  return auditPrincipal({ kind, issuer, id: name ?? readText(user, 'uid'), name }, fp);
}

/** Of a source's options; they live as long as the source does. */
const trustedOf = new WeakMap<KubernetesOptions, TrustedRanges>();

/**
 * The address that the API server itself saw, which stands last, or what a trusted proxy before it says: all before that is
 * what the caller wrote into X-Forwarded-For (k8s.io/apiserver audit v1, `sourceIPs`).
 */
function addressOf(sourceIps: readonly string[] | undefined, options: KubernetesOptions): string | undefined {
  if (sourceIps === undefined) return undefined;
  let trusted = trustedOf.get(options);
  if (trusted === undefined) trustedOf.set(options, (trusted = new TrustedRanges(options.trusted_proxies, 'own')));
  let at = sourceIps.length - 1;
  while (at > 0 && trusted.has(sourceIps[at] ?? '')) at -= 1;
  return sourceIps[at];
}

/** `/api/v1/namespaces/{namespace}/pods/{name}`: the names are those of objectRef. */
function routeOf(path: string, object: JsonObject): string {
  const names = new Map([[readText(object, 'name'), '{name}'], [readText(object, 'namespace'), '{namespace}']]);
  const parts = path.split('/', 24).map((part, index, all) => {
    if (all[index - 1] === 'namespaces') return '{namespace}';
    return index > 2 && part !== '' ? (names.get(part) ?? part) : part;
  });
  return templateRoute(parts.join('/'));
} // prettier-ignore

interface Told {
  readonly outcome: Outcome;
  readonly reason?: Reason | undefined;
}

function outcomeOf(record: JsonObject, action: string): Told {
  const status = readCount(readObject(record, 'responseStatus') ?? {}, 'code');
  if (action === 'introspect' && digValue(record, 'responseObject', 'status', 'authenticated') === false)
    return { outcome: 'failure', reason: 'invalid_token' };
  if (digText(record, 'annotations', 'authorization.k8s.io/decision') === 'forbid')
    return { outcome: 'failure', reason: 'access_denied' };
  return httpOutcome(status, true);
}

function attributesOf(record: JsonObject, user: JsonObject): AttributeList {
  const attributes = new AttributeList();
  const object = readObject(record, 'objectRef') ?? {};
  attributes.add('impersonated_user', digText(record, 'impersonatedUser', 'username'));
  const impersonated = readObject(record, 'impersonatedUser') ?? {};
  attributes.add('impersonated_groups', readTexts(impersonated, 'groups')?.slice(0, 16).join(' '));
  const bound = [
    digText(record, 'requestObject', 'spec', 'boundObjectRef', 'kind'),
    digText(record, 'requestObject', 'spec', 'boundObjectRef', 'name'),
  ];
  attributes.add('bound_object', bound.filter((word) => word !== undefined).join(' ') || undefined);
  attributes.add('level', readText(record, 'level'));
  const sources = readTexts(record, 'sourceIPs') ?? [];
  if (sources.length > 1) attributes.add('source_ips', sources.slice(0, 16).join(' '));
  for (const name of ['resource', 'subresource', 'name', 'apiGroup'] as const)
    attributes.add(name, readText(object, name));
  attributes.add('groups', readTexts(user, 'groups')?.slice(0, 16).join(' '));
  const extra = readObject(user, 'extra') ?? {};
  for (const name of ['pod-name', 'pod-uid', 'node-name'] as const)
    attributes.add(name, readTexts(extra, `authentication.kubernetes.io/${name}`)?.[0]);
  attributes.add('authorization_reason', digText(record, 'annotations', 'authorization.k8s.io/reason'));
  attributes.add('decision', digText(record, 'annotations', 'authorization.k8s.io/decision'));
  return attributes;
}

/** A request is logged once a stage; it counts when it is over. */
const finalStages = new Set(['ResponseComplete', 'Panic']);

function read(
  record: JsonObject,
  { fingerprinter: fp }: ParseContext,
  options: KubernetesOptions,
): Result<AuditRecord | undefined, ParseError> {
  const { issuer } = options;
  const verb = readText(record, 'verb');
  const stage = readText(record, 'stage');
  if (verb === undefined) return refuse(product, '/verb', 'The record has no verb.', mend);
  if (stage !== undefined && !finalStages.has(stage)) return ok(undefined);
  const timeMs = readMoment(record, 'stageTimestamp') ?? readMoment(record, 'requestReceivedTimestamp');
  if (timeMs === undefined)
    return refuse(product, '/stageTimestamp', 'The record has no stageTimestamp that is a time.', mend);
  const object = readObject(record, 'objectRef') ?? {};
  const resource = readText(object, 'resource') ?? '';
  const subresource = readText(object, 'subresource') ?? '';
  const action = actionOf(verb, resource, subresource);
  const user = readObject(record, 'user') ?? {};
  const credential = credentialOfUser(user);
  const aws = credential === undefined ? awsCallerOf(user, fp) : undefined;
  const own = credential === undefined ? aws?.token : tokenOfCredential(credential, issuer, fp);
  const isIssue = action === 'issue';
  const subject = isIssue
    ? issuedToken(record, issuer, credential, fp)
    : resource === 'tokenreviews'
      ? reviewedToken(record, fp)
      : undefined;
  const { outcome, reason } = outcomeOf(record, action);
  const attributes = attributesOf(record, user);
  const caller = aws?.principal ?? principalOf(user, issuer, fp);
  if (aws?.principal !== undefined) attributes.add('username', readText(user, 'username'));
  const account = isIssue
    ? `system:serviceaccount:${readText(object, 'namespace') ?? ''}:${readText(object, 'name') ?? ''}`
    : undefined;
  const principal =
    account === undefined
      ? caller
      : auditPrincipal({ kind: 'service_account', issuer, id: account, name: account }, fp);
  if (subject !== undefined || isIssue) {
    attributes.add('actor', caller?.principal_uid);
    attributes.add('actor_credential', aliasOfCredential(credential)?.value ?? aws?.token.key_id);
  }
  const path = (readText(record, 'requestURI') ?? '').split('?', 1)[0] ?? '';
  const status = readObject(record, 'responseStatus') ?? {};
  const received = readMoment(record, 'requestReceivedTimestamp');
  return ok({
    id: readText(record, 'auditID'),
    timeMs,
    recordType: [verb, resource, subresource].filter((word) => word !== '').join(' '),
    action: subject === undefined && !isIssue && own !== undefined ? actionOfActing(action, 'issuer') : action,
    outcome,
    reason: stage === 'Panic' ? 'server_error' : reason,
    detail: outcome === 'success' ? [] : [readText(status, 'reason'), readText(status, 'message')],
    token: subject ?? (isIssue ? undefined : own),
    principal: resource === 'tokenreviews' && subject !== undefined ? undefined : principal,
    address: addressOf(readTexts(record, 'sourceIPs'), options),
    userAgent: readText(record, 'userAgent'),
    target: {
      service: 'kube-apiserver',
      namespace: readText(object, 'namespace'),
      method: verb,
      path: path === '' ? undefined : path,
      route: path === '' ? undefined : routeOf(path, object),
      status: readCount(status, 'code'),
      durationMs: received === undefined ? undefined : timeMs - received,
    },
    sessionId: aws?.sessionId,
    transport: credential?.kind === 'X509SHA256' ? 'mtls' : undefined,
    exposures: resource === 'tokenreviews' && subject !== undefined ? ['token_in_log'] : undefined,
    attributes,
  });
}

/** Kubernetes API server audit log: log files, webhook batches (`EventList`), cloud wrappers. */
export const kubernetesFactory = auditSourceFactory<KubernetesOptions>({
  product,
  kind: 'issuer',
  envelope: {
    lists: ['items', 'records', 'logEvents'],
    inner: ['log', 'message', 'properties', 'event', 'data'],
    isRecord: (object) =>
      readText(object, 'auditID') !== undefined ||
      (readText(object, 'verb') !== undefined && readObject(object, 'user') !== undefined),
  },
  options: optionsSchema,
  read,
  recognise: (record) =>
    readText(record, 'apiVersion')?.startsWith('audit.k8s.io/') === true ||
    (readText(record, 'auditID') !== undefined && readText(record, 'verb') !== undefined)
      ? { confidence: 1, reason: 'an Event of audit.k8s.io' }
      : undefined,
});
