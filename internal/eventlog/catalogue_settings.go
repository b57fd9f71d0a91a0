package eventlog

import "usher/internal/idp"

// The event types about profiles' shapes, keys and secrets of applications,
// factors of the organisation, inline hooks and mail addresses of users. (spec:
// management#getLogs)
const (
	PrimaryEmail     idp.EventType = "user.account.update_primary_email"
	SecondaryEmail   idp.EventType = "user.account.update_secondary_email"
	SchemaUpdate     idp.EventType = "directory.user_profile.update"
	UserTypeCreate   idp.EventType = "directory.non_default_user_profile.create"
	AppSchemaUpdate  idp.EventType = "directory.app_user_profile.update"
	AppKeyGenerate   idp.EventType = "app.keys.generate"
	AppKeyClone      idp.EventType = "app.keys.clone"
	AppKeyRotate     idp.EventType = "app.keys.rotate"
	AppCSRGenerate   idp.EventType = "app.app_instance.csr.generate"
	AppCSRPublish    idp.EventType = "app.app_instance.csr.publish"
	AppCSRRevoke     idp.EventType = "app.app_instance.csr.revoke"
	SecretCreate     idp.EventType = "app.oauth2.credentials.lifecycle.create"
	SecretActivate   idp.EventType = "app.oauth2.credentials.lifecycle.activate"
	SecretDeactivate idp.EventType = "app.oauth2.credentials.lifecycle.deactivate"
	SecretDelete     idp.EventType = "app.oauth2.credentials.lifecycle.delete"
	OrgFactorOn      idp.EventType = "system.mfa.factor.activate"
	OrgFactorOff     idp.EventType = "system.mfa.factor.deactivate"

	LinkedObjectCreate idp.EventType = "directory.linked_object.create"
	LinkedObjectDelete idp.EventType = "directory.linked_object.delete"

	InlineHookCreate     idp.EventType = "inline_hook.created"
	InlineHookUpdate     idp.EventType = "inline_hook.updated"
	InlineHookDelete     idp.EventType = "inline_hook.deleted"
	InlineHookActivate   idp.EventType = "inline_hook.activated"
	InlineHookDeactivate idp.EventType = "inline_hook.deactivated"
	InlineHookExecuted   idp.EventType = "inline_hook.executed"
)

// settingsCatalogue describes every type above.
var settingsCatalogue = map[idp.EventType]Kind{
	PrimaryEmail:     {Message: "Update primary email address of user"},
	SecondaryEmail:   {Message: "Update secondary email address of user"},
	SchemaUpdate:     {Message: "Update universal directory user profile"},
	UserTypeCreate:   {Message: "Create non-default universal directory user profile"},
	AppSchemaUpdate:  {Message: "Update application user profile"},
	AppKeyGenerate:   {Message: "New signing key generated"},
	AppKeyClone:      {Message: "Application signing key cloned"},
	AppKeyRotate:     {Message: "Application signing key rotated"},
	AppCSRGenerate:   {Message: "Certificate signing request generated"},
	AppCSRPublish:    {Message: "Certificate signing request published"},
	AppCSRRevoke:     {Message: "Certificate signing request revoked"},
	SecretCreate:     {Message: "OAuth client credentials are created"},
	SecretActivate:   {Message: "OAuth client credentials are activated"},
	SecretDeactivate: {Message: "OAuth client credentials are deactivated"},
	SecretDelete:     {Message: "OAuth client credentials are deleted"},
	OrgFactorOn:      {Message: "Activate a new authentication factor"},
	OrgFactorOff:     {Message: "Deactivate MFA factor"},

	LinkedObjectCreate: {Message: "Linked object created"},
	LinkedObjectDelete: {Message: "Linked object deleted"},

	InlineHookCreate:     {Message: "Inline hook created"},
	InlineHookUpdate:     {Message: "Inline hook updated"},
	InlineHookDelete:     {Message: "Inline hook deleted"},
	InlineHookActivate:   {Message: "Inline hook activated"},
	InlineHookDeactivate: {Message: "Inline hook deactivated"},
	InlineHookExecuted:   {Message: "Inline hook executed"},
}
