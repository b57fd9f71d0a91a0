package idp

import "time"

// EventType names what happened; package eventlog holds the catalogue.
type EventType string

// Result is how it ended.
type Result string

// The results. (spec: management#getLogs, LogOutcome.result)
const (
	ResultSuccess   Result = "SUCCESS"
	ResultFailure   Result = "FAILURE"
	ResultSkipped   Result = "SKIPPED"
	ResultAllow     Result = "ALLOW"
	ResultDeny      Result = "DENY"
	ResultChallenge Result = "CHALLENGE"
)

// Event is one line of the system log, as it is recorded.
type Event struct {
	UUID      string // version 7: sorts by Published
	Published time.Time
	Type      EventType
	Result    Result
	Reason    string // empty for none
	Actor     EventActor
	Client    Client
	Targets   []Target
	// TransactionID is the request's id, or the job's.
	TransactionID string
	TokenID       string // the API token used, if any
	SessionID     string // the session concerned, if any
	// CredentialType and the following tell how the user proved who they are;
	// empty when the event is not about a proof.
	CredentialType string
	// AuthenticationProvider and CredentialProvider name what judged the proof and
	// whose credential it was. (spec: management LogAuthenticationContext)
	AuthenticationProvider, CredentialProvider string
	// Debug holds further facts by name, e.g. the trace of a policy decision.
	Debug map[string]string
	// Position is the place in the order of persistence, 0 until it is stamped.
	Position int64
}

// EventActor is who did it, as it was named at that time.
type EventActor struct {
	ID          string
	Type        string // User, SystemPrincipal, PublicClientApp
	AlternateID string
	DisplayName string
}

// Target is what it was done to, as it was named at that time.
type Target struct {
	ID          string
	Type        string // User, UserGroup, AppInstance, PolicyEntity, PolicyRule ...
	AlternateID string
	DisplayName string
}

// UserTarget names a user as a target.
func UserTarget(u *User) Target {
	return Target{ID: u.ID, Type: "User", AlternateID: u.Login, DisplayName: u.DisplayName()}
}

// GroupTarget names a group as a target.
func GroupTarget(g *Group) Target {
	return Target{ID: g.ID, Type: "UserGroup", AlternateID: "unknown", DisplayName: g.Name}
}
