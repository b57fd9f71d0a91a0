package scim_test

import (
	"errors"
	"strings"
	"testing"

	"usher/internal/scim"
)

// userSearch resembles the search of users: no ne, no not, times ordered, custom attributes open.
func userSearch() scim.Schema {
	ordered := scim.Ops(scim.Eq, scim.Gt, scim.Ge, scim.Lt, scim.Le)
	profile := scim.Attribute{Ops: ordered | scim.Ops(scim.Sw) | scim.Pr}
	return scim.Schema{
		Attributes: map[scim.Path]scim.Attribute{
			"id":          {Ops: scim.Ops(scim.Eq), Kinds: scim.Kinds(scim.String)},
			"lastUpdated": {Ops: ordered, Kinds: scim.Kinds(scim.String), Time: true},
			"activated":   {Ops: ordered, Time: true},
		},
		Open: func(p scim.Path) (scim.Attribute, bool) {
			return profile, strings.HasPrefix(string(p), "profile.")
		},
		Logic: scim.AllowAnd | scim.AllowOr,
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		text string
		want scim.CheckError // zero: allowed
	}{
		{`id eq "00u1" and (profile.x sw "a" or profile.y pr)`, scim.CheckError{}},
		{`profile.size gt 3 and profile.vip eq true and profile.z eq null`, scim.CheckError{}},
		{`lastUpdated gt "2024-01-01T00:00:00.000Z"`, scim.CheckError{}},
		{`activated eq null`, scim.CheckError{}},
		{`ID eq "00u1"`, scim.CheckError{Fault: scim.UnknownAttribute, Path: "ID"}},
		{`type.id pr`, scim.CheckError{Fault: scim.UnknownAttribute, Path: "type.id"}},
		{`id sw "00u1"`, scim.CheckError{Fault: scim.BadOperator, Path: "id", Op: "sw"}},
		{`id pr`, scim.CheckError{Fault: scim.BadOperator, Path: "id", Op: "pr"}},
		{`profile.x ne "a"`, scim.CheckError{Fault: scim.BadOperator, Path: "profile.x", Op: "ne"}},
		{`id eq 5`, scim.CheckError{Fault: scim.BadValue, Path: "id", Op: "eq"}},
		{`profile.x sw 5`, scim.CheckError{Fault: scim.BadValue, Path: "profile.x", Op: "sw"}},
		{`profile.x gt true`, scim.CheckError{Fault: scim.BadValue, Path: "profile.x", Op: "gt"}},
		{`profile.x lt null`, scim.CheckError{Fault: scim.BadValue, Path: "profile.x", Op: "lt"}},
		{`lastUpdated gt "yesterday"`, scim.CheckError{Fault: scim.BadDate, Path: "lastUpdated", Op: "gt"}},
		{`lastUpdated gt "2024-13-01T00:00:00Z"`, scim.CheckError{Fault: scim.BadDate, Path: "lastUpdated", Op: "gt"}},
		{`activated gt 5`, scim.CheckError{Fault: scim.BadDate, Path: "activated", Op: "gt"}},
		{`not (id eq "00u1")`, scim.CheckError{Fault: scim.BadLogic, Op: "not"}},
		{`id eq "a" and b pr or id ne "c"`, scim.CheckError{Fault: scim.UnknownAttribute, Path: "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			e, err := scim.Parse(tt.text, scim.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			err = scim.Check(e, userSearch())
			if tt.want == (scim.CheckError{}) {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			var ce *scim.CheckError
			if !errors.As(err, &ce) || *ce != tt.want {
				t.Fatalf("Check = %v, want %v", err, &tt.want)
			}
			if s := ce.Error(); !strings.Contains(s, string(tt.want.Path)) || !strings.Contains(s, tt.want.Op) {
				t.Errorf("error %q names neither attribute nor operator", s)
			}
		})
	}
}

func TestCheckLogic(t *testing.T) {
	// Applications take a single comparison only.
	single := scim.Schema{Attributes: map[scim.Path]scim.Attribute{"name": {Ops: scim.Ops(scim.Eq)}}}
	for text, op := range map[string]string{
		`name eq "a" and name eq "b"`: "and",
		`name eq "a" or name eq "b"`:  "or",
		`not (name eq "a")`:           "not",
	} {
		e, err := scim.Parse(text, scim.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var ce *scim.CheckError
		if err := scim.Check(e, single); !errors.As(err, &ce) || ce.Fault != scim.BadLogic || ce.Op != op {
			t.Errorf("Check(%s) = %v, want the word %s at fault", text, err, op)
		}
	}
}
