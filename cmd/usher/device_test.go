package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDevice holds a phone against a running server: by the picture's address,
// by the text of a TOTP picture, and by number.
func TestDevice(t *testing.T) {
	dev := start(t, nil, "dev", "--ephemeral", "--json", "--listen", "127.0.0.1:0")
	a := dev.announced()
	get := func(method, path, body string, status int) map[string]any {
		t.Helper()
		res, got := call(t, method, a.URL+path, a.APIToken, nil, body)
		if res.StatusCode != status {
			t.Fatalf("%s %s: %d %v", method, path, res.StatusCode, got)
		}
		return got
	}
	policy := get("POST", "/api/v1/policies", `{"type":"MFA_ENROLL","name":"phones","settings":{"factors":{"okta_push":{"enroll":{"self":"OPTIONAL"}},"okta_otp":{"enroll":{"self":"OPTIONAL"}}}}}`, 200)
	get("POST", "/api/v1/policies/"+policy["id"].(string)+"/rules", `{"type":"MFA_ENROLL","name":"all","actions":{"enroll":{"self":"CHALLENGE"}}}`, 200)
	factors := "/api/v1/users/isaac.brock@example.com/factors"

	file := filepath.Join(t.TempDir(), "held", "phone.json")
	phone := func(want int, says string, args ...string) string {
		t.Helper()
		p := start(t, []string{"USHER_DEVICE_PHONE=" + file}, append([]string{"device"}, args...)...)
		status, out := p.finish()
		if out += p.stderr.String(); status != want || !strings.Contains(out, says) {
			t.Fatalf("usher device %v: %d %s", args, status, out)
		}
		return out
	}
	phone(0, "not enrolled", "list", "--phone", file)
	phone(1, "nothing waits", "approve", "--phone", file)
	made := get("POST", factors, `{"factorType":"push","provider":"OKTA"}`, 200)
	activation := made["_embedded"].(map[string]any)["activation"].(map[string]any)
	picture := activation["_links"].(map[string]any)["qrcode"].(map[string]any)["href"].(string)
	phone(0, "Enrolled for isaac.brock@example.com.", "enroll", picture, "--phone", file)
	phone(1, "no picture to scan", "enroll", picture, "--phone", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	self := factors + "/" + made["id"].(string)
	for _, c := range []struct{ command, says, result string }{{"approve", "Approved the sign-in of isaac", "SUCCESS"}, {"deny", "Denied the sign-in of isaac", "REJECTED"}} {
		asked := get("POST", self+"/verify", "{}", 202)
		poll := asked["_links"].(map[string]any)["poll"].(map[string]any)["href"].(string)
		phone(0, "waits", "list", "--phone", file)
		phone(0, c.says, c.command, "--phone", file)
		if got := get("GET", strings.TrimPrefix(poll, a.URL), "", 200)["factorResult"]; got != c.result {
			t.Errorf("%s: %v", c.command, got)
		}
	}

	phone(1, "scan an otpauth://", "code", "--phone", file)
	timed := get("POST", factors, `{"factorType":"token:software:totp","provider":"OKTA"}`, 200)
	activation = timed["_embedded"].(map[string]any)["activation"].(map[string]any)
	phone(0, "Enrolled for", "enroll", activation["_links"].(map[string]any)["qrcode"].(map[string]any)["href"].(string), "--phone", file)
	code := strings.TrimSpace(phone(0, "", "code", "--phone", file))
	if !regexp.MustCompile(`^\d{6}$`).MatchString(code) {
		t.Fatal(code)
	}
	get("POST", factors+"/"+timed["id"].(string)+"/lifecycle/activate", `{"passCode":"`+code+`"}`, 200)
	phone(0, "enrolled no longer", "remove", "--phone", file)
	get("GET", self, "", 404)
}

// TestWants: what an application asks is shown with its message, and nothing in it
// reaches the terminal as a command.
func TestWants(t *testing.T) {
	for _, c := range []struct{ app, message, want string }{
		{"", "", ""},
		{"Bank", "", `, for "Bank"`},
		{"Bank", "Pay 12.50 €", `, for "Bank": "Pay 12.50 €"`},
		{"B\x1b[2J", "a\nb", `, for "B\x1b[2J": "a\nb"`},
	} {
		if got := wants(c.app, c.message); got != c.want {
			t.Errorf("%q %q: %s", c.app, c.message, got)
		}
	}
}
