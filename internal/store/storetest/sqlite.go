package storetest

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"usher/internal/env"
)

// sqliteModel returns the file of a migrated database for copies. It is made by
// the first test of all test binaries, in the temporary folder under the schema's
// digest, and stays for the next run.
func sqliteModel(t testing.TB) string {
	t.Helper()
	file := filepath.Join(os.TempDir(), "usher-schema-"+digest(t)+".db")
	if _, err := os.Stat(file); err == nil {
		return file
	} else if !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "model.db")
	migrate(t, "sqlite:"+own)
	// Several may make it at once: the last to rename wins, all are equal.
	beside := file + "." + env.Alphanumeric(env.SystemRand{}, 12)
	copyFile(t, own, beside)
	if err := os.Rename(beside, file); err != nil {
		t.Fatal(err)
	}
	return file
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(errors.Join(err, in.Close()))
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, in.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
}
