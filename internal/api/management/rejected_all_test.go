package management_test

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/openapi"
)

// TestNothingRejectedIsKept sends what no operation can take to every operation
// that writes, on things that are there and on things that are not: a refusal
// leaves every row as it was, the log's included, and is never our own fault.
func TestNothingRejectedIsKept(t *testing.T) {
	if testing.Short() {
		t.Skip("copies the database a thousand times")
	}
	// A refusal of these must leave a trace: a wrong guess counts, a hook was asked.
	traced := []openapi.ID{openapi.ChangePassword, openapi.ChangeRecoveryQuestion, openapi.ExecuteInlineHook}
	app := apptest.New(t)
	user := app.Post("/api/v1/users", body("in@example.org", password)).Want(200).Text("id")
	group := app.Post("/api/v1/groups", `{"profile":{"name":"mine"}}`).Want(200).Text("id")
	client := addApp(t, app, web)
	hook := app.Post("/api/v1/inlineHooks", hookBody("https://hooks.example/ask")).Want(200).Text("id")
	there := map[string]string{
		"userId": user, "groupId": group, "appId": client, "inlineHookId": hook,
		"policyId":        app.Post("/api/v1/policies", `{"type":"PROFILE_ENROLLMENT","name":"Newcomers"}`).Want(200).Text("id"),
		"zoneId":          app.Post("/api/v1/zones", `{"type":"DYNAMIC","name":"Far","locations":[{"country":"NO"}]}`).Want(200).Text("id"),
		"trustedOriginId": app.Post("/api/v1/trustedOrigins", `{"name":"Front","origin":"https://app.example.org","scopes":[{"type":"CORS"}]}`).Want(200).Text("id"),
		"typeId":          app.Post("/api/v1/meta/types/user", `{"name":"staff","displayName":"Staff"}`).Want(200).Text("id"),
		"schemaId":        "default",
		"roleId":          app.Post("/api/v1/users/"+user+"/roles", `{"type":"USER_ADMIN"}`).Want(201).Text("id"),
		"ruleId": app.Post("/api/v1/groups/rules", `{"type":"group_rule","name":"r","conditions":{"expression":{"value":"user.city==\"x\"","type":"urn:okta:expression:1.0"}},
 "actions":{"assignUserToGroups":{"groupIds":["`+group+`"]}}}`).Want(200).Text("id"),
		"authServerId": app.Get("/api/v1/authorizationServers").Want(200).Text("0.id"),
		"templateId":   app.Post("/api/v1/templates/sms", `{"name":"Mine","type":"SMS_VERIFY_CODE","template":"${code}"}`).Want(200).Text("id"),
		"contactType":  "BILLING", "featureId": "registration", "primaryRelationshipName": "boss", "linkedObjectName": "boss",
	}
	snapshot := func() []byte {
		b, err := app.Server.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	parameter := regexp.MustCompile(`\{([^}]+)\}`)
	bad := []any{
		nil, `{`, `[]`, `{"profile":5,"name":[],"type":{},"credentials":"x","settings":[],"conditions":1,"actions":"x","definitions":3,"scopes":4,"channel":"x"}`,
		`{"name":"\u0000","label":"","profile":{"name":""},"userId":""}`, "{\"name\":\"\xff\"}",
	}
	before, refused := snapshot(), 0
	for _, op := range openapi.Operations() {
		if !strings.HasPrefix(op.Document, "management") || op.Method == http.MethodGet || op.Auth == openapi.AuthSession || slices.Contains(traced, op.ID) {
			continue
		}
		missing := parameter.ReplaceAllString(op.Path, "nothing")
		found := parameter.ReplaceAllStringFunc(op.Path, func(p string) string {
			if id, ok := there[strings.Trim(p, "{}")]; ok {
				return id
			}
			return "nothing"
		})
		paths := []string{missing, found}
		if op.Method == http.MethodDelete || strings.Contains(op.Path, "/lifecycle/") {
			paths = paths[:1]
		}
		for _, path := range paths {
			for _, content := range bad {
				a := app.Do(op.Method, path, content)
				if a.Status == http.StatusNotImplemented {
					break
				}
				if a.Status >= http.StatusInternalServerError {
					t.Errorf("%s %s with %v: %d %s", op.Method, path, content, a.Status, a.Body)
				}
				after := snapshot()
				if a.Status >= http.StatusBadRequest {
					refused++
					if !bytes.Equal(before, after) {
						t.Errorf("%s %s with %v: answers %d and has changed something", op.Method, path, content, a.Status)
					}
				}
				before = after
			}
		}
	}
	if refused < 1000 {
		t.Errorf("%d requests were refused", refused)
	}
}
