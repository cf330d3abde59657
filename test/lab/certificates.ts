import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificates {
  readonly authority: string;
  certificate(workload: string): string;
  key(workload: string): string;
}

export const spiffeId = (workload: string): string => `spiffe://lab.tourniquet.test/ns/shop/sa/${workload}`;

/** Options of `openssl req` for a key on P-256. */
export const newEcKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'] as const;

/** An authority made for this run, and an X.509 SVID (a certificate whose URI SAN is the SPIFFE id) a workload. */
export function makeCertificates(folder: string, workloads: readonly string[]): Certificates {
  mkdirSync(folder, { recursive: true });
  const path = (name: string): string => join(folder, name);
  openssl(['req', '-x509', ...newEcKey, '-days', '2', '-subj', '/CN=lab authority', '-keyout', path('ca.key'), '-out', path('ca.pem')]); // prettier-ignore
  for (const workload of workloads) {
    const request = path(`${workload}.csr`);
    writeFileSync(
      path(`${workload}.ext`),
      [
        'basicConstraints=critical,CA:FALSE',
        'keyUsage=critical,digitalSignature',
        'extendedKeyUsage=serverAuth,clientAuth',
        `subjectAltName=critical,URI:${spiffeId(workload)}`,
        '',
      ].join('\n'),
    );
    openssl(['req', ...newEcKey, '-subj', '/', '-keyout', path(`${workload}.key`), '-out', request]);
    openssl(['x509', '-req', '-in', request, '-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', path(`${workload}.ext`), '-out', path(`${workload}.pem`)]); // prettier-ignore
  }
  return {
    authority: path('ca.pem'),
    certificate: (workload) => path(`${workload}.pem`),
    key: (workload) => path(`${workload}.key`),
  };
}

/** @throws Error with what it said when it fails. */
export function openssl(args: readonly string[]): void {
  const run = spawnSync('openssl', args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`openssl ${args[0] ?? ''} failed: ${run.stderr}`);
}
