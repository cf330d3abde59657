import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Comes with Java. */
const tool = 'keytool';
export const keystorePassword = 'test-keystore';

/**
 * Makes an authority and a certificate for 127.0.0.1 signed by it, with the keytool of the Java that runs the broker.
 *
 * @returns the authority's certificate (PEM) and the PKCS #12 with the server's key and chain.
 */
export function makeCertificates(folder: string, name: string): { readonly ca: string; readonly keystore: string } {
  const at = (file: string): string => join(folder, `${name}-${file}`);
  const keytool = (store: string, ...args: string[]): void => {
    const common = ['-keystore', at(store), '-storetype', 'PKCS12', '-storepass', keystorePassword, '-noprompt'];
    execFileSync(tool, [...args, ...common], { stdio: 'pipe', timeout: 120_000 });
  };
  const key = ['-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '2'];
  keytool('ca.p12', '-genkeypair', '-alias', 'ca', '-dname', `CN=${name} test authority`, '-ext', 'bc:c', ...key);
  keytool('ca.p12', '-exportcert', '-rfc', '-alias', 'ca', '-file', at('ca.pem'));
  keytool('server.p12', '-genkeypair', '-alias', 'server', '-dname', 'CN=broker', ...key);
  keytool('server.p12', '-certreq', '-alias', 'server', '-file', at('server.csr'));
  keytool('ca.p12', '-gencert', '-alias', 'ca', '-infile', at('server.csr'), '-outfile', at('server.pem'), '-rfc',
    '-ext', 'san=ip:127.0.0.1', '-validity', '2'); // prettier-ignore
  keytool('server.p12', '-importcert', '-alias', 'ca', '-file', at('ca.pem'));
  keytool('server.p12', '-importcert', '-alias', 'server', '-file', at('server.pem'));
  return { ca: at('ca.pem'), keystore: at('server.p12') };
}
