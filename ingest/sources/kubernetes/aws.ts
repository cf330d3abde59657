import type { Fingerprinter } from '../../event/fingerprint.js';
import { makePrincipal } from '../../event/principal.js';
import type { PrincipalFacts, TokenFacts } from '../../event/token-event.js';
import { tokenFromAwsAccessKeyId } from '../../event/token-facts.js';
import { type JsonObject, readObject, readText, readTexts } from '../shared/json-reader.js';

/** Who calls a cluster with an AWS key (EKS, aws-iam-authenticator), named as CloudTrail names key, role and session. */
export interface AwsCaller {
  readonly token: TokenFacts;
  readonly principal: PrincipalFacts | undefined;
  readonly sessionId: string | undefined;
}

const keyForm = /^A(?:KIA|SIA)[A-Z0-9]{12,124}$/;
const arnForm = /^arn:[a-z-]{1,32}:iam::\d{12}:(?:(role|user)\/.{1,512}|root)$/;
const uidForm = /^aws-iam-authenticator:\d{12}:(AROA[A-Z0-9]{8,124})$/;

export function awsCallerOf(user: JsonObject, fp: Fingerprinter): AwsCaller | undefined {
  const extra = readObject(user, 'extra');
  const keyId = extra === undefined ? undefined : readTexts(extra, 'accessKeyId')?.[0];
  if (extra === undefined || keyId === undefined || !keyForm.test(keyId)) return undefined;
  const arn = readTexts(extra, 'canonicalArn')?.[0] ?? '';
  const parts = arnForm.exec(arn);
  const role = uidForm.exec(readText(user, 'uid') ?? '')?.[1];
  const session = readTexts(extra, 'sessionName')?.[0];
  return {
    token: tokenFromAwsAccessKeyId(keyId, fp),
    principal:
      parts === null
        ? undefined
        : makePrincipal({ kind: parts[1] === 'role' ? 'role' : 'user', id: arn, name: arn.slice(arn.lastIndexOf('/') + 1) }),
    sessionId: role === undefined || session === undefined || session === '' ? undefined : `${role}:${session}`,
  };
} // prettier-ignore
