package fidelity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/compat/devserver"
)

// A few recordings begin in the middle: their requests name objects that stood
// in the recorded organisation, and that nothing in the recording makes. Here
// such objects are made before the replay, and the copies of the recordings
// that are replayed name them. All else stays as recorded.

// recording is one file, as far as it matters here.
type recording struct {
	Exchanges []struct {
		Request struct {
			Path string          `json:"path"`
			Body json.RawMessage `json:"body"`
		} `json:"request"`
		Response struct {
			Body json.RawMessage `json:"body"`
		} `json:"response"`
	} `json:"exchanges"`
}

// identifier finds ids of the kinds that a request can presuppose: users,
// groups and policies.
var identifier = regexp.MustCompile(`\b(00u|00g|00p|rst)[A-Za-z0-9]{17}\b`)

// withStanding writes copies of the recordings into a folder, after making on
// the server what they presuppose. It gives the folder.
func withStanding(t *testing.T, s *devserver.Server, recorded string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recorded, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s: %v", recorded, err)
	}
	dir := t.TempDir()
	made := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, id := range r.presupposed() {
			if made[id] == "" {
				made[id] = stand(t, s, id, r.shown(id))
			}
			text = bytes.ReplaceAll(text, []byte(id), []byte(made[id]))
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// presupposed gives the ids that a request names before any answer has.
func (r *recording) presupposed() []string {
	known := map[string]bool{}
	var ids []string
	for _, x := range r.Exchanges {
		for _, id := range identifier.FindAllString(x.Request.Path+" "+string(x.Request.Body), -1) {
			if !known[id] {
				ids = append(ids, id)
			}
			known[id] = true
		}
		for _, id := range identifier.FindAllString(string(x.Response.Body), -1) {
			known[id] = true
		}
	}
	return ids
}

// standing is what a recording tells of a policy that it presupposes.
type standing struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Conditions  *struct {
		People *struct {
			Groups *struct{} `json:"groups"`
		} `json:"people"`
	} `json:"conditions"`
}

// shown gives the object with an id as an answer shows it, empty if none does.
func (r *recording) shown(id string) standing {
	for _, x := range r.Exchanges {
		var s standing
		if json.Unmarshal(x.Response.Body, &s) == nil && s.ID == id {
			return s
		}
	}
	return standing{}
}

// object is a body of the interface.
type object = map[string]any

// stand makes an object on the server and gives its id there.
func stand(t *testing.T, s *devserver.Server, id string, shown standing) string {
	t.Helper()
	switch kind := id[:3]; kind {
	case "00u":
		login := strings.ToLower(id) + "@example.com"
		return post(t, s, "/api/v1/users?activate=false", object{
			"profile": object{"login": login, "email": login, "firstName": "Standing", "lastName": "User"},
		})
	case "00g":
		return post(t, s, "/api/v1/groups", object{"profile": object{"name": "standing " + id}})
	case "rst":
		return post(t, s, "/api/v1/policies", object{"type": "ACCESS_POLICY", "name": "standing " + id})
	case "00p":
		policy := object{"type": shown.Type, "name": shown.Name, "description": shown.Description}
		if c := shown.Conditions; c != nil && c.People != nil && c.People.Groups != nil {
			policy["conditions"] = object{"people": object{"groups": object{"include": []string{everyone(t, s)}}}}
		}
		return post(t, s, "/api/v1/policies", policy)
	default:
		t.Fatalf("nothing is known about objects whose ids begin with %s", kind)
		return ""
	}
}

func everyone(t *testing.T, s *devserver.Server) string {
	t.Helper()
	type group struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	var groups []group
	call(t, s, http.MethodGet, "/api/v1/groups?q=Everyone", nil, &groups)
	i := slices.IndexFunc(groups, func(g group) bool { return g.Type == "BUILT_IN" })
	if i < 0 {
		t.Fatal("the group of everyone is not there")
	}
	return groups[i].ID
}

func post(t *testing.T, s *devserver.Server, path string, body object) string {
	t.Helper()
	var made struct {
		ID string `json:"id"`
	}
	call(t, s, http.MethodPost, path, body, &made)
	if made.ID == "" {
		t.Fatalf("POST %s: the answer has no id", path)
	}
	return made.ID
}

// call speaks to the server and expects 200.
func call(t *testing.T, s *devserver.Server, method, path string, body, into any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	rq, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Authorization", "SSWS "+s.APIToken)
	rq.Header.Set("Content-Type", "application/json")
	client := &http.Client{Timeout: 10 * time.Second}
	rs, err := client.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	if rs.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s", method, path, rs.Status)
	}
	if err := json.NewDecoder(rs.Body).Decode(into); err != nil {
		t.Fatal(fmt.Errorf("%s %s: %w", method, path, err))
	}
}
