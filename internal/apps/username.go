package apps

import (
	"time"

	"usher/internal/el"
	"usher/internal/idp"
	"usher/internal/store"
)

// namer makes the names of users at one application, from its template.
type namer struct {
	program *el.Program // nil where names do not follow from a template
	suffix  string
	app     map[string]any
	org     map[string]any
	shared  string
}

func newNamer(org *idp.Org, a *App) *namer {
	c := a.Details.Credentials
	n := &namer{
		suffix: c.Template.Suffix, shared: c.UserName,
		app: map[string]any{"id": a.ID, "name": a.Name, "label": a.Label},
		org: map[string]any{"id": org.ID, "name": org.Name, "subDomain": org.Subdomain, "externalKey": a.ExternalKey},
	}
	if c.Scheme == SchemeShared || c.Template.Type == templateNone {
		return n
	}
	// A template that was checked when it was stored parses again.
	if p, err := el.Parse(c.Template.Template, templateFeatures()); err == nil {
		n.program = p
	}
	return n
}

// name returns the user's name at the application, empty where the template
// gives none. groups is asked only when the template depends on them.
func (n *namer) name(u *idp.User, now time.Time, groups func() ([]el.Group, error)) (string, error) {
	if n.program == nil {
		return n.shared, nil
	}
	a, err := u.Attributes()
	if err != nil {
		return "", store.Failure("read profile", err)
	}
	scope := n.scope(a)
	scope.Time = now
	scope.Properties = map[string]any{"id": u.ID, "status": string(u.Status)}
	if n.program.Uses().Groups() {
		if scope.Member, err = groups(); err != nil {
			return "", err
		}
	}
	text, err := n.program.String(scope)
	if err != nil || text == "" {
		return "", nil //nolint:nilerr // a template that does not fit the user gives no name
	}
	return text + n.suffix, nil
}

// scope holds what a template can ask for. The user goes by several names.
func (n *namer) scope(a idp.Attributes) el.Scope {
	profile := make(map[string]any, len(a)+1)
	for k, v := range a {
		profile[k] = v
	}
	if _, set := profile["userName"]; !set {
		profile["userName"] = a.Text("login")
	}
	return el.Scope{Attributes: map[string]any{
		"user": profile, "source": profile, "idpuser": profile, "app": n.app, "org": n.org,
	}}
}

// groupsOf lists the groups of a user for expressions, the built-in one included.
func groupsOf(tx *store.Tx, org *idp.Org, userID string) ([]el.Group, error) {
	list, err := tx.GroupsOf(org.ID, userID)
	if err != nil {
		return nil, store.Failure("read groups", err)
	}
	out := []el.Group{{ID: org.Settings.EveryoneID, Name: idp.Everyone, Type: string(idp.GroupBuiltIn)}}
	for _, g := range list {
		out = append(out, el.Group{ID: g.ID, Name: g.Name, Type: string(g.Type)})
	}
	return out, nil
}
