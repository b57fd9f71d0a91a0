package directory_test

import (
	"fmt"
	"strings"
	"testing"

	"usher/internal/directory"
	"usher/internal/idp"
)

func (w *world) define(t *testing.T, c directory.SchemaChange) *directory.Schema {
	t.Helper()
	s, err := w.ChangeUserSchema(t.Context(), w.admin, "", c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func custom(name string, a directory.Attribute) directory.SchemaChange {
	return directory.SchemaChange{Custom: map[string]*directory.Attribute{name: &a}}
}

// enriched adds an attribute of every kind.
func (w *world) enriched(t *testing.T) {
	t.Helper()
	for name, a := range map[string]directory.Attribute{
		"badge":  {Type: directory.TypeString, Min: 2, Max: 5, Pattern: "[A-Z]+[0-9]*", Unique: true},
		"size":   {Type: directory.TypeString, Choices: []directory.Choice{{Value: "S"}, {Value: "L", Title: "Large"}}},
		"level":  {Type: directory.TypeInteger},
		"score":  {Type: directory.TypeNumber},
		"remote": {Type: directory.TypeBoolean},
		"tags":   {Type: directory.TypeArray, Items: directory.TypeString, Max: 5},
		"rooms":  {Type: directory.TypeArray, Items: directory.TypeInteger},
		"fixed":  {Type: directory.TypeString, Mutability: directory.ReadOnly},
	} {
		w.define(t, custom(name, a))
	}
}

// TestANewUserIsJudgedByTheSchemaOfAllNodes: a node that remembers an older
// schema notices when it writes.
func TestANewUserIsJudgedByTheSchemaOfAllNodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := &directory.Service{
			Store: w.Store, Log: w.Log, IDs: w.IDs, Clock: w.Clock, Rand: w.Rand,
			Credentials: w.Credentials, Outbox: w.Outbox, PasswordPolicy: w.PasswordPolicy,
		}
		for i, c := range []struct {
			length int
			ok     bool
		}{{4, true}, {3, false}, {5, true}} {
			change := custom("badge", directory.Attribute{Type: directory.TypeString, Max: c.length})
			if _, err := other.ChangeUserSchema(t.Context(), w.admin, "", change); err != nil {
				t.Fatal(err)
			}
			p := person(fmt.Sprintf("badge%d@example.com", i))
			p["badge"] = "ABCD"
			if _, err := w.CreateUser(t.Context(), w.admin, directory.NewUser{Profile: p}); (err == nil) != c.ok {
				t.Errorf("badges of up to %d: %v", c.length, err)
			}
		}
	})
}

func TestCustomAttributes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enriched(t)
		with := func(login, name string, v any) error {
			p := person(login)
			p[name] = v
			_, err := w.CreateUser(t.Context(), w.admin, directory.NewUser{Profile: p})
			return err
		}
		for _, c := range []struct {
			name string
			v    any
			want string // a part of the fault, "" for none
		}{
			{"badge", "A1", ""},
			{"badge", "a1", "pattern"},
			{"badge", "A", "too short"},
			{"badge", "ABCDEF", "too long"},
			{"badge", "1A", "pattern"},
			{"badge", 5.0, "must be a string"},
			{"size", "L", ""},
			{"size", "M", "not one of"},
			{"level", 7.0, ""},
			{"level", 7.5, "must be an integer"},
			{"level", "7", "must be an integer"},
			{"level", 1e300, "must be an integer"},
			{"score", -7.25, ""},
			{"score", true, "must be a number"},
			{"remote", true, ""},
			{"remote", "true", "must be a boolean"},
			{"tags", []any{"a", "B"}, ""},
			{"tags", []any{"a", 1.0}, "must be a string"},
			{"tags", []any{"abcdef"}, "too long"},
			{"tags", "a", "must be an array"},
			{"tags", []any{}, ""},
			{"rooms", []any{1.0, 2.0}, ""},
			{"rooms", []any{map[string]any{}}, "must be an integer"},
			{"nothing", "x", "not defined in profile"},
		} {
			login := strings.ToLower(c.name) + string(rune('a'+len(c.want)%26)) + "@example.com"
			err := with(login, c.name, c.v)
			if c.want == "" && err != nil || c.want != "" && (idp.KindOf(err) != idp.KindInvalid || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%s %v: %v, want %q", c.name, c.v, err, c.want)
			}
			if err == nil {
				if err := w.Deactivate(t.Context(), w.admin, login, false); err != nil {
					t.Fatal(err)
				}
				if c.name != "badge" {
					if err := w.Delete(t.Context(), w.admin, login, false); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if err := with("second@example.com", "badge", "A1"); idp.KindOf(err) != idp.KindInvalid || !strings.Contains(err.Error(), "badge: An object with this field already exists") {
			t.Error(err)
		}
		if err := w.Delete(t.Context(), w.admin, "badgea@example.com", false); err != nil {
			t.Fatal(err)
		}
		if err := with("second@example.com", "badge", "A1"); err != nil {
			t.Errorf("a value that was given up: %v", err)
		}
	})
}

func TestCustomProfiles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.define(t, custom("level", directory.Attribute{Type: directory.TypeInteger}))
		w.define(t, custom("tags", directory.Attribute{Type: directory.TypeArray, Items: directory.TypeString}))
		w.define(t, custom("score", directory.Attribute{Type: directory.TypeNumber}))
		p := person("a@example.com")
		p["level"], p["tags"], p["score"] = 9007199254740991.0, []any{"x", `y"z`}, 0.5
		u := w.add(t, directory.NewUser{Profile: p})
		want := `{"firstName":"Isaac","lastName":"Brock","mobilePhone":null,"secondEmail":null,"login":"a@example.com","email":"a@example.com",` +
			`"level":9007199254740991,"tags":["x","y\"z"],"score":0.5}`
		if string(u.Profile) != want {
			t.Errorf("%s", u.Profile)
		}
		for _, c := range []struct {
			search string
			found  bool
		}{
			{"profile.level eq 9007199254740991", true},
			{"profile.level gt 10", true},
			{"profile.level lt -1", false},
			{"profile.score gt -3 and profile.score le 0.5", true},
			{`profile.tags eq "X"`, true},
			{`profile.tags sw "y\""`, true},
			{`profile.tags eq "z"`, false},
			{"profile.tags pr", true},
		} {
			if got := w.found(t, directory.UserSearch{Text: c.search}); (got != "") != c.found {
				t.Errorf("%s: %q", c.search, got)
			}
		}
		if _, _, err := w.SearchUsers(t.Context(), w.admin, directory.UserSearch{Text: `profile.level eq "5"`, Limit: 1}); idp.KindOf(err) != idp.KindBadSearch {
			t.Error(err)
		}
		// An attribute that goes takes its values along.
		w.define(t, directory.SchemaChange{Custom: map[string]*directory.Attribute{"tags": nil}})
		if got := w.get(t, u.ID); strings.Contains(string(got.Profile), "tags") || !strings.Contains(string(got.Profile), `"score":0.5`) {
			t.Errorf("%s", got.Profile)
		}
		_, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Profile: idp.Attributes{"tags": []any{"x"}}})
		if idp.KindOf(err) != idp.KindInvalid {
			t.Error(err)
		}
		if _, err = w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Profile: idp.Attributes{"level": nil}}); err != nil {
			t.Fatal(err)
		}
		if got := w.found(t, directory.UserSearch{Text: "profile.level pr"}); got != "" {
			t.Error(got)
		}
	})
}

func TestBadSchemas(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enriched(t)
		w.add(t, directory.NewUser{Profile: func() idp.Attributes { p := person("a@example.com"); p["level"] = 1.0; return p }()})
		w.add(t, directory.NewUser{Profile: func() idp.Attributes { p := person("b@example.com"); p["level"] = 1.0; return p }()})
		yes := true
		pattern := "("
		for name, c := range map[string]directory.SchemaChange{
			"no type":         custom("x", directory.Attribute{}),
			"another type":    custom("level", directory.Attribute{Type: directory.TypeString}),
			"a base name":     custom("login", directory.Attribute{Type: directory.TypeString}),
			"a bad name":      custom("1x", directory.Attribute{Type: directory.TypeString}),
			"a long name":     custom(strings.Repeat("x", 65), directory.Attribute{Type: directory.TypeString}),
			"an odd name":     custom("a.b", directory.Attribute{Type: directory.TypeString}),
			"no items":        custom("x", directory.Attribute{Type: directory.TypeArray}),
			"bad items":       custom("x", directory.Attribute{Type: directory.TypeArray, Items: directory.TypeBoolean}),
			"needless items":  custom("x", directory.Attribute{Type: directory.TypeString, Items: directory.TypeString}),
			"lengths":         custom("x", directory.Attribute{Type: directory.TypeString, Min: 5, Max: 4}),
			"a long text":     custom("x", directory.Attribute{Type: directory.TypeString, Max: 5000}),
			"number's length": custom("x", directory.Attribute{Type: directory.TypeNumber, Max: 4}),
			"a pattern":       custom("x", directory.Attribute{Type: directory.TypeString, Pattern: "("}),
			"unique array":    custom("x", directory.Attribute{Type: directory.TypeArray, Items: directory.TypeString, Unique: true}),
			"choices":         custom("x", directory.Attribute{Type: directory.TypeInteger, Choices: []directory.Choice{{Value: "S"}}}),
			"mutability":      custom("x", directory.Attribute{Type: directory.TypeString, Mutability: "IMMUTABLE"}),
			"not unique yet":  custom("level", directory.Attribute{Type: directory.TypeInteger, Unique: true}),
			"nothing to drop": {Custom: map[string]*directory.Attribute{"x": nil}},
			"required":        {Required: []string{"x"}},
			"base, unknown":   {Base: map[string]directory.BaseChange{"x": {}}},
			"base, required":  {Base: map[string]directory.BaseChange{"city": {Required: &yes}}},
			"base, pattern":   {Base: map[string]directory.BaseChange{"city": {Pattern: &pattern}}},
			"login's pattern": {Base: map[string]directory.BaseChange{"login": {Pattern: &pattern}}},
		} {
			if _, err := w.ChangeUserSchema(t.Context(), w.admin, "", c); idp.KindOf(err) != idp.KindInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if s, err := w.UserSchema(t.Context(), w.admin, ""); err != nil || s.Attribute("x") != nil || s.Attribute("level").Unique {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestBaseSchemaChanges(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		no, self, any := false, directory.SelfReadWrite, ".+"
		w.define(t, directory.SchemaChange{Base: map[string]directory.BaseChange{"lastName": {Required: &no}, "title": {Self: &self}, "login": {Pattern: &any}}})
		u := w.add(t, directory.NewUser{Profile: idp.Attributes{"login": "isaac", "email": "i@example.com", "firstName": "Isaac"}})
		me := idp.Actor{Org: w.org, Kind: idp.ActorUser, UserID: u.ID}
		if _, err := w.UpdateUser(t.Context(), me, u.ID, directory.UserChange{Profile: idp.Attributes{"title": "Director"}}); err != nil {
			t.Error(err)
		}
		if _, err := w.UpdateUser(t.Context(), me, u.ID, directory.UserChange{Profile: idp.Attributes{"department": "IT"}}); idp.KindOf(err) != idp.KindReadOnly {
			t.Error(err)
		}
		w.define(t, directory.SchemaChange{Custom: map[string]*directory.Attribute{"badge": {Type: directory.TypeString}}, Required: []string{"badge"}})
		_, err := w.CreateUser(t.Context(), w.admin, directory.NewUser{Profile: person("b@example.com")})
		if idp.KindOf(err) != idp.KindInvalid || !strings.Contains(err.Error(), "badge: The field cannot be left blank") {
			t.Error(err)
		}
		w.define(t, directory.SchemaChange{Required: []string{}})
		w.add(t, directory.NewUser{Profile: person("b@example.com")})
		// A value that nobody may change stays as it is.
		w.define(t, custom("badge", directory.Attribute{Type: directory.TypeString, Mutability: directory.ReadOnly}))
		if _, err := w.UpdateUser(t.Context(), w.admin, u.ID, directory.UserChange{Profile: idp.Attributes{"badge": "A1"}}); idp.KindOf(err) != idp.KindReadOnly {
			t.Error(err)
		}
	})
}
