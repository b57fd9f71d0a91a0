package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/store"
)

// populateSearch puts a row into each table of the search migration.
func (w *world) populateSearch(tx *store.Tx, userID string) error {
	v := store.AttributeValue{Name: "department", Key: "spop"}
	for _, fn := range []func() error{
		func() error { return tx.InsertUserAttributes(w.org.ID, userID, []store.AttributeValue{v}) },
		func() error { return tx.InsertUnique(w.org.ID, userID, v) },
		func() error {
			return tx.SaveUserSchema(&store.UserSchema{OrgID: w.org.ID, TypeID: "oty1", Document: []byte(`{}`)})
		},
		func() error {
			_, err := tx.AddRoleTarget(store.RoleTarget{OrgID: w.org.ID, PrincipalID: userID, RoleID: "ra1", Kind: store.TargetApp, TargetID: "salesforce"})
			return err
		},
		func() error {
			return tx.InsertFactor(&store.Factor{
				OrgID: w.org.ID, UserID: userID, ID: "ost1", Type: "token:software:totp", Provider: "OKTA", Vendor: "OKTA",
				Status: "ACTIVE", Profile: []byte(`{}`), Created: noon, LastUpdated: noon,
			})
		},
		func() error { return tx.RememberDevice(w.org.ID, userID, "device", noon.Add(time.Hour)) },
		func() error { _, err := tx.CountFactorFailure(w.org.ID, userID, "ost1"); return err },
		func() error { _, err := tx.CountRecoveryFailure(w.org.ID, userID, time.Hour); return err },
		func() error {
			return tx.InsertChallenge(&store.Challenge{OrgID: w.org.ID, ID: "mst1", UserID: userID, FactorID: "ost1", Purpose: "verify", Created: noon, Expires: noon})
		},
	} {
		if err := fn(); err != nil {
			return err
		}
	}
	return nil
}

// crowd adds n users: user i has the given name g{i%3} and the department
// d{i%4}, and changed i seconds after noon.
func (w *world) crowd(t *testing.T, n int) []string {
	t.Helper()
	var ids []string
	for i := range n {
		name := fmt.Sprintf("u%02d", i)
		row := &store.UserRow{
			User: idp.User{
				OrgID: w.org.ID, ID: w.ids.New("00u"), TypeID: "oty1", Status: idp.UserActive, Login: name + "@example.com",
				Profile: []byte(`{"login":"` + name + `@example.com","lastName":"L"}`), Created: noon, LastUpdated: noon.Add(time.Duration(i) * time.Second),
			},
			Keys: store.UserKeys{Login: name + "@example.com", Short: name, Email: name + "@example.com", First: fmt.Sprintf("g%d", i%3), Last: "l"},
		}
		ids = append(ids, row.ID)
		w.tx(t, func(tx *store.Tx) error {
			if err := tx.InsertUser(row); err != nil {
				return err
			}
			return tx.InsertUserAttributes(w.org.ID, row.ID, []store.AttributeValue{{Name: "department", Key: fmt.Sprintf("sd%d", i%4)}, {Name: "rank", Key: fmt.Sprintf("n%02d", i)}})
		})
	}
	return ids
}

// walk pages through a query, two at a time, and returns positions in ids.
func (w *world) walk(t *testing.T, ids []string, q store.UserQuery) string {
	t.Helper()
	q.Limit = 2
	var out []string
	for {
		hits, err := w.Read(t.Context()).SearchUsers(w.org.ID, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			out = append(out, fmt.Sprint(slices.Index(ids, h.ID)))
		}
		if len(hits) < q.Limit {
			return strings.Join(out, " ")
		}
		q.After, q.AfterKey = hits[1].ID, hits[1].Key
	}
}

func TestSearchUsers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.crowd(t, 12)
		text := func(c store.UserColumn, op store.TextOp, v string) store.UserCond {
			return store.TextIs{Column: c, Op: op, Value: v}
		}
		department := func(op store.TextOp, v string) store.UserCond {
			return store.AttributeIs{Name: "department", Op: op, Kind: 's', Value: v}
		}
		span := func(from, until int) store.UserCond {
			c := store.TimeIn{Column: store.UserLastUpdated, From: noon.UnixMilli() + int64(from)*1000}
			if until > 0 {
				c.Until = noon.UnixMilli() + int64(until)*1000
			}
			return c
		}
		for _, c := range []struct {
			name string
			q    store.UserQuery
			want string
		}{
			{"all", store.UserQuery{}, "0 1 2 3 4 5 6 7 8 9 10 11"},
			{"downwards", store.UserQuery{Descending: true}, "11 10 9 8 7 6 5 4 3 2 1 0"},
			{"exact", store.UserQuery{Where: text(store.UserEmail, store.Equal, "u03@example.com")}, "3"},
			{"many equal", store.UserQuery{Where: text(store.UserFirst, store.Equal, "g1")}, "1 4 7 10"},
			{"prefix", store.UserQuery{Where: text(store.UserLogin, store.StartsWith, "u1")}, "10 11"},
			{"suffix", store.UserQuery{Where: text(store.UserFirst, store.EndsWith, "2")}, "2 5 8 11"},
			{"part", store.UserQuery{Where: text(store.UserEmail, store.Contains, "05@ex")}, "5"},
			{"no wildcard", store.UserQuery{Where: text(store.UserEmail, store.Contains, "%")}, ""},
			{"no wildcard either", store.UserQuery{Where: text(store.UserEmail, store.Contains, "u_5")}, ""},
			{"range", store.UserQuery{Where: span(9, 0)}, "9 10 11"},
			{"two bounds", store.UserQuery{Where: store.AllOf{span(2, 0), span(0, 5)}}, "2 3 4"},
			{"attribute", store.UserQuery{Where: department(store.Equal, "d3")}, "3 7 11"},
			{"attribute range", store.UserQuery{Where: department(store.Greater, "d1")}, "2 3 6 7 10 11"},
			{"attribute below", store.UserQuery{Where: department(store.LessOrEqual, "d0")}, "0 4 8"},
			{"attribute part", store.UserQuery{Where: department(store.Contains, "3")}, "3 7 11"},
			{"kinds apart", store.UserQuery{Where: store.AttributeIs{Name: "rank", Op: store.GreaterOrEqual, Kind: 'm', Value: ""}}, ""},
			{"present", store.UserQuery{Where: store.AllOf{store.AttributePresent{Name: "rank"}, span(10, 0)}}, "10 11"},
			{"both", store.UserQuery{Where: store.AllOf{text(store.UserFirst, store.Equal, "g1"), department(store.Equal, "d3")}}, "7"},
			{"either", store.UserQuery{Where: store.AnyOf{text(store.UserFirst, store.Equal, "g1"), department(store.Equal, "d3")}}, "1 3 4 7 10 11"},
			{"either and", store.UserQuery{Where: store.AllOf{
				store.AnyOf{text(store.UserLogin, store.Equal, "u01@example.com"), text(store.UserLogin, store.Equal, "u02@example.com")},
				text(store.UserStatus, store.Equal, "ACTIVE"), department(store.Equal, "d2"),
			}}, "2"},
			{"profile", store.UserQuery{Where: store.ProfileHas{Part: `"login":"u04@`}}, "4"},
			{"profile in its case", store.UserQuery{Where: store.ProfileHas{Part: `"login":"U04@`}}, ""},
			{"none", store.UserQuery{Where: store.AnyOf{}}, ""},
			{"by name", store.UserQuery{By: store.UserFirst}, "0 3 6 9 1 4 7 10 2 5 8 11"},
			{"by name, downwards", store.UserQuery{By: store.UserFirst, Descending: true}, "11 8 5 2 10 7 4 1 9 6 3 0"},
			{"by time", store.UserQuery{By: store.UserLastUpdated, Descending: true, Where: span(8, 0)}, "11 10 9 8"},
			{"by attribute", store.UserQuery{ByAttribute: "department", Where: text(store.UserFirst, store.Equal, "g0")}, "0 9 6 3"},
		} {
			if got := w.walk(t, ids, c.q); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	})
}

func TestUniqueAttributes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := w.crowd(t, 3)
		w.tx(t, func(tx *store.Tx) error { return tx.ReserveAttribute(w.org.ID, "oty1", "rank", "rank") })
		w.taken(t, "user_uniques.value_key", func(tx *store.Tx) error {
			return tx.InsertUnique(w.org.ID, ids[0], store.AttributeValue{Name: "rank", Key: "n01"})
		})
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteUniques(w.org.ID, ids[1]) })
		w.tx(t, func(tx *store.Tx) error {
			return tx.InsertUnique(w.org.ID, ids[0], store.AttributeValue{Name: "rank", Key: "n01"})
		})
		w.tx(t, func(tx *store.Tx) error {
			return tx.ReplaceUserAttributes(w.org.ID, ids[2], []store.AttributeValue{{Name: "rank", Key: "n00"}})
		})
		w.taken(t, "user_uniques.value_key", func(tx *store.Tx) error {
			if err := tx.ReleaseAttribute(w.org.ID, "rank"); err != nil {
				return err
			}
			return tx.ReserveAttribute(w.org.ID, "oty1", "rank", "rank")
		})
		holders, err := w.Read(t.Context()).UsersWithAttribute(w.org.ID, "rank", ids[0], 10)
		if err != nil || !slices.Equal(holders, ids[1:]) {
			t.Errorf("%v, %v", holders, err)
		}
	})
}
