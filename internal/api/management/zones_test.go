package management_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/apptest"
	"usher/internal/server"
)

const zones = "/api/v1/zones"

// behindProxy makes a server believe what its peers say about the client.
func behindProxy(t *testing.T) apptest.Option {
	t.Helper()
	proxies, err := httpkit.ParseProxies([]string{"127.0.0.1", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	return apptest.Configure(func(c *server.Config) { c.TrustedProxies = proxies })
}

func TestZoneLife(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		list := app.Get(zones).Want(200)
		for i, want := range []string{"LegacyIpZone POLICY", "BlockedIpZone BLOCKLIST"} {
			at := string(rune('0' + i))
			if list.Text(at+".name")+" "+list.Text(at+".usage") != want || list.At(at+".system") != true || list.Text(at+".status") != "ACTIVE" || list.At(at+".gateways") != nil {
				t.Errorf("zone %d: %s", i, list.Body)
			}
		}
		var id string
		app.WantEvents(t, []string{"zone.create SUCCESS"}, func() {
			a := app.Post(zones, `{"type":"IP","name":"office","gateways":[{"type":"CIDR","value":"192.0.2.0/24"}],"proxies":[{"type":"RANGE","value":"198.51.100.1-198.51.100.9"}]}`).Want(200)
			id = a.Text("id")
			if a.Text("status") != "ACTIVE" || a.Text("usage") != "POLICY" || a.At("system") != false || a.Text("proxies.0.value") != "198.51.100.1-198.51.100.9" || a.At("_links.deactivate") == nil {
				t.Errorf("%s", a.Body)
			}
		})
		at := zones + "/" + id
		app.Clock.Advance(time.Minute)
		app.WantEvents(t, []string{"zone.deactivate SUCCESS", "zone.activate SUCCESS", "zone.update SUCCESS"}, func() {
			for range 2 { // the second time nothing happens
				if a := app.Post(at+"/lifecycle/deactivate", nil).Want(200); a.Text("status") != "INACTIVE" || a.At("_links.activate") == nil {
					t.Errorf("%s", a.Body)
				}
			}
			app.Post(at+"/lifecycle/activate", nil).Want(200)
			a := app.Put(at, `{"type":"IP","name":"head office","gateways":[{"type":"RANGE","value":"2001:db8::1-2001:db8::ff"}]}`).Want(200)
			if a.Text("name") != "head office" || a.At("proxies") != nil || a.Text("lastUpdated") != "2026-03-01T12:01:00.000Z" {
				t.Errorf("%s", a.Body)
			}
		})
		for filter, want := range map[string]string{
			`id eq "` + id + `"`: "head office", `usage eq "BLOCKLIST"`: "BlockedIpZone", `system eq false`: "head office",
			`usage eq "POLICY" and system eq true`: "LegacyIpZone",
		} {
			if a := app.Get(zones + "?filter=" + strings.ReplaceAll(strings.ReplaceAll(filter, " ", "%20"), `"`, "%22")).Want(200); a.Text("0.name") != want || a.At("1") != nil {
				t.Errorf("%s: %s", filter, a.Body)
			}
		}
		first := app.Get(zones + "?limit=2").Want(200)
		if a := app.Get(zones + "?limit=2&after=" + first.Text("1.id")).Want(200); a.Text("0.id") != id || len(first.Header.Values("Link")) != 2 || len(a.Header.Values("Link")) != 1 {
			t.Errorf("%s", a.Body)
		}
		policy := made(t, app.Client, policies, `{"type":"OKTA_SIGN_ON","name":"p"}`)
		rule := made(t, app.Client, policies+"/"+policy+"/rules", `{"name":"r","conditions":{"network":{"connection":"ZONE","include":["`+id+`"]}},"actions":{"signon":{"access":"ALLOW"}}}`)
		app.Delete(at).Fails(400, "E0000001", "The zone is used by the policy 'p'")
		app.Delete(policies + "/" + policy + "/rules/" + rule).Want(204)
		app.WantEvents(t, []string{"zone.delete SUCCESS"}, func() { app.Delete(at).Want(204) })
		if a := app.Get(at).Fails(404, "E0000007"); a.Text("errorSummary") != "Not found: Resource not found: "+id+" (NetworkZone)" {
			t.Errorf("%s", a.Body)
		}
		app.Delete(zones+"/"+list.Text("0.id")).Fails(403, "E0000006")
	})
}

func TestZoneFaults(t *testing.T) {
	app := apptest.New(t)
	app.WantEvents(t, nil, func() {
		for body, cause := range map[string]string{
			`{"name":"x"}`:             "type: must be IP, DYNAMIC or DYNAMIC_V2",
			`{"type":"IP"}`:            "name: The field cannot be left blank",
			`{"type":"IP","name":"x"}`: "gateways: a zone needs gateways or proxies",
			`{"type":"IP","name":"BlockedIpZone","gateways":[{"type":"CIDR","value":"192.0.2.1/32"}]}`:                                                           "name: An object with this field already exists in the current organization",
			`{"type":"IP","name":"x","usage":"FUN","gateways":[{"type":"CIDR","value":"192.0.2.1/32"}]}`:                                                         "usage: must be POLICY or BLOCKLIST",
			`{"type":"IP","name":"x","status":"ON","gateways":[{"type":"CIDR","value":"192.0.2.1/32"}]}`:                                                         "status: must be ACTIVE or INACTIVE",
			`{"type":"IP","name":"x","gateways":[{"type":"CIDR","value":"192.0.2.1"}]}`:                                                                          "'192.0.2.1' is not of the form CIDR",
			`{"type":"IP","name":"x","gateways":[{"type":"RANGE","value":"192.0.2.9-192.0.2.1"}]}`:                                                               "'192.0.2.9-192.0.2.1' is not of the form RANGE",
			`{"type":"IP","name":"x","proxies":[{"type":"RANGE","value":"192.0.2.9-2001:db8::1"}]}`:                                                              "'192.0.2.9-2001:db8::1' is not of the form RANGE",
			`{"type":"IP","name":"x","gateways":[{"type":"NAME","value":"example.com"}]}`:                                                                        "type: must be CIDR or RANGE",
			`{"type":"IP","name":"x","usage":"BLOCKLIST","gateways":[{"type":"CIDR","value":"127.0.0.0/8"}]}`:                                                    "gateways: the zone would block your own address",
			`{"type":"IP","name":"x","gateways":[` + strings.Repeat(`{"type":"CIDR","value":"192.0.2.1/32"},`, 150) + `{"type":"CIDR","value":"192.0.2.1/32"}]}`: "gateways: must not have more than 150 elements",
		} {
			app.Post(zones, body).Fails(400, "E0000001", cause)
		}
		app.Post(zones, `{"type":"DYNAMIC","name":"x","usage":"BLOCKLIST","asns":["23457"]}`).Want(501)
		app.Get(zones+"?filter=name%20eq%20%22x%22").Fails(400, "E0000031")
		app.Get(zones+"?filter=id%20sw%20%22x%22").Fails(400, "E0000031")
		app.Get(zones+"?after=nzo9").Fails(400, "E0000029")
	})
}

// TestZonesDecide: a sign-on rule about a zone holds for the clients that it
// holds, seen through a trusted proxy, as long as the zone is active.
func TestZonesDecide(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		zone := made(t, app.Client, zones, `{"type":"IP","name":"abroad","gateways":[{"type":"CIDR","value":"198.51.100.0/24"},{"type":"RANGE","value":"2001:db8::10-2001:db8::1f"}]}`)
		policy := made(t, app.Client, policies, `{"type":"OKTA_SIGN_ON","name":"p","conditions":{"people":{"groups":{"include":["`+everyone(t, app)+`"]}}}}`)
		rules := policies + "/" + policy + "/rules"
		abroad := made(t, app.Client, rules, `{"name":"abroad","conditions":{"network":{"connection":"ZONE","include":["`+zone+`"]}},"actions":{"signon":{"access":"DENY"}}}`)
		made(t, app.Client, rules, `{"name":"others","actions":{"signon":{"access":"ALLOW"}}}`)
		signIn := func(from string, want int) {
			t.Helper()
			app.Anonymous().With("X-Forwarded-For", from).Post("/api/v1/authn", `{"username":"isaac.brock@example.com","password":"`+apptest.Password+`"}`).Want(want)
		}
		signIn("198.51.100.7", 403)
		signIn("203.0.113.1, 198.51.100.7", 403) // the nearest one that is no proxy
		signIn("198.51.100.7, 203.0.113.1", 200)
		signIn("2001:db8::1f", 403)
		signIn("2001:db8::20", 200)
		app.Post(zones+"/"+zone+"/lifecycle/deactivate", nil).Want(200)
		signIn("198.51.100.7", 200)
		app.Post(zones+"/"+zone+"/lifecycle/activate", nil).Want(200)
		app.Put(rules+"/"+abroad, `{"name":"abroad","conditions":{"network":{"connection":"ZONE","exclude":["ALL_ZONES"]}},"actions":{"signon":{"access":"DENY"}}}`).Want(200)
		signIn("198.51.100.7", 200)
		signIn("203.0.113.1", 403)
	}, behindProxy(t))
}

// TestBlocklist: whoever an active zone for blocking holds is refused whatever
// they ask for, a second later at most.
func TestBlocklist(t *testing.T) {
	app := apptest.New(t, behindProxy(t))
	evil := app.With("X-Forwarded-For", "198.51.100.7")
	evil.Get("/api/v1/users/me").Want(200)
	id := app.Get(zones + "?filter=usage%20eq%20%22BLOCKLIST%22").Want(200).Text("0.id")
	app.Put(zones+"/"+id, `{"type":"IP","name":"BlockedIpZone","usage":"BLOCKLIST","gateways":[{"type":"CIDR","value":"198.51.100.0/24"}]}`).Want(200)
	app.Clock.Advance(time.Second)
	evil.Get("/api/v1/users/me").Fails(403, "E0000006")
	evil.Post("/api/v1/authn", `{"username":"isaac.brock@example.com","password":"`+apptest.Password+`"}`).Want(403)
	evil.Get("/login/signin").Want(403)
	app.Get("/api/v1/users/me").Want(200)
	app.Post(zones+"/"+id+"/lifecycle/deactivate", nil).Want(200)
	app.Clock.Advance(time.Second)
	evil.Get("/api/v1/users/me").Want(200)
	// Nobody shuts themselves out.
	evil.Post(zones+"/"+id+"/lifecycle/activate", nil).Fails(400, "E0000001", "gateways: the zone would block your own address")
	if a := app.Get(zones + "/" + id).Want(200); a.Text("status") != "INACTIVE" {
		t.Errorf("%s", a.Body)
	}
}

const origins = "/api/v1/trustedOrigins"

func TestOriginLife(t *testing.T) {
	apptest.Each(t, func(t *testing.T, app *apptest.App) {
		me := app.Get("/api/v1/users/me").Want(200).Text("id")
		var id string
		app.WantEvents(t, []string{"security.trusted_origin.create SUCCESS"}, func() {
			a := app.Post(origins, `{"name":"shop","origin":"HTTPS://Shop.example.com:443/","scopes":[{"type":"CORS"},{"type":"REDIRECT"}]}`).Want(200)
			id = a.Text("id")
			if a.Text("origin") != "https://shop.example.com" || a.Text("createdBy") != me || a.Text("lastUpdatedBy") != me || a.Text("scopes.1.type") != "REDIRECT" || a.Text("status") != "ACTIVE" {
				t.Errorf("%s", a.Body)
			}
		})
		at := origins + "/" + id
		allowed := func(want string) {
			t.Helper()
			a := app.With("Origin", "https://shop.example.com").Get("/api/v1/users/me").Want(200)
			if got := a.Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("allowed %q, want %q", got, want)
			}
		}
		allowed("https://shop.example.com")
		app.Clock.Advance(time.Minute)
		app.WantEvents(t, []string{"security.trusted_origin.deactivate SUCCESS", "security.trusted_origin.activate SUCCESS", "security.trusted_origin.update SUCCESS"}, func() {
			for range 2 {
				if a := app.Post(at+"/lifecycle/deactivate", nil).Want(200); a.Text("status") != "INACTIVE" || a.At("_links.activate") == nil {
					t.Errorf("%s", a.Body)
				}
			}
			allowed("")
			app.Post(at+"/lifecycle/activate", nil).Want(200)
			a := app.Put(at, `{"name":"shop","origin":"https://shop.example.com","scopes":[{"type":"REDIRECT"}]}`).Want(200)
			if a.At("scopes.1") != nil || a.Text("scopes.0.type") != "REDIRECT" || a.Text("lastUpdated") != "2026-03-01T12:01:00.000Z" {
				t.Errorf("%s", a.Body)
			}
		})
		allowed("")
		made(t, app.Client, origins, `{"name":"app","origin":"capacitor://localhost","scopes":[{"type":"CORS"}]}`)
		for query, want := range map[string]string{
			"?q=SHO": "shop", "?q=capacitor": "app", "?filter=type%20eq%20%22CORS%22": "app", "?filter=name%20eq%20%22shop%22": "shop",
			"?limit=1": "shop", "?limit=1&after=" + id: "app",
		} {
			if a := app.Get(origins + query).Want(200); a.Text("0.name") != want || a.At("1") != nil {
				t.Errorf("%s: %s", query, a.Body)
			}
		}
		app.WantEvents(t, []string{"security.trusted_origin.delete SUCCESS"}, func() { app.Delete(at).Want(204) })
		if a := app.Get(at).Fails(404, "E0000007"); a.Text("errorSummary") != "Not found: Resource not found: "+id+" (TrustedOrigin)" {
			t.Errorf("%s", a.Body)
		}
	})
}

func TestOriginFaults(t *testing.T) {
	app := apptest.New(t)
	made(t, app.Client, origins, `{"name":"one","origin":"https://one.example.com","scopes":[{"type":"CORS"}]}`)
	const form = "origin: must be an address of the form https://host:port, of the scheme http, https, ftp, ionic or capacitor"
	app.WantEvents(t, nil, func() {
		for body, cause := range map[string]string{
			`{"origin":"https://x.example.com","scopes":[{"type":"CORS"}]}`:                          "name: The field cannot be left blank",
			`{"name":"x","scopes":[{"type":"CORS"}]}`:                                                form,
			`{"name":"x","origin":"x.example.com","scopes":[{"type":"CORS"}]}`:                       form,
			`{"name":"x","origin":"javascript://x.example.com","scopes":[{"type":"CORS"}]}`:          form,
			`{"name":"x","origin":"https://x.example.com/path","scopes":[{"type":"CORS"}]}`:          form,
			`{"name":"x","origin":"https://*.example.com","scopes":[{"type":"CORS"}]}`:               form,
			`{"name":"x","origin":"https://a@x.example.com","scopes":[{"type":"CORS"}]}`:             form,
			`{"name":"x","origin":"https://x.example.com"}`:                                          "scopes: The field cannot be left blank",
			`{"name":"x","origin":"https://x.example.com","scopes":[{"type":"FLY"}]}`:                "scopes: must be CORS, REDIRECT or IFRAME_EMBED",
			`{"name":"one","origin":"https://x.example.com","scopes":[{"type":"CORS"}]}`:             "name: An object with this field already exists in the current organization",
			`{"name":"x","origin":"https://ONE.example.com:443","scopes":[{"type":"CORS"}]}`:         "origin: An object with this field already exists in the current organization",
			`{"name":"x","origin":"https://x.example.com","status":"ON","scopes":[{"type":"CORS"}]}`: "status: must be ACTIVE or INACTIVE",
		} {
			app.Post(origins, body).Fails(400, "E0000001", cause)
		}
		app.Post(origins, `{"name":"x","origin":"ftp://x.example.com","scopes":[{"type":"IFRAME_EMBED"}]}`).
			Fails(400, "E0000001", "scopes: IFRAME_EMBED is for origins of the scheme http or https")
		app.Post(origins, `{"name":"x","origin":"https://x.example.com","scopes":[{"type":"IFRAME_EMBED","allowedOktaApps":["x"]}]}`).
			Fails(400, "E0000001", "scopes: allowedOktaApps has OKTA_ENDUSER alone")
		app.Get(origins+"?filter=id%20eq%20%22x%22").Fails(400, "E0000031")
	})
}

func TestAuthenticators(t *testing.T) {
	app := apptest.New(t)
	list := app.Get("/api/v1/authenticators").Want(200)
	id := list.Text("0.id")
	if list.Text("0.key") != "okta_password" || list.Text("0.type") != "password" || list.Text("0.status") != "ACTIVE" || !strings.HasPrefix(id, "aut") {
		t.Errorf("%s", list.Body)
	}
	at := "/api/v1/authenticators/" + id
	app.WantEvents(t, nil, func() {
		if a := app.Get(at).Want(200); a.Text("name") != "Password" || a.At("_links.deactivate") != nil {
			t.Errorf("%s", a.Body)
		}
		app.Post(at+"/lifecycle/activate", nil).Want(200)
		app.Post(at+"/lifecycle/deactivate", nil).Fails(403, "E0000006")
		if a := app.Get("/api/v1/authenticators/aut1").Fails(404, "E0000007"); a.Text("errorSummary") != "Not found: Resource not found: aut1 (Authenticator)" {
			t.Errorf("%s", a.Body)
		}
		app.Post("/api/v1/authenticators", `{"key":"duo"}`).Want(501)
	})
	// Each is there once, with the key that policies name it by.
	var all []struct{ Key, Type, Name string }
	list.JSON(&all)
	var keys []string
	for _, v := range all {
		keys = append(keys, v.Key+" "+v.Type+" "+v.Name)
	}
	if got := strings.Join(keys, ", "); got != "okta_password password Password, okta_verify app Okta Verify, google_otp app Google Authenticator, phone_number phone Phone, "+
		"okta_email email Email, security_question security_question Security Question, webauthn security_key Security Key or Biometric, "+
		"security_key security_key Security Key (U2F), yubikey_token security_key YubiKey Authenticator, custom_otp security_key Custom OTP" {
		t.Errorf("%s", got)
	}
	// Any other can be switched off and on again, and is not offered meanwhile.
	other := list.Text("1.id")
	at = "/api/v1/authenticators/" + other
	for _, c := range []struct{ action, status string }{{"deactivate", "INACTIVE"}, {"activate", "ACTIVE"}} {
		app.WantEvents(t, []string{"security.authenticator.lifecycle." + c.action + " SUCCESS"}, func() {
			if a := app.Post(at+"/lifecycle/"+c.action, nil).Want(200); a.Text("status") != c.status {
				t.Errorf("%s", a.Body)
			}
		})
		if a := app.Get(at).Want(200); a.Text("status") != c.status {
			t.Errorf("%s", a.Body)
		}
		for _, key := range []string{"okta_push", "okta_otp"} { // both of Okta Verify's
			if a := app.Get("/api/v1/org/factors/" + key).Want(200); a.Text("status") != c.status {
				t.Errorf("%s", a.Body)
			}
		}
	}
}
