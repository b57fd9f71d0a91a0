package terraform

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"usher/compat/devserver"
)

// TestPlan takes one plan through all that Terraform does with it, in an
// organisation of each pipeline: the provider asks for it, and calls more in
// the newer one.
func TestPlan(t *testing.T) {
	for _, pipeline := range []string{"idx", "v1"} {
		t.Run(pipeline, func(t *testing.T) {
			seed := filepath.Join(t.TempDir(), "seed.yaml")
			text := "org: {pipeline: " + pipeline + "}\nusers: [{login: someone@example.com, password: Correct-Horse-1}]\n"
			if err := os.WriteFile(seed, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			c := newClient(t, devserver.Start(t, "--seed", seed))
			if c.classic != (pipeline == "v1") {
				t.Fatalf("the organisation says that its pipeline is not %s", pipeline)
			}
			walk(t, c)
		})
	}
}

// walk takes the steps, each of which needs the one before.
func walk(t *testing.T, c *client) {
	plan, s := thePlan(), state{}
	first := func(r resource) func(state) attributes { return r.first }
	then := func(r resource) func(state) attributes {
		if r.then != nil {
			return r.then
		}
		return r.first
	}
	for _, step := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"create", func(t *testing.T) { apply(t, c, plan, s, first) }},
		{"nothing to do after it", func(t *testing.T) { refresh(t, c, plan, s) }},
		{"import", func(t *testing.T) { imports(t, c, plan, s) }},
		{"change", func(t *testing.T) {
			for _, r := range plan {
				if r.then != nil && len(differences(r.then(s), s[r.name])) == 0 {
					t.Errorf("%s: the plan's change changes nothing", r.name)
				}
			}
			apply(t, c, plan, s, then)
		}},
		{"nothing to do after the change", func(t *testing.T) { refresh(t, c, plan, s) }},
		{"import after the change", func(t *testing.T) { imports(t, c, plan, s) }},
		{"change back", func(t *testing.T) { apply(t, c, plan, s, first) }},
		{"destroy", func(t *testing.T) { destroy(t, c, plan, s) }},
	} {
		if !t.Run(step.name, step.run) {
			t.FailNow()
		}
	}
}

// config gives a configuration that refers to nothing.
func config(a attributes) func(state) attributes { return func(state) attributes { return a } }

// secrets are attributes of a user that no answer tells.
func secrets() []string {
	return []string{"password", "old_password", "password_hash", "recovery_question", "recovery_answer"}
}

func thePlan() []resource {
	var plan []resource
	for _, part := range [][]resource{people(), rules(), applications(), policies(), authServers()} {
		plan = append(plan, part...)
	}
	return plan
}

func people() []resource {
	ada := func(more attributes) func(state) attributes {
		a := attributes{
			"login": "ada@example.com", "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "status": "ACTIVE",
			"password": "Analytical-1842", "recovery_question": "Which engine?", "recovery_answer": "analytical",
		}
		for k, v := range more {
			a[k] = v
		}
		return config(a)
	}
	staged := func(status string) func(state) attributes {
		return config(attributes{
			"login": "charles@example.com", "email": "charles@example.com", "first_name": "Charles", "last_name": "Babbage",
			"status": status, "password": "Difference-1822",
		})
	}
	member := func(i int) resource {
		login := fmt.Sprintf("member%d@example.com", i)
		return resource{name: fmt.Sprintf("okta_user.member%d", i), kind: user{}, kept: secrets(), first: config(attributes{
			"login": login, "email": login, "first_name": "Member", "last_name": "Number", "status": "ACTIVE", "password": "Difference-1822",
		})}
	}
	return []resource{
		{
			name: "okta_user.ada", kind: user{}, kept: secrets(), first: ada(nil),
			then: ada(attributes{
				"last_name": "King", "department": "Engines", "title": "Countess", "second_email": "king@example.com", "city": "London",
				"country_code": "GB", "postal_address": "12 St James's Square", "password": "Analytical-1843", "old_password": "Analytical-1842",
				"recovery_question": "Which number?", "recovery_answer": "bernoulli",
			}),
		},
		{name: "okta_user.charles", kind: user{}, kept: secrets(), first: staged("ACTIVE"), then: staged("SUSPENDED")},
		member(1), member(2), member(3),
		{
			name: "okta_user.imported", kind: user{}, kept: secrets(),
			first: config(attributes{
				"login": "imported@example.com", "email": "imported@example.com", "first_name": "Im", "last_name": "Ported", "status": "ACTIVE",
				"password_hash": attributes{
					"algorithm": "SHA-512", "salt": "TXlTYWx0", "saltOrder": "PREFIX", "workFactor": 0.0,
					"value": "QrozP8a+KfoHu6mPFysxLoO5LMQsd2Fw6IclZUf8xQjetJOpGTwGPFuEHqZ4c9sBQ3RTKgVrMdnDIQ8sBQQwPA==",
				},
			}),
		},
		{
			name: "okta_user_admin_roles.ada", kind: adminRoles{},
			first: func(s state) attributes {
				return attributes{"user_id": s.id("okta_user.ada"), "admin_roles": []any{"SUPER_ADMIN", "APP_ADMIN"}}
			},
			then: func(s state) attributes {
				return attributes{"user_id": s.id("okta_user.ada"), "admin_roles": []any{"APP_ADMIN", "READ_ONLY_ADMIN", "USER_ADMIN"}}
			},
		},
		{
			name: "okta_group.team", kind: group{}, first: config(attributes{"name": "Team", "description": "The first one"}),
			then: config(attributes{"name": "Team of teams"}),
		},
		{name: "okta_group.other", kind: group{}, first: config(attributes{"name": "Other"})},
		{
			name: "okta_group_memberships.team", kind: memberships{},
			first: func(s state) attributes {
				return attributes{"group_id": s.id("okta_group.team"), "users": []any{s.id("okta_user.member1"), s.id("okta_user.member2")}}
			},
			then: func(s state) attributes {
				return attributes{"group_id": s.id("okta_group.team"), "users": []any{s.id("okta_user.member2"), s.id("okta_user.member3")}}
			},
		},
	}
}

func rules() []resource {
	rule := func(status, value string, excluded ...string) func(state) attributes {
		return func(s state) attributes {
			a := attributes{
				"name": "Engineers", "status": status, "expression_type": "urn:okta:expression:1.0", "expression_value": value,
				"group_assignments": []any{s.id("okta_group.other")},
			}
			for _, name := range excluded {
				a["users_excluded"] = []any{s.id(name)}
			}
			return a
		}
	}
	return []resource{
		{
			name: "okta_group_rule.engineers", kind: groupRule{},
			first: rule("ACTIVE", `String.startsWith(user.firstName,"andy")`),
			then:  rule("ACTIVE", `String.startsWith(user.firstName,String.toLowerCase("bob"))`, "okta_user.member1"),
		},
		{
			name: "okta_group_rule.idle", kind: groupRule{},
			first: func(s state) attributes {
				a := rule("INACTIVE", `user.department=="Engines"`)(s)
				a["name"] = "Idle"
				return a
			},
			then: func(s state) attributes {
				a := rule("ACTIVE", `user.department=="Looms"`)(s)
				a["name"] = "Idle no more"
				return a
			},
		},
	}
}
