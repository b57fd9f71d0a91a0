package idx_test

import (
	"slices"
	"strings"
	"testing"
)

// rules are those that every answer of this protocol keeps.
// (idx reference: requirements by client)
func rules(t testing.TB, what string, a answer) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s -> %d: "+format+"\n%s", append(append([]any{what, a.status}, args...), a.text)...)
	}
	if a.body["version"] != "1.0.0" {
		fail("H1: version")
	}
	media := a.header.Get("Content-Type")
	if a.status >= 400 && !strings.Contains(media, "application/json") {
		fail("H3: %s", media)
	}
	if _, ok := a.body["error"]; ok {
		fail("H4: error")
	}
	handle, _ := a.body["stateHandle"].(string)
	for name, v := range a.body {
		switch v := v.(type) {
		case nil:
			fail("H4: %s is null", name)
		case map[string]any:
			checkMember(fail, name, v, handle, a.body)
		}
	}
	forms := formsOf(a.body)
	_, done := a.body["success"]
	_, said := a.body["messages"]
	if a.status == 200 && len(forms) == 0 && !done && !said {
		fail("H10: neither forms, nor an end, nor messages")
	}
	if a.status >= 400 && !strings.Contains(a.text, `"messages"`) {
		fail("H40: no messages")
	}
	if strings.Contains(a.text, `"messages":{"type":"array","value":[]}`) || strings.Contains(a.text, "null") {
		fail("H33, H4: empty messages or null")
	}
	if a.header.Get("WWW-Authenticate") != "" {
		fail("H34")
	}
	if a.header.Get("X-Okta-Request-Id") == "" {
		fail("H38")
	}
	for _, f := range forms {
		if f["name"] == "challenge-authenticator" {
			for _, g := range forms {
				if g["name"] == "select-authenticator-authenticate" {
					return
				}
			}
			fail("H14: no select form beside the challenge")
		}
	}
}

func formsOf(body map[string]any) []map[string]any {
	r, _ := body["remediation"].(map[string]any)
	list, _ := r["value"].([]any)
	var out []map[string]any
	for _, f := range list {
		if m, ok := f.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func checkMember(fail func(string, ...any), name string, v map[string]any, handle string, body map[string]any) {
	switch name {
	case "cancel", "context":
		checkForm(fail, v, handle, body)
		return
	case "success":
		if _, ok := v["rel"]; ok {
			fail("H6: %s has rel", name)
		}
		return
	}
	if (v["type"] != "object" && v["type"] != "array") || v["value"] == nil {
		fail("H5: %s has no type and value", name)
	}
	if name == "remediation" {
		for _, f := range formsOf(body) {
			checkForm(fail, f, handle, body)
		}
	}
}

func checkForm(fail func(string, ...any), f map[string]any, handle string, body map[string]any) {
	rel, _ := f["rel"].([]any)
	href, _ := f["href"].(string)
	accepts, _ := f["accepts"].(string)
	value, _ := f["value"].([]any)
	if len(rel) != 1 || rel[0] != "create-form" {
		fail("H6: %v", f["name"])
	}
	if !strings.HasPrefix(href, "https://id.example.com/idp/idx/") || f["method"] != "POST" || accepts == "" {
		fail("H7: %v", f["name"])
	}
	last, _ := value[len(value)-1].(map[string]any)
	if last["name"] != "stateHandle" || last["value"] != handle || last["mutable"] != false || last["visible"] != false || last["required"] != true || handle == "" {
		fail("H2: %v", f["name"])
	}
	if paths, ok := f["relatesTo"].([]any); ok {
		for _, p := range paths {
			if member, ok := body[strings.TrimPrefix(p.(string), "$.")].(map[string]any); !ok || member["value"].(map[string]any)["key"] == "" {
				fail("H8: %v relates to %v", f["name"], p)
			}
		}
	}
	for _, input := range value {
		options, _ := input.(map[string]any)["options"].([]any)
		for _, o := range options {
			o := o.(map[string]any)
			member, _ := body["authenticatorEnrollments"].(map[string]any)
			list, _ := member["value"].([]any)
			if f["name"] == "select-authenticator-unlock-account" {
				member, _ = body["authenticators"].(map[string]any)
				list, _ = member["value"].([]any)
				if o["relatesTo"] != "$.authenticators.value[0]" || len(list) == 0 {
					fail("H8: option %v", o["label"])
				}
			} else if o["relatesTo"] != "$.authenticatorEnrollments.value[0]" || len(list) == 0 {
				fail("H8: option %v", o["label"])
			}
			inner := o["value"].(map[string]any)["form"].(map[string]any)["value"].([]any)
			if inner[0].(map[string]any)["name"] != "id" || (!slices.Contains([]any{"Password", "Email", "Security Question"}, o["label"])) {
				fail("H12, H13: option %v", o["label"])
			}
		}
	}
}
