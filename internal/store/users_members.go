package store

import (
	"slices"
	"strings"

	"usher/internal/idp"
)

// MemberIDsOfAny lists the identifiers of up to limit users who belong to any of
// some groups, in their order and each once. It reads as many memberships a
// group.
func (tx *Tx) MemberIDsOfAny(orgID string, groupIDs []string, after string, limit int) ([]string, error) {
	var out []string
	err := chunks(len(groupIDs), func(from, to int) error {
		parts := make([]string, 0, to-from)
		for i := range to - from {
			g := holders(4+i, 1)
			parts = append(parts, "SELECT user_id FROM (SELECT DISTINCT user_id FROM memberships WHERE org_id = $1 AND group_id = "+g+
				" AND user_id > $2 ORDER BY user_id LIMIT $3) AS g"+g[1:])
		}
		ids, err := tx.texts(strings.Join(parts, " UNION ALL "), append([]any{orgID, after, limit}, anys(groupIDs[from:to])...)...)
		out = append(out, ids...)
		return err
	})
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), limit)], err
}

// LiveUsers returns those of some users who are not deprovisioned, by
// identifier.
func (tx *Tx) LiveUsers(orgID string, ids []string) ([]*idp.User, error) {
	var out []*idp.User
	err := chunks(len(ids), func(from, to int) error {
		users, err := tx.users(orgID, "id IN ("+holders(2, to-from)+") AND status <> 'DEPROVISIONED' ORDER BY id", anys(ids[from:to])...)
		out = append(out, users...)
		return err
	})
	return out, err
}
