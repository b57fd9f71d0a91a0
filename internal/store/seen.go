package store

import (
	"slices"
	"strings"

	"usher/internal/idp"
)

// seen is what a transaction has read and would read alike again, because it
// looks at one state of the data and has written nothing of it since. Each read
// that it spares is a round trip to PostgreSQL. What it gives is a copy. All
// methods may be called on nil, which keeps nothing.
type seen struct {
	user *idp.User
	// groups are those of a user of an organisation.
	groups *seenGroups
	// credential was read with a user's standing.
	credential *Credential
	factors    *seenFactors
	// authenticators are what an organisation has said.
	authenticators *seenAuthenticators
}

type seenGroups struct {
	orgID, userID string
	ids           []string
}

type seenFactors struct {
	orgID, userID string
	list          []Factor
}

type seenAuthenticators struct {
	orgID string
	list  []AuthenticatorState
}

// drop forgets what a statement may change.
func (s *seen) drop(query string) {
	if s != nil && !aside(query) {
		*s = seen{}
	}
}

// ran is drop where a query that returns rows may write, too.
func (s *seen) ran(query string) {
	if s != nil && !strings.HasPrefix(query, "SELECT ") {
		s.drop(query)
	}
}

// aside tells whether a statement writes a table of which nothing is kept, and on
// which nothing that is kept hangs: those that a sign-in writes all the time.
func aside(query string) bool {
	for _, verb := range []string{"INSERT INTO ", "UPDATE ", "DELETE FROM "} {
		if rest, ok := strings.CutPrefix(query, verb); ok {
			table, _, _ := strings.Cut(rest, " ")
			switch table {
			case "events", "decisions", "transactions", "sessions", "session_tokens", "sign_in_sources", "factor_counts", "factor_challenges",
				"outbox", "rate_counts", "oauth_tickets", "oauth_refresh", "oauth_spent":
				return true
			}
		}
	}
	return false
}

// userOf returns a copy of a user, if the user is known.
func (s *seen) userOf(orgID, id string) (*idp.User, bool) {
	if s == nil || s.user == nil || s.user.ID != id || s.user.OrgID != orgID {
		return nil, false
	}
	u := *s.user
	return &u, true
}

func (s *seen) keepUser(u *idp.User) {
	if s != nil {
		kept := *u
		s.user = &kept
	}
}

// groupsOf returns a copy of the groups of a user, if they are known.
func (s *seen) groupsOf(orgID, userID string) ([]string, bool) {
	if s == nil || s.groups == nil || s.groups.userID != userID || s.groups.orgID != orgID {
		return nil, false
	}
	return slices.Clone(s.groups.ids), true
}

func (s *seen) keepGroups(orgID, userID string, groups []string) {
	if s != nil {
		s.groups = &seenGroups{orgID, userID, slices.Clone(groups)}
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

// factorsOf returns a copy of the factors of a user, if they are known.
func (s *seen) factorsOf(orgID, userID string) ([]Factor, bool) {
	if s == nil || s.factors == nil || s.factors.userID != userID || s.factors.orgID != orgID {
		return nil, false
	}
	return slices.Clone(s.factors.list), true
}

func (s *seen) keepFactors(orgID, userID string, list []Factor) {
	if s != nil {
		s.factors = &seenFactors{orgID, userID, slices.Clone(list)}
	}
}

// authenticatorsOf returns a copy of what an organisation has said, if it is known.
func (s *seen) authenticatorsOf(orgID string) ([]AuthenticatorState, bool) {
	if s == nil || s.authenticators == nil || s.authenticators.orgID != orgID {
		return nil, false
	}
	return slices.Clone(s.authenticators.list), true
}

func (s *seen) keepAuthenticators(orgID string, list []AuthenticatorState) {
	if s != nil {
		s.authenticators = &seenAuthenticators{orgID, slices.Clone(list)}
	}
}
