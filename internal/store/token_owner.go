package store

import (
	"database/sql"
	"slices"
	"strings"

	"usher/internal/idp"
)

// TokenOwner is an API token with what it lets its bearer do.
type TokenOwner struct {
	Token APIToken
	User  idp.User
	// Roles are those that the user holds itself or by a group.
	Roles []idp.RoleType
}

// heldRoles selects, beside a user u, the types of the roles that the user holds
// itself or by a group, parted by commas; some may stand there twice.
const heldRoles = `(SELECT string_agg(h.type, ',') FROM (
  SELECT type FROM roles WHERE org_id = u.org_id AND principal_id = u.id
  UNION ALL SELECT r.type FROM memberships m JOIN roles r ON r.org_id = m.org_id AND r.principal_id = m.group_id
  WHERE m.org_id = u.org_id AND m.user_id = u.id) h)`

// roleTypes reads what heldRoles selects.
func roleTypes(text sql.NullString) []idp.RoleType {
	var out []idp.RoleType
	for t := range strings.SplitSeq(text.String, ",") {
		if t != "" && !slices.Contains(out, idp.RoleType(t)) {
			out = append(out, idp.RoleType(t))
		}
	}
	return out
}

// APITokenOwner returns the token under this hash, its user and the user's
// roles in one read: every management request begins with it.
func (tx *Tx) APITokenOwner(orgID string, hash []byte) (*TokenOwner, error) {
	var o TokenOwner
	return &o, tx.first(func(s scan) error {
		var created, used int64
		var roles sql.NullString
		if err := scanUser(orgID, &o.User, &o.Token.ID, &o.Token.Name, &created, &used, &roles)(s); err != nil {
			return err
		}
		o.Token.OrgID, o.Token.UserID, o.Token.Created, o.Token.LastUsed = orgID, o.User.ID, at(created), at(used)
		o.Roles = roleTypes(roles)
		return nil
	}, "SELECT "+qualifiedUserColumns+", t.id, t.name, t.created, t.last_used, "+heldRoles+`
 FROM api_tokens t JOIN users u ON u.org_id = t.org_id AND u.id = t.user_id
 WHERE t.org_id = $1 AND t.hash = $2`, orgID, hash)
}

// DeleteAPITokensOf revokes all tokens of a user and returns them.
func (tx *Tx) DeleteAPITokensOf(orgID, userID string) ([]APIToken, error) {
	tokens, err := tx.APITokensOf(orgID, userID)
	if err != nil || len(tokens) == 0 {
		return nil, err
	}
	_, err = tx.exec("DELETE FROM api_tokens WHERE org_id = $1 AND user_id = $2", orgID, userID)
	return tokens, err
}
