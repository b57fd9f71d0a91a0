package terraform

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
)

// attributes are what a configuration or the state says of a resource. Strings,
// bools, float64s, nested attributes and []any stand for JSON as usual; a set
// is a []any in any order.
type attributes = map[string]any

// kind is a type of resource, as the provider has it.
type kind interface {
	// create makes the resource and gives what the state has to remember of
	// it beside what read finds: its id, and what identifies its parents.
	create(c *client, want attributes) attributes
	// read gives what the provider keeps of a resource, nil if it is gone.
	read(c *client, state attributes) attributes
	// update brings a resource from one configuration to another.
	update(c *client, state, want attributes)
	// destroy removes the resource.
	destroy(c *client, state attributes)
	// importID is what a user gives to import the resource, and found the
	// state that the provider begins to read with then.
	importID(state attributes) string
	found(importID string) attributes
}

// resource is one resource of a plan.
type resource struct {
	name string // okta_group.team
	kind kind
	// first and then are the configuration before and after the change. They
	// may refer to the state of resources that stand before this one.
	first func(s state) attributes
	then  func(s state) attributes
	// kept are attributes that the provider never reads back: what is in the
	// configuration stays in the state.
	kept []string
}

// state is what Terraform remembers, by the name of the resource.
type state map[string]attributes

// id gives the id of a resource.
func (s state) id(name string) string {
	id, ok := s[name]["id"].(string)
	if !ok {
		panic("the plan refers to " + name + " before it stands there")
	}
	return id
}

// apply makes what is missing and changes what differs, and then reads each
// resource back, which must show no difference any more.
func apply(t *testing.T, c *client, plan []resource, s state, config func(resource) func(state) attributes) {
	t.Helper()
	for _, r := range plan {
		c.t, c.at = t, r.name
		want := config(r)(s)
		have := s[r.name]
		switch {
		case have == nil:
			have = r.kind.create(c, want)
		case len(differences(want, have)) > 0:
			r.kind.update(c, have, want)
		}
		s[r.name] = refreshed(t, c, r, have, want)
		for _, d := range differences(want, s[r.name]) {
			t.Errorf("%s: read back after it was applied: %s", r.name, d)
		}
	}
}

// refreshed reads a resource and carries over what the provider never reads.
func refreshed(t *testing.T, c *client, r resource, have, want attributes) attributes {
	t.Helper()
	got := r.kind.read(c, have)
	if got == nil {
		t.Fatalf("%s: gone", r.name)
	}
	for _, name := range r.kept {
		got[name] = want[name]
	}
	return got
}

// refresh reads all again, as a plan without changes does: nothing may have
// moved, computed attributes included.
func refresh(t *testing.T, c *client, plan []resource, s state) {
	t.Helper()
	for _, r := range plan {
		c.t, c.at = t, r.name
		got := refreshed(t, c, r, s[r.name], s[r.name])
		for _, d := range differences(s[r.name], got) {
			t.Errorf("%s: moved by itself: %s", r.name, d)
		}
	}
}

// imports reads each resource with nothing but the id that a user types, and
// must find what the state has.
func imports(t *testing.T, c *client, plan []resource, s state) {
	t.Helper()
	for _, r := range plan {
		c.t, c.at = t, r.name
		got := r.kind.read(c, r.kind.found(r.kind.importID(s[r.name])))
		if got == nil {
			t.Errorf("%s: not found by %q", r.name, r.kind.importID(s[r.name]))
			continue
		}
		want := maps.Clone(s[r.name])
		for _, name := range r.kept {
			delete(want, name)
		}
		for _, d := range differences(want, got) {
			t.Errorf("%s: imported: %s", r.name, d)
		}
	}
}

// destroy removes all, the last first, and finds nothing afterwards.
func destroy(t *testing.T, c *client, plan []resource, s state) {
	t.Helper()
	for _, r := range slices.Backward(plan) {
		c.t, c.at = t, r.name
		r.kind.destroy(c, s[r.name])
		if got := r.kind.read(c, s[r.name]); got != nil {
			t.Errorf("%s: still there after it was destroyed: %v", r.name, got)
		}
		delete(s, r.name)
	}
}

// differences tells where the state is not as it should be. As in Terraform,
// an attribute that is absent equals the empty value of its type.
func differences(want, have attributes) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !same(want[name], have[name]) {
			all = append(all, fmt.Sprintf("%s is %#v, want %#v", name, have[name], want[name]))
		}
	}
	return all
}

func same(a, b any) bool {
	if empty(a) && empty(b) {
		return true
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		rest := slices.Clone(b)
		for _, x := range a {
			i := slices.IndexFunc(rest, func(y any) bool { return same(x, y) })
			if i < 0 {
				return false
			}
			rest = slices.Delete(rest, i, i+1)
		}
		return true
	case attributes:
		b, ok := b.(attributes)
		return ok && len(differences(a, b)) == 0
	}
	return reflect.DeepEqual(a, b)
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case attributes:
		return len(v) == 0
	}
	return false
}
