package management

import "strings"

// agent is what a user agent's text tells, in the words of the system log.
type agent struct{ os, browser, device string }

// agentMark is a word in a user agent's text and what it stands for.
type agentMark struct{ word, means string }

// The marks are tried in order: a browser that pretends to be another comes
// before that one.
var (
	agentBrowsers = []agentMark{
		{"Edg", "EDGE"},
		{"OPR/", "OPERA"},
		{"Opera", "OPERA"},
		{"Firefox/", "FIREFOX"},
		{"FxiOS/", "FIREFOX"},
		{"CriOS/", "CHROME"},
		{"Chrome/", "CHROME"},
		{"Chromium/", "CHROME"},
		{"Safari/", "SAFARI"},
		{"Trident/", "IE"},
		{"MSIE", "IE"},
	}
	agentSystems = []agentMark{
		{"Windows", "Windows"},
		{"iPhone", "iOS (iPhone)"},
		{"iPad", "iOS (iPad)"},
		{"Android", "Android"},
		{"Mac OS X", "Mac OS X"},
		{"Macintosh", "Mac OS X"},
		{"CrOS", "Chrome OS"},
		{"Linux", "Linux"},
		{"darwin", "Mac OS X"},
		{"linux", "Linux"},
		{"windows", "Windows"},
	}
)

// parseAgent recognises the common browsers and systems; others are unknown.
func parseAgent(text string) agent {
	a := agent{os: find(agentSystems, text, "Unknown"), browser: find(agentBrowsers, text, "UNKNOWN"), device: "Unknown"}
	switch {
	case strings.Contains(text, "Mobi"), strings.Contains(text, "iPad"), a.os == "Android":
		a.device = "Mobile"
	case a.browser != "UNKNOWN" && a.os != "Unknown":
		a.device = "Computer"
	}
	return a
}

func find(marks []agentMark, text, none string) string {
	for _, m := range marks {
		if strings.Contains(text, m.word) {
			return m.means
		}
	}
	return none
}
