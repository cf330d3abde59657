import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newEcKey, openssl } from '../lab/certificates.js';

export const keystorePassword = 'test-keystore';

/** Makes an authority. @returns its certificate (PEM), and the key. */
export function makeAuthority(folder: string, name: string): { readonly ca: string; readonly key: string } {
  const [ca, key] = [join(folder, `${name}-ca.pem`), join(folder, `${name}-ca.key`)];
  openssl(['req', '-x509', ...newEcKey, '-days', '2', '-subj', `/CN=${name} test authority`, '-keyout', key, '-out', ca]);
  return { ca, key };
} // prettier-ignore

/**
 * Makes an authority and a certificate for 127.0.0.1 signed by it, as a broker takes it.
 *
 * @returns the authority's certificate (PEM) and the PKCS #12 with the server's key and chain.
 */
export function makeCertificates(folder: string, name: string): { readonly ca: string; readonly keystore: string } {
  const at = (file: string): string => join(folder, `${name}-${file}`);
  const { ca, key } = makeAuthority(folder, name);
  writeFileSync(at('server.ext'), 'subjectAltName=IP:127.0.0.1\n');
  openssl(['req', ...newEcKey, '-subj', '/CN=broker', '-keyout', at('server.key'), '-out', at('server.csr')]);
  openssl(['x509', '-req', '-in', at('server.csr'), '-CA', ca, '-CAkey', key, '-CAcreateserial', '-days', '2',
    '-extfile', at('server.ext'), '-out', at('server.pem')]);
  openssl(['pkcs12', '-export', '-in', at('server.pem'), '-inkey', at('server.key'), '-certfile', ca,
    '-passout', `pass:${keystorePassword}`, '-out', at('server.p12')]);
  return { ca, keystore: at('server.p12') };
} // prettier-ignore
