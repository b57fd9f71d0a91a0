package store

// UserCond is a condition on users: AllOf, AnyOf, TextIs, TimeIn, AttributeIs,
// AttributePresent, ProfileHas or MemberOf.
type UserCond interface{ userCond() }

// AllOf holds where every term holds.
type AllOf []UserCond

// AnyOf holds where any term holds.
type AnyOf []UserCond

// UserColumn is a column of users that conditions and orders may name.
type UserColumn string

// The columns. Those of texts hold folded keys but for the first three.
const (
	UserID            UserColumn = "id"
	UserStatus        UserColumn = "status"
	UserType          UserColumn = "type_id"
	UserLogin         UserColumn = "login_key"
	UserEmail         UserColumn = "email_key"
	UserFirst         UserColumn = "first_key"
	UserLast          UserColumn = "last_key"
	UserCreated       UserColumn = "created"
	UserActivated     UserColumn = "activated"
	UserStatusChanged UserColumn = "status_changed"
	UserLastUpdated   UserColumn = "last_updated"
)

// timed tells whether a column holds instants.
func (c UserColumn) timed() bool {
	switch c {
	case UserCreated, UserActivated, UserStatusChanged, UserLastUpdated:
		return true
	case UserID, UserStatus, UserType, UserLogin, UserEmail, UserFirst, UserLast:
	}
	return false
}

// TextOp compares texts by their bytes.
type TextOp uint8

// The comparisons.
const (
	Equal TextOp = iota
	Greater
	GreaterOrEqual
	Less
	LessOrEqual
	StartsWith
	EndsWith
	Contains
)

// TextIs compares a column of texts.
type TextIs struct {
	Column UserColumn
	Op     TextOp
	Value  string
}

// TimeIn holds for instants that are set, from From (inclusive) until Until
// (exclusive), in Unix milliseconds. Zero leaves a side open.
type TimeIn struct {
	Column      UserColumn
	From, Until int64
}

// AttributeIs compares the values of a profile attribute; it holds when it
// holds of any. Kind is the first byte of the keys to look at.
type AttributeIs struct {
	Name  string
	Op    TextOp
	Kind  byte
	Value string // behind the kind
}

// AttributePresent holds where an attribute has a value that is neither an empty
// text (the key "s") nor an empty list ("e").
type AttributePresent struct{ Name string }

// ProfileHas holds where the canonical text of the profile has this part, in
// the same letter case.
type ProfileHas struct{ Part string }

// MemberOf holds for the members of any of the groups; of none, for nobody.
type MemberOf struct{ GroupIDs []string }

func (MemberOf) userCond()         {}
func (AllOf) userCond()            {}
func (AnyOf) userCond()            {}
func (TextIs) userCond()           {}
func (TimeIn) userCond()           {}
func (AttributeIs) userCond()      {}
func (AttributePresent) userCond() {}
func (ProfileHas) userCond()       {}
