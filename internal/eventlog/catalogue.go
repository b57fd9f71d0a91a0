package eventlog

import "usher/internal/idp"

// The event types that Usher records. (spec: management#getLogs)
const (
	UserCreate              idp.EventType = "user.lifecycle.create"
	UserActivate            idp.EventType = "user.lifecycle.activate"
	UserReactivate          idp.EventType = "user.lifecycle.reactivate"
	UserDeactivate          idp.EventType = "user.lifecycle.deactivate"
	UserSuspend             idp.EventType = "user.lifecycle.suspend"
	UserUnsuspend           idp.EventType = "user.lifecycle.unsuspend"
	UserDelete              idp.EventType = "user.lifecycle.delete.initiated"
	UserDeleted             idp.EventType = "user.lifecycle.delete.completed"
	AccountLock             idp.EventType = "user.account.lock"
	AccountUnlock           idp.EventType = "user.account.unlock"
	AccountUnlockAdmin      idp.EventType = "user.account.unlock_by_admin"
	UnlockToken             idp.EventType = "user.account.unlock_token"
	TokenUse                idp.EventType = "user.account.use_token"
	ResetMail               idp.EventType = "system.email.password_reset.sent_message"
	UnlockMail              idp.EventType = "system.email.account_unlock.sent_message"
	PasswordReset           idp.EventType = "user.account.reset_password"
	PasswordExpire          idp.EventType = "user.account.expire_password"
	PasswordUpdate          idp.EventType = "user.account.update_password"
	ProfileUpdate           idp.EventType = "user.account.update_profile"
	PrivilegeGrant          idp.EventType = "user.account.privilege.grant"
	PrivilegeRevoke         idp.EventType = "user.account.privilege.revoke"
	GroupPrivilegeGrant     idp.EventType = "group.privilege.grant"
	GroupPrivilegeRevoke    idp.EventType = "group.privilege.revoke"
	ClientPrivilegeGrant    idp.EventType = "app.oauth2.client.privilege.grant"
	ClientPrivilegeRevoke   idp.EventType = "app.oauth2.client.privilege.revoke"
	FactorActivate          idp.EventType = "user.mfa.factor.activate"
	FactorDeactivate        idp.EventType = "user.mfa.factor.deactivate"
	FactorUpdate            idp.EventType = "user.mfa.factor.update"
	FactorResetAll          idp.EventType = "user.mfa.factor.reset_all"
	AuthViaMFA              idp.EventType = "user.authentication.auth_via_mfa"
	TextVerify              idp.EventType = "system.sms.send_factor_verify_message"
	TextActivate            idp.EventType = "system.sms.send_phone_verification_message"
	TextReset               idp.EventType = "system.sms.send_password_reset_message"
	TextUnlock              idp.EventType = "system.sms.send_account_unlock_message"
	CallVerify              idp.EventType = "system.voice.send_mfa_challenge_call"
	CallActivate            idp.EventType = "system.voice.send_phone_verification_call"
	CallReset               idp.EventType = "system.voice.send_password_reset_call"
	CallUnlock              idp.EventType = "system.voice.send_account_unlock_call"
	TextPush                idp.EventType = "system.sms.send_okta_push_verify_message"
	MailPush                idp.EventType = "system.email.mfa_enroll_notification.sent_message"
	PushVerify              idp.EventType = "system.push.send_factor_verify_push"
	PushDenied              idp.EventType = "user.mfa.okta_verify.deny_push"
	MailVerify              idp.EventType = "system.email.send_factor_verify_message"
	SessionStart            idp.EventType = "user.session.start"
	SessionEnd              idp.EventType = "user.session.end"
	SessionClear            idp.EventType = "user.session.clear"
	EvaluateSignOn          idp.EventType = "policy.evaluate_sign_on"
	GroupCreate             idp.EventType = "group.lifecycle.create"
	GroupDelete             idp.EventType = "group.lifecycle.delete"
	GroupUpdate             idp.EventType = "group.profile.update"
	MemberAdd               idp.EventType = "group.user_membership.add"
	MemberRemove            idp.EventType = "group.user_membership.remove"
	RuleTrigger             idp.EventType = "group.user_membership.rule.trigger"
	RuleEvaluation          idp.EventType = "group.user_membership.rule.evaluation"
	RuleDeactivated         idp.EventType = "group.user_membership.rule.deactivated"
	RuleInvalidate          idp.EventType = "group.user_membership.rule.invalidate"
	RuleError               idp.EventType = "group.user_membership.rule.error"
	RuleExclusion           idp.EventType = "group.user_membership.rule.add_exclusion"
	APITokenCreate          idp.EventType = "system.api_token.create"
	APITokenRevoke          idp.EventType = "system.api_token.revoke"
	RateLimitViolation      idp.EventType = "system.org.rate_limit.violation"
	RateLimitWarning        idp.EventType = "system.org.rate_limit.warning"
	AppCreate               idp.EventType = "application.lifecycle.create"
	AppUpdate               idp.EventType = "application.lifecycle.update"
	AppActivate             idp.EventType = "application.lifecycle.activate"
	AppDeactivate           idp.EventType = "application.lifecycle.deactivate"
	AppDelete               idp.EventType = "application.lifecycle.delete"
	AppUserAdd              idp.EventType = "application.user_membership.add"
	AppUserRemove           idp.EventType = "application.user_membership.remove"
	AppUserUpdate           idp.EventType = "application.user_membership.update"
	AppUserName             idp.EventType = "application.user_membership.change_username"
	AppUserPassword         idp.EventType = "application.user_membership.change_password"
	AppGroupAdd             idp.EventType = "group.application_assignment.add"
	AppGroupRemove          idp.EventType = "group.application_assignment.remove"
	AppGroupUpdate          idp.EventType = "group.application_assignment.update"
	AppSignOn               idp.EventType = "user.authentication.sso"
	AppSignOut              idp.EventType = "user.authentication.slo"
	UniversalLogout         idp.EventType = "user.authentication.universal_logout"
	PolicyCreate            idp.EventType = "policy.lifecycle.create"
	PolicyUpdate            idp.EventType = "policy.lifecycle.update"
	PolicyDelete            idp.EventType = "policy.lifecycle.delete"
	PolicyActivate          idp.EventType = "policy.lifecycle.activate"
	PolicyDeactivate        idp.EventType = "policy.lifecycle.deactivate"
	PolicyRuleAdd           idp.EventType = "policy.rule.add"
	PolicyRuleUpdate        idp.EventType = "policy.rule.update"
	PolicyRuleDelete        idp.EventType = "policy.rule.delete"
	PolicyRuleActivate      idp.EventType = "policy.rule.activate"
	PolicyRuleDeactivate    idp.EventType = "policy.rule.deactivate"
	ZoneCreate              idp.EventType = "zone.create"
	ZoneUpdate              idp.EventType = "zone.update"
	ZoneDelete              idp.EventType = "zone.delete"
	ZoneActivate            idp.EventType = "zone.activate"
	ZoneDeactivate          idp.EventType = "zone.deactivate"
	OriginCreate            idp.EventType = "security.trusted_origin.create"
	OriginUpdate            idp.EventType = "security.trusted_origin.update"
	OriginDelete            idp.EventType = "security.trusted_origin.delete"
	OriginActivate          idp.EventType = "security.trusted_origin.activate"
	OriginDeactivate        idp.EventType = "security.trusted_origin.deactivate"
	AuthenticatorActivate   idp.EventType = "security.authenticator.lifecycle.activate"
	AuthenticatorDeactivate idp.EventType = "security.authenticator.lifecycle.deactivate"
	AuthenticatorUpdate     idp.EventType = "security.authenticator.lifecycle.update"
	FeatureEnable           idp.EventType = "system.feature.enable"
	FeatureDisable          idp.EventType = "system.feature.disable"
)

// Kind describes an event type to readers.
type Kind struct {
	Message string // what happened, in words
	// Legacy is the type's name in the events interface that came before, for
	// success; "" when it had none.
	Legacy string
	// LegacyFailure is the same for failure; Legacy when empty.
	LegacyFailure string
}

// Describe returns the catalogue's entry of a type. Unknown types describe
// themselves by their name.
func Describe(t idp.EventType) Kind {
	for _, list := range []map[idp.EventType]Kind{catalogue, oauthCatalogue, settingsCatalogue, federationCatalogue} {
		if k, ok := list[t]; ok {
			return k
		}
	}
	return Kind{Message: string(t)}
}

// catalogue describes every type above; those of authorization servers and
// of settings have their own.
var catalogue = map[idp.EventType]Kind{
	UserCreate:              {Message: "Create Okta user", Legacy: "core.user.config.user_creation.success", LegacyFailure: "core.user.config.user_creation.failure"},
	UserActivate:            {Message: "Activate Okta user", Legacy: "core.user.config.user_activated"},
	UserReactivate:          {Message: "Reactivate Okta user", Legacy: "core.user.config.user_reactivation.success"},
	UserDeactivate:          {Message: "Deactivate Okta user", Legacy: "core.user.config.user_deactivated"},
	UserSuspend:             {Message: "Suspend Okta user", Legacy: "core.user.config.user_status.suspended"},
	UserUnsuspend:           {Message: "Unsuspend Okta user", Legacy: "core.user.config.user_status.unsuspended"},
	UserDelete:              {Message: "Delete Okta user"},
	UserDeleted:             {Message: "Delete Okta user completed"},
	AccountLock:             {Message: "Auto-lock user account for Okta", Legacy: "core.user_auth.account_locked"},
	AccountUnlock:           {Message: "Auto-unlock user account for Okta", Legacy: "core.user_auth.account_auto_unlocked"},
	AccountUnlockAdmin:      {Message: "User account unlock by admin", Legacy: "core.user_auth.account_unlocked_by_admin"},
	UnlockToken:             {Message: "User account unlock token"},
	TokenUse:                {Message: "User account use token"},
	ResetMail:               {Message: "Send self-service password reset email"},
	UnlockMail:              {Message: "Send self-service unlock email"},
	PasswordReset:           {Message: "User's Okta password has been reset", Legacy: "core.user.config.user_status.password_reset"},
	PasswordExpire:          {Message: "Expire user password"},
	PasswordUpdate:          {Message: "User update password for Okta", Legacy: "core.user.config.password_update.success", LegacyFailure: "core.user.config.password_update.failure"},
	ProfileUpdate:           {Message: "Update user profile for Okta", Legacy: "core.user.config.profile_update.success"},
	PrivilegeGrant:          {Message: "Grant user privilege", Legacy: "core.user.admin_privilege.granted"},
	PrivilegeRevoke:         {Message: "Revoke user privilege", Legacy: "core.user.admin_privilege.revoked"},
	GroupPrivilegeGrant:     {Message: "Grant group privilege"},
	GroupPrivilegeRevoke:    {Message: "Revoke group privilege"},
	ClientPrivilegeGrant:    {Message: "Grant privilege to OAuth2 client"},
	ClientPrivilegeRevoke:   {Message: "Revoke privilege of OAuth2 client"},
	AuthViaMFA:              {Message: "Authentication of user via MFA", Legacy: "core.user.factor.attempt_success", LegacyFailure: "core.user.factor.attempt_fail"},
	FactorActivate:          {Message: "Activate factor for user", Legacy: "core.user.factor.activate"},
	FactorDeactivate:        {Message: "Reset factor for user", Legacy: "core.user.factor.deactivate"},
	FactorUpdate:            {Message: "Update factor for user", Legacy: "core.user.factor.update"},
	FactorResetAll:          {Message: "Reset all factors for user", Legacy: "core.user.factor.reset_all"},
	TextVerify:              {Message: "Send second factor verification SMS"},
	TextActivate:            {Message: "Send phone verification SMS"},
	TextReset:               {Message: "Send password reset SMS"},
	TextUnlock:              {Message: "Send account unlock SMS"},
	CallVerify:              {Message: "Send MFA challenge voice call"},
	CallActivate:            {Message: "Send phone verification call"},
	CallReset:               {Message: "Send password reset voice call"},
	CallUnlock:              {Message: "Send account unlock voice call"},
	TextPush:                {Message: "Send Okta Verify push enrollment SMS"},
	MailPush:                {Message: "Send MFA enrollment notification email"},
	PushVerify:              {Message: "Send Okta Verify push"},
	PushDenied:              {Message: "User rejected Okta push verify", Legacy: "core.user.factor.push_rejected"},
	MailVerify:              {Message: "Send second factor verification email"},
	SessionStart:            {Message: "User login to Okta", Legacy: "core.user_auth.login_success", LegacyFailure: "core.user_auth.login_failed"},
	SessionEnd:              {Message: "User logout from Okta", Legacy: "core.user_auth.logout_success"},
	SessionClear:            {Message: "Clear user session"},
	EvaluateSignOn:          {Message: "Evaluation of sign-on policy"},
	GroupCreate:             {Message: "Create Okta group"},
	GroupDelete:             {Message: "Delete Okta group"},
	GroupUpdate:             {Message: "Update group profile"},
	MemberAdd:               {Message: "Add user to group membership", Legacy: "core.user_group_member.user_add"},
	MemberRemove:            {Message: "Remove user from group membership", Legacy: "core.user_group_member.user_remove"},
	RuleTrigger:             {Message: "Group rule triggered", Legacy: "cvd.group_rule_triggered"},
	RuleEvaluation:          {Message: "Group rule evaluated for all users", Legacy: "cvd.group_rule_evaluation"},
	RuleDeactivated:         {Message: "Group rule deactivated", Legacy: "cvd.group_rule_deactivated"},
	RuleInvalidate:          {Message: "Group rule invalidated", Legacy: "cvd.group_rule_invalidated"},
	RuleError:               {Message: "Group rules could not be settled for user", Legacy: "cvd.group_rule_error"},
	RuleExclusion:           {Message: "User added to exclusion list for group rule", Legacy: "cvd.group_rule_add_exclusion"},
	APITokenCreate:          {Message: "Create API token"},
	APITokenRevoke:          {Message: "Revoke API token"},
	RateLimitViolation:      {Message: "Rate limit violation"},
	RateLimitWarning:        {Message: "Rate limit warning"},
	AppCreate:               {Message: "Create application", Legacy: "app.app_editor.app.create"},
	AppUpdate:               {Message: "Update application", Legacy: "app.generic.config.app_updated"},
	AppActivate:             {Message: "Activate application", Legacy: "app.generic.config.app_activated"},
	AppDeactivate:           {Message: "Deactivate application", Legacy: "app.generic.config.app_deactivated"},
	AppDelete:               {Message: "Delete application", Legacy: "app.generic.config.app_deleted"},
	AppUserAdd:              {Message: "Add user to application membership", Legacy: "app.generic.provision.assign_user_to_app"},
	AppUserRemove:           {Message: "Remove user's application membership", Legacy: "app.generic.provision.deactivate_user_from_app"},
	AppUserUpdate:           {Message: "Update user's application membership"},
	AppUserName:             {Message: "Change user's application username", Legacy: "app.generic.config.app_username_update"},
	AppUserPassword:         {Message: "Change user's application password", Legacy: "app.generic.config.app_password_update"},
	AppGroupAdd:             {Message: "Add assigned application to group"},
	AppGroupRemove:          {Message: "Remove assigned application from group"},
	AppGroupUpdate:          {Message: "Update assigned application of group"},
	AppSignOn:               {Message: "User single sign on to app"},
	AppSignOut:              {Message: "User single sign out of app"},
	UniversalLogout:         {Message: "User signed out of everything"},
	PolicyCreate:            {Message: "Create policy"},
	PolicyUpdate:            {Message: "Update policy"},
	PolicyDelete:            {Message: "Delete policy"},
	PolicyActivate:          {Message: "Activate policy"},
	PolicyDeactivate:        {Message: "Deactivate policy"},
	PolicyRuleAdd:           {Message: "Add policy rule"},
	PolicyRuleUpdate:        {Message: "Update policy rule"},
	PolicyRuleDelete:        {Message: "Delete policy rule"},
	PolicyRuleActivate:      {Message: "Activate policy rule"},
	PolicyRuleDeactivate:    {Message: "Deactivate policy rule"},
	ZoneCreate:              {Message: "Create network zone"},
	ZoneUpdate:              {Message: "Update network zone"},
	ZoneDelete:              {Message: "Delete network zone"},
	ZoneActivate:            {Message: "Activate network zone"},
	ZoneDeactivate:          {Message: "Deactivate network zone"},
	OriginCreate:            {Message: "Create trusted origin"},
	OriginUpdate:            {Message: "Update trusted origin"},
	OriginDelete:            {Message: "Delete trusted origin"},
	OriginActivate:          {Message: "Activate trusted origin"},
	OriginDeactivate:        {Message: "Deactivate trusted origin"},
	AuthenticatorActivate:   {Message: "Activate authenticator"},
	AuthenticatorDeactivate: {Message: "Deactivate authenticator"},
	AuthenticatorUpdate:     {Message: "Update authenticator"},
	FeatureEnable:           {Message: "Enable feature"},
	FeatureDisable:          {Message: "Disable feature"},
}
