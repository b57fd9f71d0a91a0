package openapi

import (
	"embed"
	"fmt"
)

//go:embed *.yaml
var documents embed.FS

// ID is an operation id, unique over all documents.
type ID string

// Auth says what a caller must present.
type Auth uint8

// What a caller must present; see the package comment.
const (
	AuthNone Auth = iota
	AuthToken
	AuthSessionOrToken
	AuthSession
)

// String returns the word used in the documents.
func (a Auth) String() string {
	switch a {
	case AuthNone:
		return "none"
	case AuthToken:
		return "token"
	case AuthSessionOrToken:
		return "session-or-token"
	case AuthSession:
		return "session"
	}
	return fmt.Sprintf("Auth(%d)", uint8(a))
}

// RoleSelf in Operation.Roles lets a user without an admin role call the operation on the own record.
const RoleSelf = "SELF"

// Names of the documents, for [Document] and Operation.Document.
const (
	DocumentManagement      = "management"
	DocumentAuthn           = "authn"
	DocumentIdX             = "idx"
	DocumentMyAccount       = "myaccount"
	DocumentOAuth2          = "oauth2"
	DocumentManagementExtra = "management-extra"
)

// Rate-limit buckets, each counted by organisation and minute.
const (
	BucketAuthn           = "authn"            // /api/v1/authn and below
	BucketAuthnVerify     = "authn.verify"     // /api/v1/authn/factors/{id}/verify
	BucketSessions        = "sessions"         // /api/v1/sessions and below
	BucketUsers           = "users"            // the collection /api/v1/users
	BucketUsersGet        = "users.get"        // GET /api/v1/users/{id}
	BucketUsersWrite      = "users.write"      // POST, PUT, DELETE /api/v1/users/{id}
	BucketGroups          = "groups"           // /api/v1/groups and below, one group excepted
	BucketGroupsID        = "groups.id"        // /api/v1/groups/{id}
	BucketApps            = "apps"             // /api/v1/apps and below, one application excepted
	BucketAppsID          = "apps.id"          // /api/v1/apps/{id}
	BucketLogs            = "logs"             // /api/v1/logs
	BucketAPI             = "api"              // everything else of the management interface
	BucketOAuth2          = "oauth2"           // /oauth2/v1
	BucketOAuth2Authorize = "oauth2.authorize" // authorize, of every server
	BucketOAuth2Token     = "oauth2.token"     // token, of every server
	BucketOAuth2Other     = "oauth2.other"     // the rest of the authorization servers
	BucketIdX             = "idx"              // /idp/idx and its browser addresses
	BucketMyAccount       = "myaccount"        // /idp/myaccount
)

// Buckets returns the names of all rate-limit buckets that operations count in.
func Buckets() []string {
	return []string{
		BucketAuthn, BucketAuthnVerify, BucketSessions, BucketUsers, BucketUsersGet, BucketUsersWrite,
		BucketGroups, BucketGroupsID, BucketApps, BucketAppsID, BucketLogs, BucketAPI,
		BucketOAuth2, BucketOAuth2Authorize, BucketOAuth2Token, BucketOAuth2Other, BucketIdX, BucketMyAccount,
	}
}

// Operation is one row of the operation table.
type Operation struct {
	ID       ID
	Method   string // upper case
	Path     string // with {name} for each path parameter
	Document string // one of the Document constants
	Tag      string
	Summary  string // one sentence; empty in management-extra
	Auth     Auth
	Roles    []string // standard admin roles besides SUPER_ADMIN, and SELF
	Scopes   []string // OAuth scopes, any one of which is enough
	Bucket   string   // one of the Bucket constants
	CORS     bool
	Success  []int   // documented 2xx and 3xx statuses, ascending
	Query    []Param // documented query parameters
}

// Param is a query parameter.
type Param struct {
	Name     string
	Type     string // string, integer, number, boolean or array
	Default  string // as written in the document; empty when there is none
	Required bool
}

// Operations returns the operation table in the order of the documents. The slice is shared: read it, do not change it.
func Operations() []Operation {
	return operations[:]
}

// DocumentNames returns the names of the documents in the order of the table.
func DocumentNames() []string {
	return []string{
		DocumentManagement, DocumentAuthn, DocumentIdX, DocumentMyAccount, DocumentOAuth2, DocumentManagementExtra,
	}
}

// Document returns the YAML text of a document by name, without the file ending.
func Document(name string) ([]byte, error) {
	text, err := documents.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("openapi: no document %q: %w", name, err)
	}
	return text, nil
}
