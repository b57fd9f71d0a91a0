package management

import (
	"context"
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/factor"
	"usher/internal/idp"
	"usher/internal/roles"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/openapi"
)

// API is the management interface. All members are required.
type API struct {
	Directory *directory.Service
	Sessions  *session.Service
	Engine    *signin.Engine
	Roles     *roles.Service
	Factors   *factor.Enrolments
	Clock     env.Clock
	// OrgChanged is told after an organisation has changed.
	OrgChanged func()
	// RolesChanged is told after roles have changed.
	RolesChanged func()
	// Events reads the system log.
	Events func(ctx context.Context, org *idp.Org, q eventlog.Query) ([]idp.Event, error)
}

// Mount registers the operations that are built.
func (a *API) Mount(r *httpkit.Router) {
	a.mountUsers(r)
	a.mountLifecycle(r)
	a.mountCredentials(r)
	a.mountRoles(r)
	a.mountSchemas(r)
	a.mountFactors(r)
	a.mountGroups(r)
	a.mountSessions(r)
	r.Op(openapi.GetLogs, a.getLogs)
	r.Op(openapi.GetWellknownOrgMetadata, a.getOrganization)
	a.mountOrg(r)
	a.mountImages(r)
	a.mountLinkedObjects(r)
}

// gap answers that an operation does not do yet what this parameter asks for.
func gap(r *httpkit.Request, op openapi.ID, parameter string) error {
	r.W.Header().Set(httpkit.GapHeader, string(op))
	return httpkit.Status(http.StatusNotImplemented, "E0000060", "Unsupported operation.",
		"Usher does not have the parameter "+parameter+" of the operation "+string(op)+" yet.")
}

// gaps is gap for the first of the parameters that the query holds.
func gaps(r *httpkit.Request, op openapi.ID, parameters ...string) error {
	for _, p := range parameters {
		if r.Q().Get(p) != "" {
			return gap(r, op, p)
		}
	}
	return nil
}

// userRef is the user that the path names; "me" is the caller.
func userRef(r *httpkit.Request) string {
	if id := r.Param("userId"); id != "me" || r.Actor.Kind != idp.ActorUser {
		return id
	}
	return r.Actor.UserID
}

// jsonType is the media type of every answer.
const jsonType = "application/json"

// list answers with an array of what each appends.
func list[T any](r *httpkit.Request, items []T, size int, each func([]byte, T) []byte) error {
	b := make([]byte, 0, 2+len(items)*size)
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = each(b, item)
	}
	return r.Bytes(http.StatusOK, jsonType, append(b, ']'))
}

// responseOptions reads the caller's wishes about the answer from the media
// type: application/json; okta-response=omitCredentials,omitCredentialsLinks
// (reference: HTTP details). Unknown ones are left aside.
func responseOptions(r *httpkit.Request) (o userOptions) {
	for parameter := range strings.SplitSeq(r.Header.Get("Content-Type"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if !strings.EqualFold(strings.TrimSpace(name), "okta-response") {
			continue
		}
		for option := range strings.SplitSeq(strings.Trim(strings.TrimSpace(value), `"`), ",") {
			switch strings.TrimSpace(option) {
			case "omitCredentials":
				o.noCredentials = true
			case "omitCredentialsLinks":
				o.noCredentialLinks = true
			}
		}
	}
	return o
}
