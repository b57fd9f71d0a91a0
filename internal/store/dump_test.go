package store_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func (w *world) snapshot(t *testing.T) []byte {
	t.Helper()
	b, err := w.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unzip(t *testing.T, b []byte) []string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	in := bufio.NewScanner(zip)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		lines = append(lines, in.Text())
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func zipped(t *testing.T, lines []string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := zip.Write([]byte(strings.Join(lines, "\n") + "\n")); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestSnapshotGoesToEitherDatabase fills every table, takes the copy to an
// empty database of each kind and compares what that one gives back.
func TestSnapshotGoesToEitherDatabase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.populate(t)
		copied := w.snapshot(t)
		lines := unzip(t, copied)
		for i, line := range lines {
			var section struct{ Table string }
			if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &section) == nil && section.Table != "" && !strings.HasPrefix(lines[i+1], "[") {
				t.Errorf("the fixture puts nothing into %s: add a row to populate", section.Table)
			}
		}
		storetest.Each(t, func(t *testing.T, url string) {
			target := &world{Store: storetest.Open(t, url, w.clock), clock: w.clock, ids: w.ids, org: w.org}
			if err := target.Restore(t.Context(), copied); err != nil {
				t.Fatal(err)
			}
			if again := unzip(t, target.snapshot(t)); strings.Join(again, "\n") != strings.Join(lines, "\n") {
				t.Fatalf("the copy of the copy differs:\n%s\n\n%s", strings.Join(again, "\n"), strings.Join(lines, "\n"))
			}
			s, err := target.Read(t.Context()).Session(w.org.ID, hash("session"))
			if err != nil || s.Login != "zoë" {
				t.Fatalf("%+v, %v", s, err)
			}
			if v, err := target.Read(t.Context()).Fact("fact"); err != nil || v != "line\nand \"quote\" <&> \u2028" {
				t.Fatalf("%q, %v", v, err)
			}
		})
	})
}

func TestRestoreReplacesEverything(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		before := w.snapshot(t)
		w.tx(t, func(tx *store.Tx) error { _, err := tx.TakeLease("job", "me", time.Minute); return err })
		w.addUser(t, "bob")
		w.populate(t)
		w.tx(t, func(tx *store.Tx) error { return tx.DeleteUser(w.org.ID, u.ID) })
		if err := w.Restore(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(w.snapshot(t), before) {
			t.Fatal("not as before")
		}
		if got, err := w.Read(t.Context()).UserByLogin(w.org.ID, "ann"); err != nil || got.ID != u.ID {
			t.Fatalf("%+v, %v", got, err)
		}
		w.tx(t, func(tx *store.Tx) error {
			if is, err := tx.TakeLease("job", "other", time.Minute); err != nil || is {
				t.Errorf("the lease is gone: %v, %v", is, err)
			}
			return nil
		})
	})
}

// TestSnapshotIsOfOneMoment copies while others write two rows at a time.
func TestSnapshotIsOfOneMoment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.addUser(t, "ann")
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					id := w.ids.New("00g")
					if err := w.Tx(t.Context(), func(tx *store.Tx) error {
						g := &idp.Group{OrgID: w.org.ID, ID: id, Type: idp.GroupOkta, Name: id, Profile: []byte(`{}`), Created: noon}
						if err := tx.InsertGroup(g, id); err != nil {
							return err
						}
						_, err := tx.AddMember(w.org.ID, id, u.ID, "")
						return err
					}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 10 {
			groups, members, table := 0, 0, ""
			for _, line := range unzip(t, w.snapshot(t)) {
				var section struct{ Table string }
				switch {
				case strings.HasPrefix(line, "{"):
					if err := json.Unmarshal([]byte(line), &section); err != nil {
						t.Fatal(err)
					}
					table = section.Table
				case table == "groups":
					groups++
				case table == "memberships":
					members++
				}
			}
			if groups != members {
				t.Errorf("%d groups, %d memberships", groups, members)
			}
		}
		close(stop)
		wg.Wait()
	})
}

func TestRestoreRefusesWhatIsNoSnapshot(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.populate(t)
		good := w.snapshot(t)
		lines := unzip(t, good)
		edit := func(fn func(lines []string) []string) []byte { return zipped(t, fn(append([]string{}, lines...))) }
		replace := func(old, with string) []byte {
			return zipped(t, strings.Split(strings.Replace(strings.Join(lines, "\n"), old, with, 1), "\n"))
		}
		for name, c := range map[string]struct {
			bytes []byte
			want  idp.Kind
		}{
			"nothing":          {nil, idp.KindMalformed},
			"text":             {[]byte("hello"), idp.KindMalformed},
			"cut short":        {good[:len(good)/2], idp.KindMalformed},
			"another document": {zipped(t, []string{`{"a":1}`}), idp.KindMalformed},
			"no end":           {edit(func(l []string) []string { return l[:len(l)-1] }), idp.KindMalformed},
			"a row is missing": {edit(func(l []string) []string { return append(l[:2], l[3:]...) }), idp.KindMalformed},
			"a row before all": {edit(func(l []string) []string { return append([]string{l[0], `["a"]`}, l[1:]...) }), idp.KindMalformed},
			"a row too short":  {edit(func(l []string) []string { l[2] = `["a"]`; return l }), idp.KindMalformed},
			"a fraction":       {edit(func(l []string) []string { l[2] = `["a",1.5]`; return l }), idp.KindMalformed},
			"a table too many": {replace(`"table":"orgs"`, `"table":"leases"`), idp.KindMalformed},
			"a strange column": {replace(`"columns":["name","value"]`, `"columns":["name","value) --"]`), idp.KindMalformed},
			"no columns":       {replace(`"columns":["name","value"]`, `"columns":[]`), idp.KindMalformed},
			"another schema":   {replace(`"schema":`, `"schema":9`), idp.KindUnsupported},
			"a later format":   {replace(`"usherSnapshot":1`, `"usherSnapshot":2`), idp.KindMalformed},
		} {
			if err := w.Restore(t.Context(), c.bytes); idp.KindOf(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		if !bytes.Equal(w.snapshot(t), good) {
			t.Error("a refused snapshot changed the data")
		}
	})
}

func TestSnapshotRefusesTextThatIsNotUTF8(t *testing.T) {
	w := &world{clock: env.NewFixed(noon)}
	w.Store = storetest.Open(t, storetest.SQLite(t), w.clock)
	w.tx(t, func(tx *store.Tx) error { return tx.SetFact("x", "\xff") })
	if _, err := w.Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Fatalf("got %v", err)
	}
}
