import type { Reason } from '../../event/token-event.js';

/** Error codes common to AWS services and those of STS, IAM and sign-in → reason. */
const codes: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ['AccessDenied', 'access_denied'],
  ['AccessDeniedException', 'access_denied'],
  ['Client.UnauthorizedOperation', 'access_denied'],
  ['UnauthorizedOperation', 'access_denied'],
  ['UnauthorizedAccess', 'access_denied'],
  ['UnauthorizedException', 'access_denied'],
  ['AuthorizationErrorException', 'access_denied'],
  ['NotAuthorized', 'access_denied'],
  ['AllAccessDisabled', 'access_denied'],
  ['Forbidden', 'access_denied'],
  ['AuthFailure', 'invalid_credentials'],
  ['Client.AuthFailure', 'invalid_credentials'],
  ['Failed authentication', 'invalid_credentials'],
  ['NotAuthorizedException', 'invalid_credentials'],
  ['InvalidClientTokenId', 'invalid_token'],
  ['InvalidAccessKeyId', 'invalid_token'],
  ['UnrecognizedClientException', 'invalid_token'],
  ['InvalidToken', 'invalid_token'],
  ['InvalidIdentityToken', 'invalid_token'],
  ['InvalidIdentityTokenException', 'invalid_token'],
  ['InvalidSubjectCredentials', 'invalid_token'],
  ['InvalidSubjectCredentialsException', 'invalid_token'],
  ['UnsupportedTokenTypeException', 'invalid_token'],
  ['RefreshTokenReuseException', 'token_reuse'],
  ['IncompleteSignature', 'invalid_signature'],
  ['SignatureDoesNotMatch', 'invalid_signature'],
  ['InvalidSignatureException', 'invalid_signature'],
  ['SignatureDoesNotMatchException', 'invalid_signature'],
  ['ExpiredToken', 'expired_token'],
  ['ExpiredTokenException', 'expired_token'],
  ['RequestExpired', 'expired_token'],
  ['TokenRefreshRequired', 'expired_token'],
  ['ExpiredTradeInTokenException', 'expired_token'],
  ['MissingAuthenticationToken', 'missing_token'],
  ['MissingAuthenticationTokenException', 'missing_token'],
  ['OptInRequired', 'policy_denied'],
  ['RegionDisabledException', 'policy_denied'],
  ['PasswordPolicyViolation', 'policy_denied'],
  ['LimitExceeded', 'policy_denied'],
  ['LimitExceededException', 'policy_denied'],
  ['Throttling', 'rate_limited'],
  ['ThrottlingException', 'rate_limited'],
  ['ThrottledException', 'rate_limited'],
  ['TooManyRequestsException', 'rate_limited'],
  ['RequestLimitExceeded', 'rate_limited'],
  ['Client.RequestLimitExceeded', 'rate_limited'],
  ['ProvisionedThroughputExceededException', 'rate_limited'],
  ['RequestThrottled', 'rate_limited'],
  ['SlowDown', 'rate_limited'],
  ['SlowDownException', 'rate_limited'],
  ['TooManyFailedAttemptsException', 'rate_limited'],
  ['NoSuchEntity', 'not_found'],
  ['NoSuchEntityException', 'not_found'],
  ['ResourceNotFoundException', 'not_found'],
  ['ResourceNotFound', 'not_found'],
  ['NoSuchBucket', 'not_found'],
  ['NoSuchKey', 'not_found'],
  ['NotFoundException', 'not_found'],
  ['EntityAlreadyExists', 'invalid_request'],
  ['EntityAlreadyExistsException', 'invalid_request'],
  ['DeleteConflict', 'invalid_request'],
  ['ValidationError', 'invalid_request'],
  ['ValidationException', 'invalid_request'],
  ['InvalidInput', 'invalid_request'],
  ['InvalidParameterValue', 'invalid_request'],
  ['InvalidParameterException', 'invalid_request'],
  ['MalformedPolicyDocument', 'invalid_request'],
  ['MalformedPolicyDocumentException', 'invalid_request'],
  ['PackedPolicyTooLarge', 'invalid_request'],
  ['IDPRejectedClaim', 'access_denied'],
  ['IDPRejectedClaimException', 'access_denied'],
  ['UserNotFoundException', 'user_not_found'],
  ['UserNotConfirmedException', 'user_disabled'],
  ['UnsupportedUserStateException', 'user_disabled'],
  ['CodeMismatchException', 'mfa_failed'],
  ['PasswordResetRequiredException', 'policy_denied'],
  ['UserLambdaValidationException', 'policy_denied'],
  ['InvalidPasswordException', 'policy_denied'],
  ['PasswordPolicyViolationException', 'policy_denied'],
  ['PasswordHistoryPolicyViolationException', 'policy_denied'],
  ['SessionDurationEscalationException', 'policy_denied'],
  ['OutboundWebIdentityFederationDisabledException', 'policy_denied'],
  ['PublicPolicyException', 'policy_denied'],
  ['WebAuthnOriginNotAllowedException', 'policy_denied'],
  ['ScopeDoesNotExistException', 'invalid_scope'],
  ['IncorrectTrustAnchorException', 'invalid_request'],
  ['XksProxyIncorrectAuthenticationCredentialException', 'invalid_credentials'],
  ['UnexpectedLambdaException', 'upstream_error'],
  ['ExternalServiceException', 'upstream_error'],
  ['OpenIdIdpCommunicationError', 'upstream_error'],
  ['OpenIdIdpCommunicationErrorException', 'upstream_error'],
  ['IDPCommunicationErrorException', 'upstream_error'],
  ['IDPCommunicationError', 'upstream_error'],
  ['InvalidClientException', 'invalid_client'],
  ['InvalidGrantException', 'invalid_grant'],
  ['InvalidScopeException', 'invalid_scope'],
  ['UnauthorizedClientException', 'unauthorized_client'],
  ['UnsupportedGrantTypeException', 'unsupported_grant_type'],
  ['InvalidAuthenticationCode', 'mfa_failed'],
  ['InvalidAuthenticationCodeException', 'mfa_failed'],
  ['ServiceUnavailable', 'temporarily_unavailable'],
  ['ServiceUnavailableException', 'temporarily_unavailable'],
  ['Server.Unavailable', 'temporarily_unavailable'],
  ['ServiceFailure', 'server_error'],
  ['ServiceFailureException', 'server_error'],
  ['ServerException', 'server_error'],
  ['InternalFailure', 'server_error'],
  ['InternalError', 'server_error'],
  ['InternalServerError', 'server_error'],
  ['InternalServerException', 'server_error'],
  ['Server.InternalError', 'server_error'],
]);

/**
 * @param code errorCode, '' where a result without code failed (ConsoleLogin).
 * @param message errorMessage.
 */
export function reasonOf(code: string, message: string | undefined): Reason {
  const words = (message ?? '').slice(0, 512).toLowerCase();
  if (words.includes('no username found')) return 'user_not_found';
  if (words.includes('multifactor') || words.includes('multi-factor') || words.includes('mfa code'))
    return 'mfa_failed';
  if (code === 'NotAuthorizedException') return refusalOf(words);
  const known = codes.get(code);
  if (known !== undefined) return known;
  if (words.includes('failed authentication') || words.includes('password')) return 'invalid_credentials';
  if (/NotFound|NoSuch/.test(code)) return 'not_found';
  if (/AccessDenied|Unauthorized|NotAuthorized|Forbidden/.test(code)) return 'access_denied';
  if (/Throttl|TooManyRequests/.test(code)) return 'rate_limited';
  if (/Expired/.test(code)) return 'expired_token';
  if (/^Server\.|Internal/.test(code)) return 'server_error';
  if (/LimitExceeded|QuotaExceeded/.test(code)) return 'policy_denied';
  if (
    /Invalid|Validation|Malformed|Missing|BadRequest|Exists|Conflict|Duplicate|Mismatch|TooLarge|Unsupported|InUse/.test(
      code,
    )
  )
    return 'invalid_request';
  return 'other';
}

/** Cognito's one code for whatever keeps somebody out. */
function refusalOf(words: string): Reason {
  if (words.includes('revoked')) return 'revoked_token';
  if (words.includes('expired')) return 'expired_token';
  if (words.includes('disabled') || words.includes('attempts exceeded')) return 'user_disabled';
  if (words.includes('token')) return 'invalid_token';
  return words.includes('secret') ? 'invalid_client' : 'invalid_credentials';
}
