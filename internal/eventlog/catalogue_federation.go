package eventlog

import "usher/internal/idp"

// The event types about identity providers. (spec: management#getLogs)
const (
	IDPCreate     idp.EventType = "system.idp.lifecycle.create"
	IDPUpdate     idp.EventType = "system.idp.lifecycle.update"
	IDPDelete     idp.EventType = "system.idp.lifecycle.delete"
	IDPActivate   idp.EventType = "system.idp.lifecycle.activate"
	IDPDeactivate idp.EventType = "system.idp.lifecycle.deactivate"
	IDPKeyCreate  idp.EventType = "system.idp.key.create"
	IDPKeyDelete  idp.EventType = "system.idp.key.delete"
	AuthViaSAML   idp.EventType = "user.authentication.auth_via_inbound_SAML"
)

// federationCatalogue describes every type above.
var federationCatalogue = map[idp.EventType]Kind{
	IDPCreate:     {Message: "Create Identity Provider"},
	IDPUpdate:     {Message: "Update Identity Provider"},
	IDPDelete:     {Message: "Delete Identity Provider"},
	IDPActivate:   {Message: "Activate Identity Provider"},
	IDPDeactivate: {Message: "Deactivate Identity Provider"},
	IDPKeyCreate:  {Message: "Create Identity Provider key"},
	IDPKeyDelete:  {Message: "Delete Identity Provider key"},
	AuthViaSAML:   {Message: "Authenticate user via inbound SAML"},
}
