package management

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/openapi"
)

// Sizes of pages. (reference: pagination)
const (
	usersPage      = 200
	usersFound     = 10 // by q
	membersPage    = 1000
	userGroupsPage = "200"
)

func (a *API) mountUsers(r *httpkit.Router) {
	r.Op(openapi.ListUsers, a.listUsers)
	r.Op(openapi.CreateUser, a.createUser)
	r.Op(openapi.GetUser, a.getUser)
	r.Op(openapi.UpdateUser, a.replaceUser)
	r.Op(openapi.PartialUpdateUser, a.updateUser)
	r.Op(openapi.DeactivateOrDeleteUser, a.deleteUser)
	r.Op(openapi.ListUserGroups, a.listUserGroups)
	r.Op(openapi.EndAllUserSessions, a.endUserSessions)
	r.Op(openapi.EndCurrentUserSessions, a.endOwnSessions)
	r.Op(openapi.ListUserBlocks, a.listUserBlocks)
	r.Op(openapi.GetUserClassification, a.getUserClassification)
}

// user answers with one user.
func (a *API) user(r *httpkit.Request, u *idp.User) error {
	return r.Bytes(http.StatusOK, jsonType, appendUser(make([]byte, 0, 3*userSize), r.Org, u, responseOptions(r)))
}

// users answers with a list of users.
func (a *API) users(r *httpkit.Request, users []*idp.User) error {
	o, err := expandedUser(r)
	if err != nil {
		return err
	}
	o.inList = true
	return list(r, users, userSize, func(b []byte, u *idp.User) []byte { return appendUser(b, r.Org, u, o) })
}

// listUsers lists users who are not deprovisioned. With q it looks them up and
// does not page. (spec: management#listUsers)
func (a *API) listUsers(r *httpkit.Request) error {
	if err := gaps(r, openapi.ListUsers, "format"); err != nil {
		return err
	}
	search, filter, q := r.Q().Get("search"), r.Q().Get("filter"), r.Q().Get("q")
	switch {
	case filter != "" && (search != "" || q != ""), search != "" && q != "":
		return idp.Fail(idp.KindSearchAndFilter)
	case search != "":
		return a.searchUsers(r, search, false)
	case filter != "":
		return a.searchUsers(r, filter, true)
	case q != "":
		p, err := r.Page(usersFound, usersPage)
		if err != nil {
			return err
		}
		found, err := a.Directory.Lookup(r.Context(), r.Actor, q, p.Limit)
		if err != nil {
			return err
		}
		return a.users(r, found)
	}
	p, err := r.Page(usersPage, usersPage)
	if err != nil {
		return err
	}
	users, next, err := a.Directory.Users(r.Context(), r.Actor, p)
	if err != nil {
		return err
	}
	r.Links(next)
	return a.users(r, users)
}

// searchUsers lists the users whom an expression chooses, deprovisioned ones
// included. The order can be chosen with search alone.
func (a *API) searchUsers(r *httpkit.Request, text string, exact bool) error {
	p, err := r.Page(usersPage, usersPage)
	if err != nil {
		return err
	}
	s := directory.UserSearch{Text: text, Exact: exact, After: p.After, Limit: p.Limit}
	if !exact {
		s.SortBy = r.Q().Get("sortBy")
		switch order := r.Q().Get("sortOrder"); {
		case s.SortBy == "", order == "", strings.EqualFold(order, "asc"), order == "0":
		case strings.EqualFold(order, "desc"):
			s.Descending = true
		default:
			return &idp.Error{Kind: idp.KindBadSearch, Causes: []idp.Cause{{Field: "sortOrder", Text: "must be asc or desc"}}}
		}
	}
	users, next, err := a.Directory.SearchUsers(r.Context(), r.Actor, s)
	if err != nil {
		return err
	}
	r.Links(next)
	return a.users(r, users)
}

// createUser adds a user. (spec: management#createUser)
func (a *API) createUser(r *httpkit.Request) error {
	var body userBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	n := directory.NewUser{Profile: body.Profile, TypeID: body.typeID(), GroupIDs: body.GroupIDs}
	var err error
	if n.Activate, err = r.Bool("activate", true); err != nil {
		return err
	}
	foreign, err := r.Bool("provider", false)
	if err != nil {
		return err
	}
	switch next := r.Q().Get("nextLogin"); next {
	case "changePassword":
		n.ExpirePassword = true
	case "":
	default:
		return &idp.Error{Kind: idp.KindBadRequest, Object: "nextLogin"}
	}
	if n.Credentials, err = body.credentials(); err != nil {
		return err
	}
	if foreign {
		if n.Credentials.Provider, err = body.provider(); err != nil {
			return err
		}
	}
	u, err := a.Directory.CreateUser(r.Context(), r.Actor, n)
	if err != nil {
		return err
	}
	return a.user(r, u)
}

// getUser reads one user, with an ETag as the service gives here and nowhere
// else. (spec: management#getUser)
func (a *API) getUser(r *httpkit.Request) error {
	o, err := expandedUser(r)
	if err != nil {
		return err
	}
	u, err := a.Directory.User(r.Context(), r.Actor, userRef(r))
	if err != nil {
		return err
	}
	b := appendUser(make([]byte, 0, 3*userSize), r.Org, u, o)
	sum := sha256.Sum256(b)
	tag := make([]byte, 0, 72)
	tag = append(hex.AppendEncode(append(tag, `W/"`...), sum[:]), '"')
	r.W.Header()["Etag"] = []string{string(tag)}
	return r.Bytes(http.StatusOK, jsonType, b)
}

// expandedUser reads the caller's wishes about users: expand asks for blocks and
// classification. (spec: management#getUser)
func expandedUser(r *httpkit.Request) (userOptions, error) {
	o := responseOptions(r)
	for what := range strings.SplitSeq(r.Q().Get("expand"), ",") {
		switch strings.TrimSpace(what) {
		case "":
		case "blocks":
			o.blocks = true
		case "classification":
			o.classification = true
		default:
			return o, &idp.Error{Kind: idp.KindBadRequest, Object: "expand"}
		}
	}
	return o, nil
}

// listUserBlocks tells what keeps a user out. (spec: management#listUserBlocks)
func (a *API) listUserBlocks(r *httpkit.Request) error {
	u, err := a.Directory.User(r.Context(), r.Actor, userRef(r))
	if err != nil {
		return err
	}
	return r.Bytes(http.StatusOK, jsonType, appendBlocks(nil, u))
}

// getUserClassification tells of which sort a user is.
// (spec: management#getUserClassification)
func (a *API) getUserClassification(r *httpkit.Request) error {
	u, err := a.Directory.User(r.Context(), r.Actor, userRef(r))
	if err != nil {
		return err
	}
	return r.Bytes(http.StatusOK, jsonType, appendClassification(nil, u))
}

// replaceUser erases what the body does not name; a body without a profile
// changes credentials alone. (spec: management#updateUser)
func (a *API) replaceUser(r *httpkit.Request) error {
	return a.changeUser(r, true)
}

// updateUser changes what the body names. (spec: management#partialUpdateUser)
func (a *API) updateUser(r *httpkit.Request) error {
	return a.changeUser(r, false)
}

func (a *API) changeUser(r *httpkit.Request, replace bool) error {
	var body userBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	if replace && body.Profile == nil && body.Credentials == nil && body.Type == nil {
		return idp.Invalid("profile", idp.Cause{Field: "profile", Text: "The field cannot be left blank"})
	}
	strict, err := r.Bool("strict", false)
	if err != nil {
		return err
	}
	c := directory.UserChange{Profile: body.Profile, Replace: replace, TypeID: body.typeID(), Strict: strict}
	if c.Credentials, err = body.credentials(); err != nil {
		return err
	}
	u, err := a.Directory.UpdateUser(r.Context(), r.Actor, userRef(r), c)
	if err != nil {
		return err
	}
	return a.user(r, u)
}

// deleteUser deactivates, and deletes who is deactivated already.
// (spec: management#deactivateOrDeleteUser)
func (a *API) deleteUser(r *httpkit.Request) error {
	mail, err := r.Bool("sendEmail", false)
	if err != nil {
		return err
	}
	if err := a.Directory.Delete(r.Context(), r.Actor, userRef(r), mail); err != nil {
		return err
	}
	return r.NoContent()
}

// listUserGroups lists the groups of a user. The link to itself names the page
// size even when the request does not. (recorded answers)
func (a *API) listUserGroups(r *httpkit.Request) error {
	p, err := r.Page(usersPage, usersPage)
	if err != nil {
		return err
	}
	groups, err := a.Directory.GroupsOf(r.Context(), r.Actor, userRef(r))
	if err != nil {
		return err
	}
	groups, next := pageOf(groups, p)
	if r.Q().Get("limit") == "" {
		r.Q().Set("limit", userGroupsPage)
	}
	r.Links(next)
	return a.groups(r, groups)
}

// pageOf cuts a page out of all groups, which are sorted by identifier.
func pageOf(groups []*idp.Group, p idp.Page) ([]*idp.Group, string) {
	for len(groups) > 0 && groups[0].ID <= p.After {
		groups = groups[1:]
	}
	if len(groups) <= p.Limit {
		return groups, ""
	}
	return groups[:p.Limit], groups[p.Limit-1].ID
}

// endUserSessions signs a user out everywhere and, when asked to, ends what
// OAuth clients hold. (spec: management#endAllUserSessions)
func (a *API) endUserSessions(r *httpkit.Request) error {
	tokens, err := r.Bool("oauthTokens", false)
	if err != nil {
		return err
	}
	if err := a.Directory.SignOut(r.Context(), r.Actor, userRef(r), tokens); err != nil {
		return err
	}
	return r.NoContent()
}

// endOwnSessions signs the caller out everywhere, or everywhere else.
// (spec: management#endCurrentUserSessions)
func (a *API) endOwnSessions(r *httpkit.Request) error {
	var body struct {
		KeepCurrent bool `json:"keepCurrent"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	keep := ""
	if body.KeepCurrent {
		keep = r.Session.ID
	}
	if _, err := a.Sessions.SignOutAll(r.Context(), r.Actor, r.Actor.UserID, keep); err != nil {
		return err
	}
	if !body.KeepCurrent {
		r.ClearSession()
	}
	return r.Empty()
}
