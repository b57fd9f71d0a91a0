package oktasdkv2

import (
	"net/http"
	"testing"

	"github.com/okta/okta-sdk-golang/v2/okta"
	"github.com/okta/okta-sdk-golang/v2/okta/query"
)

// TestUserLife takes one user from creation to the second, final delete.
func TestUserLife(t *testing.T) {
	ctx, client, _ := newClient(t)

	created, _, err := client.User.CreateUser(ctx, okta.CreateUserRequest{
		Profile: &okta.UserProfile{
			"firstName": "Ada", "lastName": "Morgan", "email": "ada.morgan@example.com", "login": "ada.morgan@example.com",
		},
		Credentials: &okta.UserCredentials{Password: &okta.PasswordCredential{Value: password}},
	}, query.NewQueryParams(query.WithActivate(true)))
	if err != nil {
		t.Fatal(err)
	}
	if created.Status != "ACTIVE" || created.Created == nil || created.Activated == nil || created.PasswordChanged == nil {
		t.Errorf("created user is %+v, want ACTIVE with its times", created)
	}

	for _, key := range []string{created.Id, "ada.morgan@example.com", "ada.morgan"} {
		got, _, err := client.User.GetUser(ctx, key)
		if err != nil {
			t.Fatalf("get by %q: %v", key, err)
		}
		if got.Id != created.Id || (*got.Profile)["firstName"] != "Ada" {
			t.Errorf("get by %q gave %+v", key, got)
		}
	}

	t.Run("full update erases what is left out", func(t *testing.T) {
		profile := okta.UserProfile{
			"firstName": "Ada", "lastName": "Winter", "email": "ada.morgan@example.com", "login": "ada.morgan@example.com", "nickName": "Addie",
		}
		if _, _, err := client.User.UpdateUser(ctx, created.Id, okta.User{Profile: &profile}, nil); err != nil {
			t.Fatal(err)
		}
		delete(profile, "nickName")
		updated, _, err := client.User.UpdateUser(ctx, created.Id, okta.User{Profile: &profile}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if (*updated.Profile)["lastName"] != "Winter" || (*updated.Profile)["nickName"] != nil {
			t.Errorf("profile is %v", *updated.Profile)
		}
	})
	t.Run("partial update keeps what is left out", func(t *testing.T) {
		updated, _, err := client.User.PartialUpdateUser(ctx, created.Id, okta.User{Profile: &okta.UserProfile{"nickName": "Ad"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if (*updated.Profile)["lastName"] != "Winter" || (*updated.Profile)["nickName"] != "Ad" {
			t.Errorf("profile is %v", *updated.Profile)
		}
	})
	t.Run("deactivate, then delete twice", func(t *testing.T) {
		other := person(ctx, t, client, "second.life@example.com")
		if _, err := client.User.DeactivateUser(ctx, created.Id, nil); err != nil {
			t.Fatal(err)
		}
		gone, _, err := client.User.GetUser(ctx, created.Id)
		if err != nil {
			t.Fatal(err)
		}
		if gone.Status != "DEPROVISIONED" {
			t.Errorf("after deactivation the user is %s, want DEPROVISIONED", gone.Status)
		}
		if _, err := client.User.DeactivateOrDeleteUser(ctx, created.Id, nil); err != nil {
			t.Fatal(err)
		}
		if _, resp, err := client.User.GetUser(ctx, created.Id); err == nil {
			t.Fatal("a deleted user is still there")
		} else {
			wantError(t, err, resp, http.StatusNotFound, "E0000007")
		}

		// The other way: the first delete deactivates, the second deletes.
		resp, err := client.User.DeactivateOrDeleteUser(ctx, other.Id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusNoContent {
			t.Errorf("the first delete answered %d, want 204", resp.StatusCode)
		}
		still, _, err := client.User.GetUser(ctx, other.Id)
		if err != nil {
			t.Fatal(err)
		}
		if still.Status != "DEPROVISIONED" {
			t.Errorf("after one delete the user is %s, want DEPROVISIONED", still.Status)
		}
		if _, err := client.User.DeactivateOrDeleteUser(ctx, other.Id, nil); err != nil {
			t.Fatal(err)
		}
		if _, resp, err := client.User.GetUser(ctx, other.Id); err == nil {
			t.Fatal("a user deleted twice is still there")
		} else {
			wantError(t, err, resp, http.StatusNotFound, "E0000007")
		}
	})
}

// TestUserStates creates users without credentials and without activation.
func TestUserStates(t *testing.T) {
	ctx, client, _ := newClient(t)
	profile := func(login string) *okta.UserProfile {
		return &okta.UserProfile{"firstName": "No", "lastName": "Secret", "email": login, "login": login}
	}
	staged, _, err := client.User.CreateUser(ctx, okta.CreateUserRequest{Profile: profile("staged@example.com")},
		query.NewQueryParams(query.WithActivate(false)))
	if err != nil {
		t.Fatal(err)
	}
	if staged.Status != "STAGED" || staged.Activated != nil {
		t.Errorf("got %s activated %v, want STAGED and never", staged.Status, staged.Activated)
	}
	provisioned, _, err := client.User.CreateUser(ctx, okta.CreateUserRequest{Profile: profile("provisioned@example.com")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if provisioned.Status != "PROVISIONED" {
		t.Errorf("got %s, want PROVISIONED", provisioned.Status)
	}
	token, _, err := client.User.ActivateUser(ctx, staged.Id, &query.Params{SendEmail: new(bool)})
	if err != nil {
		t.Fatal(err)
	}
	if token.ActivationToken == "" || token.ActivationUrl == "" {
		t.Errorf("activation gave %+v, want a token and an address", token)
	}
	question, _, err := client.User.CreateUser(ctx, okta.CreateUserRequest{
		Profile: profile("question@example.com"),
		Credentials: &okta.UserCredentials{
			Password:         &okta.PasswordCredential{Value: password},
			RecoveryQuestion: &okta.RecoveryQuestionCredential{Question: "Who carried the lamp?", Answer: "the miller's daughter"},
		},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if q := question.Credentials; q == nil || q.RecoveryQuestion == nil || q.RecoveryQuestion.Question != "Who carried the lamp?" || q.RecoveryQuestion.Answer != "" {
		t.Errorf("credentials are %+v, want the question without its answer", q)
	}
}

// TestUserPages follows the Link headers as the SDK does.
func TestUserPages(t *testing.T) {
	ctx, client, _ := newClient(t)
	want := map[string]bool{}
	for _, u := range people(ctx, t, client, "page-", 5) {
		want[u.Id] = true
	}
	users, resp, err := client.User.ListUsers(ctx, query.NewQueryParams(query.WithLimit(2)))
	if err != nil {
		t.Fatal(err)
	}
	seen, pages := map[string]bool{}, 1
	for {
		if len(users) > 2 {
			t.Fatalf("a page of %d users, want at most 2", len(users))
		}
		for _, u := range users {
			if seen[u.Id] {
				t.Errorf("user %s came twice", u.Id)
			}
			seen[u.Id] = true
			delete(want, u.Id)
		}
		if !resp.HasNextPage() {
			break
		}
		if pages++; pages > 50 {
			t.Fatal("the pages do not end")
		}
		users = nil
		if resp, err = resp.Next(ctx, &users); err != nil {
			t.Fatal(err)
		}
	}
	if len(want) > 0 || pages < 3 {
		t.Errorf("%d pages, missing users %v", pages, want)
	}
}

// TestUserErrors checks that the SDK reads our refusals.
func TestUserErrors(t *testing.T) {
	ctx, client, server := newClient(t)
	_, resp, err := client.User.GetUser(ctx, "00u00000000000000000")
	wantError(t, err, resp, http.StatusNotFound, "E0000007")

	person(ctx, t, client, "twice@example.com")
	again := okta.CreateUserRequest{Profile: &okta.UserProfile{
		"firstName": "A", "lastName": "B", "email": "twice@example.com", "login": "twice@example.com",
	}}
	_, resp, err = client.User.CreateUser(ctx, again, nil)
	wantError(t, err, resp, http.StatusBadRequest, "E0000001")

	weak := okta.CreateUserRequest{
		Profile:     &okta.UserProfile{"firstName": "A", "lastName": "B", "email": "weak@example.com", "login": "weak@example.com"},
		Credentials: &okta.UserCredentials{Password: &okta.PasswordCredential{Value: "short"}},
	}
	_, resp, err = client.User.CreateUser(ctx, weak, nil)
	wantError(t, err, resp, http.StatusBadRequest, "E0000001")

	ctx, stranger := connect(t, server.URL, "00notatokenthatanybodyevermade00000000000")
	_, resp, err = stranger.User.ListUsers(ctx, nil)
	wantError(t, err, resp, http.StatusUnauthorized, "E0000011")
}

// TestCachingClient uses the SDK as it comes, with its cache on: an update
// through the same client must be seen by its next read.
func TestCachingClient(t *testing.T) {
	_, _, server := newClient(t)
	ctx, client := connect(t, server.URL, server.APIToken)
	user := person(ctx, t, client, "cached@example.com")
	if _, _, err := client.User.GetUser(ctx, user.Id); err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.User.PartialUpdateUser(ctx, user.Id, okta.User{Profile: &okta.UserProfile{"nickName": "C"}}, nil); err != nil {
		t.Fatal(err)
	}
	got, _, err := client.User.GetUser(ctx, user.Id)
	if err != nil {
		t.Fatal(err)
	}
	if (*got.Profile)["nickName"] != "C" {
		t.Errorf("profile is %v after the update", *got.Profile)
	}
}
