package oktasdkv2

import (
	"net/http"
	"slices"
	"testing"

	"github.com/okta/okta-sdk-golang/v2/okta"
	"github.com/okta/okta-sdk-golang/v2/okta/query"
)

// TestGroupLife creates a group, fills, pages through, empties and deletes it.
func TestGroupLife(t *testing.T) {
	ctx, client, _ := newClient(t)
	group, _, err := client.Group.CreateGroup(ctx, okta.Group{Profile: &okta.GroupProfile{Name: "Lamp carriers", Description: "They carry lamps."}})
	if err != nil {
		t.Fatal(err)
	}
	if group.Id == "" || group.Type != "OKTA_GROUP" || group.Profile.Name != "Lamp carriers" || !slices.Equal(group.ObjectClass, []string{"okta:user_group"}) {
		t.Errorf("created group is %+v", group)
	}
	users := people(ctx, t, client, "lamp-", 3)
	for _, u := range users {
		for range 2 { // a second time changes nothing
			resp, err := client.Group.AddUserToGroup(ctx, group.Id, u.Id)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusNoContent {
				t.Errorf("add answered %d, want 204", resp.StatusCode)
			}
		}
	}

	t.Run("members by page", func(t *testing.T) {
		var ids []string
		page, resp, err := client.Group.ListGroupUsers(ctx, group.Id, query.NewQueryParams(query.WithLimit(2)))
		for err == nil {
			if len(page) > 2 {
				t.Fatalf("a page of %d members, want at most 2", len(page))
			}
			for _, u := range page {
				ids = append(ids, u.Id)
			}
			if !resp.HasNextPage() || len(ids) > 10 {
				break
			}
			page = nil
			resp, err = resp.Next(ctx, &page)
		}
		if err != nil {
			t.Fatal(err)
		}
		want := []string{users[0].Id, users[1].Id, users[2].Id}
		slices.Sort(ids)
		slices.Sort(want)
		if !slices.Equal(ids, want) {
			t.Errorf("members are %v, want %v", ids, want)
		}
	})
	t.Run("a user's groups", func(t *testing.T) {
		groups, _, err := client.User.ListUserGroups(ctx, users[0].Id)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, g := range groups {
			names = append(names, g.Profile.Name)
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"Everyone", "Lamp carriers"}) {
			t.Errorf("groups are %v", names)
		}
	})
	t.Run("update and remove", func(t *testing.T) {
		updated, _, err := client.Group.UpdateGroup(ctx, group.Id, okta.Group{Profile: &okta.GroupProfile{Name: "Lantern carriers"}})
		if err != nil {
			t.Fatal(err)
		}
		if updated.Profile.Name != "Lantern carriers" || updated.Profile.Description != "" {
			t.Errorf("profile is %+v", updated.Profile)
		}
		if _, err := client.Group.RemoveUserFromGroup(ctx, group.Id, users[0].Id); err != nil {
			t.Fatal(err)
		}
		left, _, err := client.Group.ListGroupUsers(ctx, group.Id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) != 2 {
			t.Errorf("%d members left, want 2", len(left))
		}
	})
	t.Run("delete", func(t *testing.T) {
		if _, err := client.Group.DeleteGroup(ctx, group.Id); err != nil {
			t.Fatal(err)
		}
		_, resp, err := client.Group.GetGroup(ctx, group.Id)
		wantError(t, err, resp, http.StatusNotFound, "E0000007")
		if _, _, err := client.User.GetUser(ctx, users[1].Id); err != nil {
			t.Errorf("a member went with the group: %v", err)
		}
	})
}

// TestGroupOnCreation puts a user into a group in the same call that makes it.
func TestGroupOnCreation(t *testing.T) {
	ctx, client, _ := newClient(t)
	group, _, err := client.Group.CreateGroup(ctx, okta.Group{Profile: &okta.GroupProfile{Name: "Founders"}})
	if err != nil {
		t.Fatal(err)
	}
	user, _, err := client.User.CreateUser(ctx, okta.CreateUserRequest{
		Profile:  &okta.UserProfile{"firstName": "F", "lastName": "G", "email": "f@example.com", "login": "f@example.com"},
		GroupIds: []string{group.Id},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	members, _, err := client.Group.ListGroupUsers(ctx, group.Id, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(members) != 1 || members[0].Id != user.Id {
		t.Errorf("members are %v, want %s alone", members, user.Id)
	}
}

// TestEveryone looks for the built-in group as the provider for Terraform does,
// and checks that it cannot be changed.
func TestEveryone(t *testing.T) {
	ctx, client, _ := newClient(t)
	found, _, err := client.Group.ListGroups(ctx, query.NewQueryParams(query.WithQ("Everyone")))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Type != "BUILT_IN" {
		t.Fatalf("found %+v, want the one built-in group", found)
	}
	if _, err := client.Group.DeleteGroup(ctx, found[0].Id); err == nil {
		t.Error("the built-in group was deleted")
	}
}
