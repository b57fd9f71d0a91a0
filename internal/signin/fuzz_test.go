package signin_test

import (
	"strings"
	"testing"

	"usher/internal/idp"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// FuzzLoad: nothing but a handle that was given out loads.
func FuzzLoad(f *testing.F) {
	w := signintest.New(f, storetest.SQLite(f))
	given := w.Engine.Begin(f.Context(), w.Anonymous(), signin.Options{Prefix: "02.id.", Carried: true}).Handle
	for _, seed := range []string{"", ".", "02.id.", "02.id.x.y", given, given[:40], given + "\n", given[:len(given)-1] + next(given[len(given)-1]), strings.ToUpper(given), "00" + given} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, handle string) {
		tx, err := w.Engine.Load(t.Context(), w.Anonymous(), handle)
		if handle == given {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		if idp.KindOf(err) != idp.KindBadToken {
			t.Fatalf("%q: %+v, %v", handle, tx, err)
		}
	})
}

// next is the next letter of the base64 alphabet, which differs from c in its
// lowest bits alone.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)^1])
}
