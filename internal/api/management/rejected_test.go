package management_test

import (
	"bytes"
	"strings"
	"testing"

	"usher/internal/apptest"
)

// TestRejectedRequestsChangeNothing: whatever is refused names the member at
// fault, and leaves every row of the database, the log's included, as it was.
func TestRejectedRequestsChangeNothing(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		user := app.Post("/api/v1/users", body("in@example.org")).Want(200).Text("id")
		group := app.Post("/api/v1/groups", `{"profile":{"name":"mine"}}`).Want(200).Text("id")
		client, mark := addApp(t, app, web), addApp(t, app, bookmark)
		kind := app.Post("/api/v1/meta/types/user", `{"name":"staff","displayName":"Staff"}`).Want(200).Text("id")
		app.Post("/api/v1/meta/schemas/group/default", `{"definitions":{"custom":{"properties":{"code":{"title":"Code","type":"string","maxLength":3,"unique":"UNIQUE_VALIDATED"}}}}}`).Want(200)
		app.Put("/api/v1/groups/"+group, `{"profile":{"name":"mine","code":"a1"}}`).Want(200)
		app.Post("/api/v1/meta/schemas/apps/"+mark+"/default", `{"definitions":{"custom":{"properties":{"level":{"title":"Level","type":"integer"}}}}}`).Want(200)
		policy := app.Post("/api/v1/policies", `{"type":"PROFILE_ENROLLMENT","name":"Newcomers"}`).Want(200).Text("id")
		rule := app.Get("/api/v1/policies/" + policy + "/rules").Want(200).Text("0.id")
		zone := app.Post("/api/v1/zones", `{"type":"DYNAMIC","name":"Far","locations":[{"country":"NO"}]}`).Want(200).Text("id")
		place := strings.NewReplacer("{user}", user, "{group}", group, "{client}", client, "{mark}", mark, "{kind}", kind, "{policy}", policy, "{rule}", rule, "{zone}", zone)
		snapshot := func() []byte {
			b, err := app.Server.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		before := snapshot()
		for _, c := range []struct {
			request, body string
			member        string // of the first cause, "" where it is about the whole
		}{
			{"POST /api/v1/users", `{"profile":{"login":"x@example.org","email":"x","firstName":"A","lastName":"B"}}`, "email"},
			{"POST /api/v1/users", `{"profile":{"login":"in@example.org","email":"x@example.org","firstName":"A","lastName":"B"}}`, "login"},
			{"POST /api/v1/users", `{"profile":{"login":"x@example.org","email":"x@example.org","firstName":"","lastName":"B"}}`, "firstName"},
			{"POST /api/v1/users/{user}", `{"profile":{"nothing":"x"}}`, ""},
			{"PUT /api/v1/users/{user}", `{"profile":{"login":"in@example.org"}}`, "firstName"},
			{"POST /api/v1/groups", `{"profile":{"name":"mine"}}`, "name"},
			{"POST /api/v1/groups", `{"profile":{"name":"new","code":"a1"}}`, "code"},
			{"POST /api/v1/groups", `{"profile":{"name":"new","code":"long"}}`, "code"},
			{"PUT /api/v1/groups/{group}", `{"profile":{"description":5}}`, "name"},
			{"PUT /api/v1/groups/{group}", `{"profile":{"name":"mine","code":5}}`, "code"},
			{"POST /api/v1/meta/schemas/group/default", `{"definitions":{"custom":{"properties":{"a":{"type":"string"},"b":{"type":"object"}}}}}`, "b"},
			{"POST /api/v1/meta/schemas/group/default", `{"definitions":{"base":{"properties":{"name":{"required":false}}}}}`, "name"},
			{"POST /api/v1/meta/schemas/user/default", `{"definitions":{"custom":{"properties":{"a":{"type":"string"},"b":{"type":"string","pattern":"("}}}}}`, "b"},
			{"POST /api/v1/meta/schemas/apps/{mark}/default", `{"definitions":{"custom":{"properties":{"level":{"type":"string"}}}}}`, "level"},
			{"POST /api/v1/meta/types/user", `{"name":"staff","displayName":"Again"}`, "name"},
			{"POST /api/v1/meta/types/user", `{"name":"crew"}`, "displayName"},
			{"PUT /api/v1/meta/types/user/{kind}", `{"name":"crew","displayName":"Crew"}`, "name"},
			{"POST /api/v1/apps/{mark}/users", `{"id":"{user}","profile":{"level":"high"}}`, "level"},
			{"PUT /api/v1/apps/{mark}/groups/{group}", `{"profile":{"level":"high"}}`, "level"},
			{"PUT /api/v1/apps/{mark}/groups/{group}", `{"priority":101}`, "priority"},
			{"POST /api/v1/internal/apps/{client}/settings/oauth/idToken", `{"valueType":"FILTER","groupFilterType":"REGEX","name":"g","value":"("}`, "value"},
			{"POST /api/v1/policies", `{"type":"PROFILE_ENROLLMENT","name":"Newcomers"}`, "name"},
			{"PUT /api/v1/policies/{policy}/rules/{rule}", `{"name":"Catch-all Rule","actions":{"profileEnrollment":{"access":"MAYBE"}}}`, "profileEnrollment.access"},
			{"POST /api/v1/policies/{policy}/rules", `{"name":"More","actions":{"profileEnrollment":{"access":"ALLOW"}}}`, ""},
			{"POST /api/v1/policies/{policy}/mappings", `{"resourceId":"{mark}","resourceType":"GROUP"}`, "resourceType"},
			{"POST /api/v1/zones", `{"type":"DYNAMIC","name":"Near","locations":[{"country":"Norway"}]}`, "locations"},
			{"POST /api/v1/zones", `{"type":"DYNAMIC","name":"Far","locations":[{"country":"NO"}]}`, "name"},
			{"PUT /api/v1/zones/{zone}", `{"type":"DYNAMIC_V2","name":"Far","asns":{"include":["1"]}}`, "type"},
			{"POST /api/v1/trustedOrigins", `{"name":"x","origin":"https://x.example.com/path","scopes":[{"type":"IFRAME_EMBED"}]}`, "origin"},
			{"POST /api/v1/trustedOrigins", `{"name":"x","origin":"ftp://x.example.com","scopes":[{"type":"IFRAME_EMBED"}]}`, "scopes"},
			{"PUT /api/v1/org/contacts/BILLING", `{"userId":" "}`, "userId"},
			{"POST /api/v1/org/privacy/oktaSupport/extend", ``, ""},
		} {
			method, path, _ := strings.Cut(c.request, " ")
			var content any
			if c.body != "" {
				content = place.Replace(c.body)
			}
			a := app.Do(method, place.Replace(path), content)
			first := a.Text("errorCauses.0.errorSummary")
			if a.Status != 400 || a.Text("errorCode") != "E0000001" || first == "" || c.member != "" && !strings.HasPrefix(first, c.member+": ") {
				t.Errorf("%s %s: %d %s, want a cause about %q", c.request, c.body, a.Status, a.Body, c.member)
			}
			if after := snapshot(); !bytes.Equal(before, after) {
				t.Fatalf("%s %s: has changed something", c.request, c.body)
			}
		}
	})
}
