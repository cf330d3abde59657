import { failed, meaningOfType, meaningRows, type EventMeaning } from '../shared/event-meanings.js';

/** Audit log actions that are about credentials, sign-in, grants and policies; `a.*` stands for the whole category. */
export const actionMeanings: ReadonlyMap<string, EventMeaning> = new Map([
  ...meaningRows('use', 'api.request git.clone git.fetch git.push'),
  ...meaningRows('issue', 'oauth_access.create'),
  ...meaningRows('create', 'personal_access_token.create public_key.create deploy_key.create integration.create oauth_application.create integration.generate_client_secret oauth_application.generate_client_secret ssh_certificate_authority.create user.create'),
  ...meaningRows('rotate', 'personal_access_token.credential_regenerated oauth_access.regenerate oauth_application.reset_secret user.change_password user.reset_password user.two_factor_recovery_codes_regenerated'),
  ...meaningRows('refresh', 'codespaces.connect'),
  ...meaningRows('revoke', 'personal_access_token.access_revoked personal_access_token.credential_revoked oauth_access.destroy oauth_access.revoke oauth_authorization.destroy oauth_application.revoke_all_tokens oauth_application.revoke_tokens oauth_application.suspend integration.revoke_all_tokens integration.revoke_tokens integration.suspend integration_installation.suspend org_credential_authorization.revoke org_credential_authorization.deauthorize org_credential_authorization.deauthorized org.revoke_external_identity org.revoke_sso_session business.revoke_external_identity business.revoke_sso_session public_key.unverify'),
  ...meaningRows('delete', 'personal_access_token.destroy public_key.delete deploy_key.delete integration.destroy integration.remove_client_secret integration_installation.destroy oauth_application.destroy oauth_application.remove_client_secret ssh_certificate_authority.delete user.delete'),
  ...meaningRows('grant', 'personal_access_token.access_granted org_credential_authorization.grant oauth_authorization.create oauth_authorization.update oauth_access.update oauth_application.unsuspend oauth_application.transfer integration.manager_added integration.transfer integration.unsuspend integration_installation.create integration_installation.repositories_added integration_installation.unsuspend integration_installation.version_updated org.oauth_app_access_approved org.integration_manager_added org.add_member org.add_outside_collaborator org.update_member org.unblock_user repo.add_member repo.update_member repo.temporary_access_granted team.add_member team.add_repository team.update_repository_permission business.add_admin business.add_organization public_key.update public_key.verify user.promote'),
  ...meaningRows('grant', 'personal_access_token.request_denied org.oauth_app_access_denied', failed('access_denied')),
  ...meaningRows('policy_change', 'personal_access_token.access_restriction_enabled personal_access_token.access_restriction_disabled personal_access_token.auto_approve_grant_requests_enabled personal_access_token.auto_approve_grant_requests_disabled personal_access_token.expiration_limit_set personal_access_token.expiration_limit_unset integration.manager_removed integration_installation.repositories_removed org.integration_manager_removed org.remove_member org.remove_outside_collaborator org.block_user repo.remove_member team.remove_member team.remove_repository business.remove_admin org.enable_two_factor_requirement org.disable_two_factor_requirement org.enable_saml org.disable_saml org.update_saml_provider_settings org.enable_oauth_app_restrictions org.disable_oauth_app_restrictions org.set_default_workflow_permissions repo.set_default_workflow_permissions business.set_default_workflow_permissions org.set_workflow_permission_can_approve_pr repo.set_workflow_permission_can_approve_pr business.set_workflow_permission_can_approve_pr org.update_default_repository_permission ip_allow_list.* ip_allow_list_entry.* protected_branch.* repository_ruleset.* role.* two_factor_authentication.* repo.access org.update_member_repository_creation_permission org.update_member_repository_invitation_permission user.demote user.suspend user.unsuspend'),
  ...meaningRows('login', 'user.login org.sso_response business.sso_response user.two_factor_challenge_success user.sign_in_from_unrecognized_device user.sign_in_from_unrecognized_device_and_location user.correct_password_from_recognized_device user.correct_password_from_unrecognized_device user.correct_password_from_unrecognized_device_and_location user.two_factor_recover user.new_device_used'),
  ...meaningRows('login', 'user.failed_login', failed('invalid_credentials')),
  ...meaningRows('login', 'user.two_factor_challenge_failure', failed('mfa_failed')),
  ...meaningRows('logout', 'user.logout user_session.destroy'),
  ...meaningRows('admin', 'hook.* codespaces.allow_permissions codespaces.trusted_repositories_access_update self_hosted_runner.* org.register_self_hosted_runner repo.register_self_hosted_runner enterprise.register_self_hosted_runner org.remove_self_hosted_runner repo.remove_self_hosted_runner enterprise.remove_self_hosted_runner'),
]); // prettier-ignore

/** `org.create_actions_secret`, `environment.remove_actions_secret` …: credentials that workflows are given. */
const storedSecret = /^[a-z_]{1,32}\.(?:create|update|remove)_(?:actions|codespaces|dependabot|integration)_secret$/;

/**
 * @param hasToken whether the record names the token that acted: what has no row of its own is then a use of it.
 */
export function meaningOfAction(action: string, hasToken: boolean): EventMeaning {
  const row = meaningOfType(actionMeanings, action);
  if (row !== undefined) return row;
  if (storedSecret.test(action)) return { action: 'admin' };
  return { action: hasToken ? 'use' : 'other' };
}
