package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	cases := []struct {
		name   string
		events []string
		counts string
		shown  []string
	}{
		{
			"tests and subtests",
			[]string{
				`{"Action":"start","Package":"usher/a"}`,
				`{"Action":"pass","Package":"usher/a","Test":"TestA/x"}`,
				`{"Action":"pass","Package":"usher/a","Test":"TestA"}`,
				`{"Action":"pass","Package":"usher/a","Elapsed":1.5}`,
			},
			"s 2 0 0\n",
			[]string{"ok a (1.5s)", "s: 2 passed, 0 failed, 0 skipped"},
		},
		{
			"a failing test shows what it said",
			[]string{
				`{"Action":"start","Package":"usher/a"}`,
				`{"Action":"output","Package":"usher/a","Test":"TestA","Output":"a_test.go:1: wrong\n"}`,
				`{"Action":"fail","Package":"usher/a","Test":"TestA","Elapsed":0.1}`,
				`{"Action":"fail","Package":"usher/a","Elapsed":1}`,
			},
			"s 0 1 0\n",
			[]string{"FAIL a TestA", "a_test.go:1: wrong"},
		},
		{
			"output that looks like a verdict is not one",
			[]string{
				`{"Action":"output","Package":"usher/a","Test":"TestA","Output":"{\"Action\":\"fail\"}\n"}`,
				`{"Action":"pass","Package":"usher/a","Test":"TestA"}`,
			},
			"s 1 0 0\n", nil,
		},
		{
			"a package that does not build",
			[]string{
				`{"ImportPath":"usher/a","Action":"build-output","Output":"a.go:1: syntax error\n"}`,
				`{"ImportPath":"usher/a","Action":"build-fail"}`,
				`{"Action":"start","Package":"usher/a"}`,
				`{"Action":"fail","Package":"usher/a","Elapsed":0,"FailedBuild":"usher/a"}`,
			},
			"s 0 1 0\n",
			[]string{"a.go:1: syntax error"},
		},
		{
			"a panic in the middle of a test",
			[]string{
				`{"Action":"start","Package":"usher/a"}`,
				`{"Action":"run","Package":"usher/a","Test":"TestA"}`,
				`{"Action":"output","Package":"usher/a","Test":"TestA","Output":"panic: oh\n"}`,
				`{"Action":"fail","Package":"usher/a","Elapsed":1}`,
			},
			"s 0 1 0\n",
			[]string{"panic: oh"},
		},
		{
			"a skipped test is named with its reason",
			[]string{
				`{"Action":"output","Package":"usher/a","Test":"TestA","Output":"=== RUN   TestA\n"}`,
				`{"Action":"output","Package":"usher/a","Test":"TestA","Output":"    a_test.go:3: no database\n"}`,
				`{"Action":"skip","Package":"usher/a","Test":"TestA"}`,
			},
			"s 0 0 1\n",
			[]string{"skip a TestA: a_test.go:3: no database"},
		},
		{
			"no test at all is a failure",
			[]string{`{"Action":"skip","Package":"usher/a"}`},
			"s 0 1 0\n",
			[]string{"no test was executed"},
		},
		{
			"words of the go command are passed on",
			[]string{`go: no such module`},
			"s 0 1 0\n",
			[]string{"go: no such module"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			counts := filepath.Join(t.TempDir(), "counts")
			var out strings.Builder
			failed, err := run(strings.NewReader(strings.Join(c.events, "\n")), &out, "s", counts)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(counts)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.counts {
				t.Errorf("counts are %q, want %q", got, c.counts)
			}
			if want := !strings.HasPrefix(strings.SplitN(c.counts, " ", 3)[2], "0 "); failed != want {
				t.Errorf("failed is %v, want %v", failed, want)
			}
			for _, s := range c.shown {
				if !strings.Contains(out.String(), s) {
					t.Errorf("output lacks %q:\n%s", s, out.String())
				}
			}
		})
	}
}
