package policy

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/env"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/store"
)

// admin completes the service of a world and returns an actor for it.
func (w *world) admin() idp.Actor {
	w.Store, w.Log = w.store, &eventlog.Log{IDs: w.IDs}
	return idp.SystemActor(w.org)
}

// TestPlacesSurviveCrowds: whatever many administrators do at once, the
// priorities stay without gaps or twins, and the system's come last.
func TestPlacesSurviveCrowds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.admin()
		const crowd = 8
		first, err := w.Create(t.Context(), a, Input{Type: TypeSignOn, Name: "first"}, true)
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		faults := make(chan error, 100)
		for i := range crowd {
			wait.Go(func() {
				one := 1
				p, err := w.Create(t.Context(), a, Input{Type: TypeSignOn, Name: fmt.Sprint("p", i), Priority: &one}, true)
				if err != nil {
					faults <- err
					return
				}
				far := i + 2
				if _, err := w.Replace(t.Context(), a, p.ID, Input{Name: p.Name, Priority: &far}); err != nil {
					faults <- err
				}
				_, r, err := w.AddRule(t.Context(), a, first.ID, RuleInput{Name: fmt.Sprint("r", i), Priority: &one, Actions: []byte(`{"signon":{"access":"ALLOW"}}`)}, true)
				if err != nil {
					faults <- err
					return
				}
				if i%2 == 0 {
					if err := w.Delete(t.Context(), a, p.ID); err != nil {
						faults <- err
					}
					if err := w.DeleteRule(t.Context(), a, first.ID, r.ID); err != nil {
						faults <- err
					}
				}
			})
		}
		wait.Wait()
		close(faults)
		for err := range faults {
			t.Errorf("%v", err)
		}
		list, err := w.List(t.Context(), a, TypeSignOn, "")
		if err != nil || len(list) != crowd/2+2 {
			t.Fatalf("%d policies, %v", len(list), err)
		}
		for i, p := range list {
			if p.Priority != i+1 || p.System != (i == len(list)-1) {
				t.Errorf("place %d: %s has %d", i+1, p.Name, p.Priority)
			}
		}
		p, err := w.Policy(t.Context(), a, first.ID)
		if err != nil || len(p.Rules) != crowd/2 {
			t.Fatalf("%d rules, %v", len(p.Rules), err)
		}
		for i, r := range p.Rules {
			if r.Priority != i+1 {
				t.Errorf("place %d: %s has %d", i+1, r.Name, r.Priority)
			}
		}
	})
}

// TestNamesAreTakenOnce: of many who want the same name one gets it.
func TestNamesAreTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.admin()
		var wait sync.WaitGroup
		var mu sync.Mutex
		got := map[idp.Kind]int{}
		for range 6 {
			wait.Go(func() {
				_, err := w.Create(t.Context(), a, Input{Type: TypePassword, Name: "same"}, true)
				mu.Lock()
				got[idp.KindOf(err)]++
				mu.Unlock()
			})
		}
		wait.Wait()
		if got[0] != 1 || got[idp.KindInvalid] != 5 {
			t.Errorf("%v", got)
		}
	})
}

// TestRefusedChangesLeaveNothing: neither rows nor events, nor moved neighbours.
func TestRefusedChangesLeaveNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.admin()
		for _, name := range []string{"a", "b"} {
			if _, err := w.Create(t.Context(), a, Input{Type: TypeSignOn, Name: name}, true); err != nil {
				t.Fatal(err)
			}
		}
		before := w.snapshot(t)
		one := 1
		if _, err := w.Create(t.Context(), a, Input{Type: TypeSignOn, Name: "b", Priority: &one}, true); idp.KindOf(err) != idp.KindInvalid {
			t.Errorf("a name that is taken: %v", err)
		}
		list, err := w.List(t.Context(), a, TypeSignOn, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Replace(t.Context(), a, list[1].ID, Input{Name: "a", Priority: &one}); idp.KindOf(err) != idp.KindInvalid {
			t.Errorf("a name that is taken: %v", err)
		}
		if after := w.snapshot(t); after != before {
			t.Error("a refused change has left something")
		}
	})
}

// snapshot is all data as text.
func (w *world) snapshot(t *testing.T) string {
	t.Helper()
	b, err := w.store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestOrganisationsAreApart: nobody sees or names what another organisation has.
func TestOrganisationsAreApart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.admin()
		other := &idp.Org{ID: w.IDs.New("00o"), Name: "other", Subdomain: "other", Host: "other.example", Created: noon, Settings: idp.OrgSettings{EveryoneID: w.IDs.New("00g")}}
		w.tx(t, func(tx *store.Tx) error {
			if err := tx.InsertOrg(other); err != nil {
				return err
			}
			return w.Seed(tx, other, other.Settings.EveryoneID)
		})
		b := idp.SystemActor(other)
		p, err := w.Create(t.Context(), a, Input{Type: TypeSignOn, Name: "mine"}, true)
		if err != nil {
			t.Fatal(err)
		}
		z, err := w.CreateZone(t.Context(), a, ZoneInput{Type: ZoneIP, Name: "mine", Gateways: []Address{{FormCIDR, "192.0.2.0/24"}}})
		if err != nil {
			t.Fatal(err)
		}
		o, err := w.CreateOrigin(t.Context(), a, OriginInput{Name: "mine", Origin: "https://a.example", CORS: true})
		if err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"read policy":   second(w.Policy(t.Context(), b, p.ID)),
			"delete policy": w.Delete(t.Context(), b, p.ID),
			"read zone":     second(w.Zone(t.Context(), b, z.ID)),
			"delete zone":   w.DeleteZone(t.Context(), b, z.ID),
			"read origin":   second(w.Origin(t.Context(), b, o.ID)),
			"delete origin": w.DeleteOrigin(t.Context(), b, o.ID),
		} {
			if idp.KindOf(err) != idp.KindNotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
		for _, c := range []*Conditions{
			{People: &People{Groups: &Selection{Include: []string{w.staff.ID}}}},
			{People: &People{Users: &Selection{Exclude: []string{w.user.ID}}}},
			{Network: &Network{Connection: Zone, Include: []string{z.ID}}},
		} {
			if _, err := w.Create(t.Context(), b, Input{Type: TypeSignOn, Name: "theirs", Conditions: c}, true); idp.KindOf(err) != idp.KindInvalid {
				t.Errorf("%+v: %v", c, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestZoneHolds(t *testing.T) {
	for _, c := range []struct {
		address Address
		in, out string
	}{
		{Address{FormCIDR, "192.0.2.77/24"}, "192.0.2.0 192.0.2.255 ::ffff:192.0.2.1", "192.0.1.255 192.0.3.0 2001:db8::1"},
		{Address{FormCIDR, "192.0.2.1/32"}, "192.0.2.1", "192.0.2.0 192.0.2.2"},
		{Address{FormCIDR, "0.0.0.0/0"}, "0.0.0.0 255.255.255.255", "::1"},
		{Address{FormCIDR, "2001:db8::/33"}, "2001:db8:: 2001:db8:7fff:ffff::1 2001:db8::1%eth0", "2001:db8:8000:: 192.0.2.1"},
		{Address{FormRange, "192.0.2.9 - 192.0.3.1"}, "192.0.2.9 192.0.2.255 192.0.3.1", "192.0.2.8 192.0.3.2"},
		{Address{FormRange, "192.0.2.9"}, "192.0.2.9", "192.0.2.10"},
	} {
		z := &NetworkZone{Status: Active, Gateways: []Address{c.address}}
		for _, ip := range strings.Fields(c.in) {
			if !z.holds(netip.MustParseAddr(ip)) {
				t.Errorf("%v does not hold %s", c.address, ip)
			}
		}
		for _, ip := range strings.Fields(c.out) {
			if z.holds(netip.MustParseAddr(ip)) {
				t.Errorf("%v holds %s", c.address, ip)
			}
		}
		if z.holds(netip.Addr{}) {
			t.Errorf("%v holds nobody", c.address)
		}
		z.Status = Inactive
		if z.holds(netip.MustParseAddr(strings.Fields(c.in)[0])) {
			t.Errorf("%v holds though it is inactive", c.address)
		}
	}
}

// FuzzAddress: no text breaks the reading of an address, and what is read has
// its first address not behind its last.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"192.0.2.0/24", "192.0.2.1-192.0.2.9", "2001:db8::/32", "::ffff:1.2.3.4/120", "-", "/", "fe80::1%eth0-fe80::2%eth0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, form := range []AddressType{FormCIDR, FormRange} {
			first, last, err := Address{form, text}.bounds()
			if err == nil && (!first.IsValid() || !last.IsValid() || last.Less(first)) {
				t.Errorf("%s %q: %s to %s", form, text, first, last)
			}
		}
	})
}

// FuzzRule: no document of a rule breaks the reading, and what was read is read
// again the same.
func FuzzRule(f *testing.F) {
	for _, s := range []string{
		`{"people":{"users":{}},"network":{"connection":"ZONE","include":["a"]}}`, `{"platform":{"include":[{"os":{"version":{"value":"1"}}}]}}`,
		`{"risk":null,"people":null}`, `{"userType":{}}`, `[]`,
	} {
		f.Add(s, `{"signon":{"access":"ALLOW","factorPromptMode":null},"appSignOn":{"verificationMethod":{"type":"ASSURANCE","constraints":null}}}`)
	}
	f.Fuzz(func(t *testing.T, conditionsText, actionsText string) {
		for _, kind := range []Type{TypeSignOn, TypePassword, TypeEnroll, TypeIDPDiscovery, TypeAccess} {
			var c *Conditions
			if err := json.Unmarshal([]byte(conditionsText), &c); err != nil || len(c.check()) > 0 {
				continue
			}
			c, err := fillRule(kind, c)
			if err != nil {
				continue
			}
			a, err := parseActions(kind, []byte(actionsText))
			if err != nil {
				continue
			}
			row, err := (&Rule{ID: "0pr1", Conditions: c, Actions: a}).toStore()
			if err != nil {
				t.Fatalf("%s %s: %v", conditionsText, actionsText, err)
			}
			again, err := ruleFromStore(row)
			if err != nil || !same(again.Conditions, c) || !same(again.Actions, a) {
				t.Errorf("%s: %s is not read again, %v", kind, row.Document, err)
			}
		}
	})
}

// TestBlocklistIsRemembered: for a second, and no longer.
func TestBlocklistIsRemembered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.admin()
		clock := env.NewFixed(noon)
		b := &Blocklist{Store: w.store, Clock: clock}
		blocked := func() bool {
			t.Helper()
			is, err := b.Blocks(t.Context(), w.org.ID, netip.MustParseAddr("198.51.100.7"))
			if err != nil {
				t.Fatal(err)
			}
			return is
		}
		if blocked() {
			t.Error("blocked from the start")
		}
		if _, err := w.CreateZone(t.Context(), a, ZoneInput{Type: ZoneIP, Name: "bad", Usage: UsageBlocklist, Gateways: []Address{{FormRange, "198.51.100.7"}}}); err != nil {
			t.Fatal(err)
		}
		clock.Advance(blocklistLife - time.Millisecond)
		if blocked() {
			t.Error("known before its time")
		}
		clock.Advance(time.Millisecond)
		if !blocked() {
			t.Error("not known after a second")
		}
	})
}
