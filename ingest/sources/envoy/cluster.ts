import { TextCache } from '../../core/text-cache.js';

export interface ClusterParts {
  readonly direction?: 'inbound' | 'outbound';
  readonly service?: string;
  readonly namespace?: string;
  /** The host that the cluster is named after. */
  readonly host?: string;
}

/** Envoy Gateway's `httproute/<namespace>/<route>/rule/0`: the rules of a route are one service. */
const gatewayForm = /^(?:http|grpc|tcp|tls|udp)route\/([^/]{1,253})\/([^/]{1,253})\/rule\//;

/** Clusters that name no service: where Istio sends what it does not know. */
const nameless = /^(?:PassthroughCluster|BlackHoleCluster|InboundPassthroughCluster.*|-)?$/;

/** `reviews.default.svc.cluster.local` → reviews in default; a bare word is a service; other hosts are neither. */
export function serviceOfHost(host: string): { service?: string; namespace?: string } {
  const colon = host.lastIndexOf(':');
  const labels = (colon < 0 ? host : host.slice(0, colon)).toLowerCase().split('.', 8);
  const [service = '', namespace] = labels;
  if (!/^[a-z][a-z0-9_-]*$/.test(service)) return {};
  if (labels.length === 1) return service === 'localhost' ? {} : { service };
  return labels[2] === 'svc' && namespace !== undefined ? { service, namespace } : {};
}

/**
 * Reads an upstream cluster: Istio's `outbound|9080|v1|reviews.default.svc.cluster.local`, `inbound|9080||`, its
 * SNI form `outbound_.9080_._.reviews…`, or the operator's own name, which is taken for the service's.
 */
export function readCluster(cluster: string): ClusterParts {
  return clusters.of(cluster, partsOf);
}

/** A proxy has few clusters. */
const clusters = new TextCache<ClusterParts>(10, 512);

function partsOf(cluster: string): ClusterParts {
  const name = cluster.slice(0, 512);
  const pipes = name.split('|', 5);
  const sni = /^(inbound|outbound)_\.\d{1,5}_\.([^_]{0,64})_\.(.+)$/.exec(name);
  const direction = sni?.[1] ?? (pipes.length >= 4 ? pipes[0] : undefined);
  if (direction === 'inbound' || direction === 'outbound') {
    const host = (sni?.[3] ?? pipes[3] ?? '').replace(/;.*$/, '');
    if (host === '') return { direction };
    const named = serviceOfHost(host);
    // A host outside of the cluster (ServiceEntry) is the service's only name.
    return { direction, host, ...(named.service === undefined ? { service: host } : named) };
  }
  const gateway = gatewayForm.exec(name);
  if (gateway !== null) return { namespace: gateway[1] ?? '', service: gateway[2] ?? '' };
  return nameless.test(name) ? {} : { service: name };
}
