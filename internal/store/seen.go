package store

import (
	"bytes"
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
	// login is whose a folded login is.
	login *seenLogin
	// groups are those of a user of an organisation.
	groups *seenGroups
	// credential was read with a user's standing.
	credential *Credential
	standing   *seenStanding
	factors    *seenFactors
	counts     *seenCounts
	// authenticators are what an organisation has said.
	authenticators *seenAuthenticators
	// challenges are those of a factor that were listed last.
	challenges *seenChallenges
	// app is what an application has to do with a user.
	app *seenApp
	// ticket was read last.
	ticket *OAuthTicket
	// rows are the versions of rows that were read, 0 for none.
	rows map[seenRow]int64
}

// seenRow names a row of a table.
type seenRow struct{ table, orgID, key string }

type seenChallenges struct {
	orgID, userID, factorID string
	limit                   int
	list                    []Challenge
}

type seenApp struct {
	orgID, appID, userID string
	groups               []idp.AppGroup
	user                 *idp.AppUser // nil for none
	paths                []AppPath
}

type seenLogin struct {
	orgID, key string
	user       *idp.User // nil where it is nobody's
}

type seenStanding struct {
	orgID, userID, source string
	standing              Standing
	none                  bool // the user has no credential
}

type seenCounts struct {
	orgID, userID string
	of            map[string]factorCounts // by factor; one that is not here has none
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
	if s == nil {
		return
	}
	verb, table := written(query)
	switch table {
	case "events", "decisions", "sessions", "session_tokens", "outbox", "rate_counts", "oauth_spent":
		// Nothing that is kept hangs on these, which sign-ins write all the time.
	case "transactions", "oauth_refresh":
		s.dropRows(table)
	case "factor_challenges":
		s.challenges = nil
		s.dropRows(table)
	case "oauth_tickets":
		s.ticket = nil
	case "sign_in_sources":
		s.standing = nil
	case "factor_counts":
		s.counts = nil
	default:
		ticket, rows := s.ticket, s.rows
		*s = seen{}
		if verb == inserting || verb == updating {
			s.ticket, s.rows = ticket, rows // which go with nothing but what is deleted
		}
	}
}

func (s *seen) dropRows(table string) {
	for row := range s.rows {
		if row.table == table {
			delete(s.rows, row)
		}
	}
}

// The verbs of statements that write.
const (
	inserting = "INSERT INTO "
	updating  = "UPDATE "
	deleting  = "DELETE FROM "
)

// written tells what a statement does to which table; nothing where that is not
// plain.
func written(query string) (verb, table string) {
	for _, verb := range []string{inserting, updating, deleting} {
		if rest, ok := strings.CutPrefix(query, verb); ok {
			table, _, _ := strings.Cut(rest, " ")
			return verb, table
		}
	}
	return "", ""
}

// ran is drop where a query that returns rows may write, too.
func (s *seen) ran(query string) {
	if s != nil && !strings.HasPrefix(query, "SELECT ") {
		s.drop(query)
	}
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

// loginOf returns a copy of the user whose a folded login is, if that is known; nil
// where it is nobody's.
func (s *seen) loginOf(orgID, key string) (*idp.User, bool) {
	if s == nil || s.login == nil || s.login.key != key || s.login.orgID != orgID {
		return nil, false
	}
	if s.login.user == nil {
		return nil, true
	}
	u := *s.login.user
	return &u, true
}

// keepLogin keeps whose a login is: u is nil where it is nobody's.
func (s *seen) keepLogin(orgID, key string, u *idp.User) {
	if s == nil {
		return
	}
	s.login = &seenLogin{orgID: orgID, key: key}
	if u != nil {
		kept := *u
		s.login.user = &kept
		s.keepUser(u)
	}
}

// standingOf returns a user's standing at a source, if it is known; none tells that
// the user has no credential.
func (s *seen) standingOf(orgID, userID, source string) (standing Standing, none, ok bool) {
	if s == nil || s.standing == nil || s.standing.userID != userID || s.standing.source != source || s.standing.orgID != orgID {
		return Standing{}, false, false
	}
	return s.standing.standing, s.standing.none, true
}

func (s *seen) keepStanding(kept seenStanding) {
	if s != nil {
		s.standing = &kept
	}
}

// countsOf returns the counts of a user's factor, if they are known.
func (s *seen) countsOf(orgID, userID, factorID string) (factorCounts, bool) {
	if s == nil || s.counts == nil || s.counts.userID != userID || s.counts.orgID != orgID {
		return factorCounts{}, false
	}
	return s.counts.of[factorID], true
}

func (s *seen) keepCounts(kept seenCounts) {
	if s != nil {
		s.counts = &kept
	}
}

// versionOf returns the version of a row, 0 for none, if it is known.
func (s *seen) versionOf(row seenRow) (int64, bool) {
	if s == nil {
		return 0, false
	}
	version, ok := s.rows[row]
	return version, ok
}

func (s *seen) keepVersion(row seenRow, version int64) {
	if s == nil {
		return
	}
	if s.rows == nil {
		s.rows = map[seenRow]int64{}
	}
	s.rows[row] = version
}

// appOf returns what an application has to do with a user, if that is known.
func (s *seen) appOf(orgID, appID, userID string) (seenApp, bool) {
	if s == nil || s.app == nil || s.app.appID != appID || s.app.userID != userID || s.app.orgID != orgID {
		return seenApp{}, false
	}
	return *s.app, true
}

// ticketOf returns a copy of the ticket that was read last, if it is this one.
func (s *seen) ticketOf(orgID, kind string, hash []byte) (*OAuthTicket, bool) {
	if s == nil || s.ticket == nil || s.ticket.Kind != kind || s.ticket.OrgID != orgID || !bytes.Equal(s.ticket.Hash, hash) {
		return nil, false
	}
	t := *s.ticket
	return &t, true
}

func (s *seen) keepTicket(t *OAuthTicket) {
	if s != nil {
		kept := *t
		s.ticket = &kept
	}
}

// challengesOf returns a copy of the challenges of a factor, if so many were listed.
func (s *seen) challengesOf(orgID, userID, factorID string, limit int) ([]Challenge, bool) {
	c := (*seenChallenges)(nil)
	if s != nil {
		c = s.challenges
	}
	if c == nil || c.limit != limit || c.factorID != factorID || c.userID != userID || c.orgID != orgID {
		return nil, false
	}
	return slices.Clone(c.list), true
}

// challenge returns a copy of a challenge that was listed.
func (s *seen) challenge(orgID, id string) (*Challenge, bool) {
	if s == nil || s.challenges == nil || s.challenges.orgID != orgID {
		return nil, false
	}
	for _, c := range s.challenges.list {
		if c.ID == id {
			return &c, true
		}
	}
	return nil, false
}

func (s *seen) keepChallenges(kept seenChallenges) {
	if s == nil {
		return
	}
	kept.list = slices.Clone(kept.list)
	s.challenges = &kept
	for i := range kept.list {
		s.keepVersion(kept.list[i].row(), kept.list[i].Version)
	}
}
