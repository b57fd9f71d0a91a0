package store

import (
	"slices"
	"strings"
)

// seen is what a transaction has read and would read alike again,
// because it looks at one state of the data and has written nothing since. Each
// read that it spares is a round trip to PostgreSQL. All methods may be called
// on nil, which keeps nothing.
type seen struct {
	// groups are those of a user of an organisation.
	orgID, userID string
	groups        []string
	// credential was read with a user's standing.
	credential *Credential
}

// drop forgets everything: something is being written.
func (s *seen) drop() {
	if s != nil {
		*s = seen{}
	}
}

// ran is drop where a query that returns rows writes, too.
func (s *seen) ran(query string) {
	if s != nil && !strings.HasPrefix(query, "SELECT ") {
		s.drop()
	}
}

// groupsOf returns a copy of the groups of a user, if they are known.
func (s *seen) groupsOf(orgID, userID string) ([]string, bool) {
	if s == nil || s.userID == "" || s.userID != userID || s.orgID != orgID {
		return nil, false
	}
	return slices.Clone(s.groups), true
}

func (s *seen) keepGroups(orgID, userID string, groups []string) {
	if s != nil {
		s.orgID, s.userID, s.groups = orgID, userID, slices.Clone(groups)
	}
}

// credentialOf returns a copy of a user's credential, if it is known.
func (s *seen) credentialOf(orgID, userID string) (*Credential, bool) {
	if s == nil || s.credential == nil || s.credential.UserID != userID || s.credential.OrgID != orgID {
		return nil, false
	}
	c := *s.credential
	c.History = slices.Clone(c.History)
	return &c, true
}

func (s *seen) keepCredential(c *Credential) {
	if s != nil {
		s.credential = c
	}
}
