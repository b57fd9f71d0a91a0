package eventlog

import "usher/internal/idp"

// The event types about authorization servers, clients and what they were
// granted. (spec: management#getLogs)
const (
	ServerCreate       idp.EventType = "oauth2.as.created"
	ServerUpdate       idp.EventType = "oauth2.as.updated"
	ServerDelete       idp.EventType = "oauth2.as.deleted"
	ServerActivate     idp.EventType = "oauth2.as.activated"
	ServerDeactivate   idp.EventType = "oauth2.as.deactivated"
	ScopeCreate        idp.EventType = "oauth2.scope.created"
	ScopeUpdate        idp.EventType = "oauth2.scope.updated"
	ScopeDelete        idp.EventType = "oauth2.scope.deleted"
	ClaimCreate        idp.EventType = "oauth2.claim.created"
	ClaimUpdate        idp.EventType = "oauth2.claim.updated"
	ClaimDelete        idp.EventType = "oauth2.claim.deleted"
	KeyRollover        idp.EventType = "app.oauth2.as.key.rollover"
	ConsentGrant       idp.EventType = "app.oauth2.as.consent.grant"
	ConsentRevoke      idp.EventType = "app.oauth2.as.consent.revoke"
	ConsentRevokeUser  idp.EventType = "app.oauth2.as.consent.revoke.user"
	ConsentRevokePair  idp.EventType = "app.oauth2.as.consent.revoke.user.client"
	AdminConsentGrant  idp.EventType = "app.oauth2.admin.consent.grant"
	AdminConsentRevoke idp.EventType = "app.oauth2.admin.consent.revoke"
	TokenRevoke        idp.EventType = "app.oauth2.as.token.revoke"
)

// oauthCatalogue describes every type above.
var oauthCatalogue = map[idp.EventType]Kind{
	ServerCreate:       {Message: "OAuth2 authorization server is created", Legacy: "api.oauth2.as.created"},
	ServerUpdate:       {Message: "OAuth2 authorization server is updated", Legacy: "api.oauth2.as.updated"},
	ServerDelete:       {Message: "OAuth2 authorization server is deleted", Legacy: "api.oauth2.as.deleted"},
	ServerActivate:     {Message: "OAuth2 authorization server is activated", Legacy: "api.oauth2.as.activated"},
	ServerDeactivate:   {Message: "OAuth2 authorization server is deactivated", Legacy: "api.oauth2.as.deactivated"},
	ScopeCreate:        {Message: "OAuth2 scope is created", Legacy: "api.oauth2.scope.created"},
	ScopeUpdate:        {Message: "OAuth2 scope is updated", Legacy: "api.oauth2.scope.updated"},
	ScopeDelete:        {Message: "OAuth2 scope is deleted", Legacy: "api.oauth2.scope.deleted"},
	ClaimCreate:        {Message: "OAuth2 claim is created", Legacy: "api.oauth2.claim.created"},
	ClaimUpdate:        {Message: "OAuth2 claim is updated", Legacy: "api.oauth2.claim.updated"},
	ClaimDelete:        {Message: "OAuth2 claim is deleted", Legacy: "api.oauth2.claim.deleted"},
	KeyRollover:        {Message: "Authorization server key rollover"},
	ConsentGrant:       {Message: "User granted consent to app", Legacy: "app.oauth2.as.consent.grant_success"},
	ConsentRevoke:      {Message: "User's consent to app was revoked", Legacy: "app.oauth2.as.consent.revoke_success"},
	ConsentRevokeUser:  {Message: "All of a user's consents were revoked", Legacy: "app.oauth2.as.consent.revoke.user_success"},
	ConsentRevokePair:  {Message: "All of a user's consents to an app were revoked", Legacy: "app.oauth2.as.consent.revoke.user.client_success"},
	AdminConsentGrant:  {Message: "Administrator granted a scope to an app"},
	AdminConsentRevoke: {Message: "Administrator revoked a scope of an app"},
	TokenRevoke:        {Message: "OAuth2 token is revoked", Legacy: "app.oauth2.as.token.revoke_success"},
}
