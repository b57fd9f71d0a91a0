package archtest

import (
	"os"
	"strings"
	"testing"
)

// TestTablesAreWhole: a row behind an empty line is no row of a table any more,
// and its page shows it as a line of text.
func TestTablesAreWhole(t *testing.T) {
	for _, page := range []string{"divergences.md", "security-tests.md", "conformance.md"} {
		text, err := os.ReadFile("../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		before := ""
		lines := strings.Split(string(text), "\n")
		for i, line := range lines {
			next := ""
			if i+1 < len(lines) {
				next = lines[i+1]
			}
			if strings.HasPrefix(line, "|") && !strings.HasPrefix(before, "|") && !strings.HasPrefix(next, "|--") {
				t.Errorf("docs/%s:%d: a row without its table", page, i+1)
			}
			before = line
		}
	}
}
