package idp

import "testing"

func TestTheDisplayNameIsThatOfTheAttributes(t *testing.T) {
	for _, profile := range []string{
		`{"firstName":"Ann","lastName":"Lee","login":"ann"}`,
		`{"firstName":"Zoë","lastName":"O'Hara"}`,
		`{"firstName":"A\"B","lastName":"Lee"}`, `{"firstName":"A","lastName":"\u003cb\u003e"}`,
		`{"firstName":"","lastName":"Lee","login":"ann"}`, `{"firstName":"Ann","lastName":null,"login":"ann"}`,
		`{"firstName":"Ann","lastName":"","login":"ann"}`, `{"lastName":"Lee","firstName":"Ann"}`,
		`{"firstName":"Ann","login":"ann"}`, `{"login":"ann"}`, `{"firstName":3,"lastName":"Lee"}`, `{}`,
		`{ "firstName":"Ann" , "lastName":"Lee"}`, "{\"firstName\":\"A\xff\",\"lastName\":\"Lee\"}",
	} {
		u := &User{Login: "login", Profile: []byte(profile)}
		a, err := u.Attributes()
		if err != nil {
			t.Fatalf("%s: %v", profile, err)
		}
		if got, want := u.DisplayName(), a.DisplayName(); got != want {
			t.Errorf("%s: %q, want %q", profile, got, want)
		}
	}
	if got := (&User{Login: "login"}).DisplayName(); got != "login" {
		t.Errorf("without a profile: %q", got)
	}
}
