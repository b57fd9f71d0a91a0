package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
)

// line is one line of the table as it is printed.
type line struct {
	engine, name, unit string
	value, ceiling     float64
	cost, ceilingCost  float64 // CPU time of one operation in microseconds
	ceilingName        string
	goal               float64 // 0 for none
	atMost             bool    // the goal is an upper bound
}

// met tells whether the goal is reached.
func (l line) met() string {
	switch {
	case l.goal == 0:
		return ""
	case l.atMost && l.value <= l.goal, !l.atMost && l.value >= l.goal:
		return "yes"
	}
	return "NO"
}

func (l line) share() string {
	if l.value == 0 || l.ceiling == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*l.value/l.ceiling)
}

// figure prints with three or four digits that matter.
func figure(v float64) string {
	switch {
	case v == 0:
		return ""
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	case v < 10_000:
		return strconv.Itoa(int(v + 0.5))
	}
	text := strconv.Itoa(int(v + 0.5))
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// printTable prints what was measured.
func printTable(w io.Writer, head string, lines []line) error {
	fmt.Fprintln(w, head)
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.StripEscape)
	fmt.Fprintln(t, "database\toperation\tmeasured\tunit\tCPU us\tceiling\tCPU us\twhat the ceiling is\tof it\tgoal\tmet")
	fmt.Fprintln(t, "--------\t---------\t--------\t----\t------\t-------\t------\t-------------------\t-----\t----\t---")
	for _, l := range lines {
		goal := figure(l.goal)
		if goal != "" && l.atMost {
			goal = "<= " + goal
		} else if goal != "" {
			goal = ">= " + goal
		}
		fmt.Fprintln(t, strings.Join([]string{l.engine, l.name, figure(l.value), l.unit, figure(l.cost), figure(l.ceiling), figure(l.ceilingCost), l.ceilingName, l.share(), goal, l.met()}, "\t"))
	}
	return t.Flush()
}

// machine describes what the figures were measured on.
func machine() string {
	model, cores := "unknown processor", 0
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for l := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(l, ":")
			switch strings.TrimSpace(name) {
			case "model name":
				model = strings.TrimSpace(value)
			case "processor":
				cores++
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, %s/%s", model, cores, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
