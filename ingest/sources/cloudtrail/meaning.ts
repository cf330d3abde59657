import type { Action } from '../../event/token-event.js';
import { digText, type JsonObject, readText } from '../shared/json-reader.js';
import { grantOf, userPools } from './cognito.js';
import { meaningOf, type NameMeaning } from './event-names.js';
import { temporaryCredentials } from './keys.js';

/** Credentials that are switched off and on again by one call. */
const switches: ReadonlySet<string> = new Set([
  'UpdateAccessKey', 'UpdateServiceSpecificCredential', 'UpdateSSHPublicKey', 'UpdateSigningCertificate',
]); // prettier-ignore

/** Token endpoints of Identity Center and Sign-In, and Cognito's. */
function grantTypeOf(record: JsonObject, eventSource: string): string | undefined {
  if (eventSource === userPools) return grantOf(record);
  return (
    digText(record, 'requestParameters', 'grantType') ?? digText(record, 'requestParameters', 'tokenInput', 'grantType')
  );
}

function byGrant(action: Action, grant: string | undefined): Action {
  if (grant === undefined || (action !== 'issue' && action !== 'login')) return action;
  if (/^refresh_token(?:_auth)?$/i.test(grant)) return 'refresh';
  return grant === 'urn:ietf:params:oauth:grant-type:token-exchange' ? 'exchange' : action;
}

/** What the event means: by its name, and by what of the call turns that. */
export function meaningOfRecord(record: JsonObject, eventSource: string, eventName: string): NameMeaning {
  const told = meaningOf(eventSource, eventName, readText(record, 'eventType'));
  if (told.action === 'use')
    return temporaryCredentials(record) === undefined ? told : { action: 'issue', subject: 'credentials' };
  if (switches.has(eventName))
    return digText(record, 'requestParameters', 'status') === 'Active' ? { ...told, action: 'grant' } : told;
  return told.subject === 'unnamed'
    ? { ...told, action: byGrant(told.action, grantTypeOf(record, eventSource)) }
    : told;
}
