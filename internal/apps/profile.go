package apps

import (
	"encoding/json"
	"slices"
	"strings"

	"usher/internal/idp"
	"usher/internal/store"
)

// profileKeys are the attributes of users of OpenID Connect applications, in
// the order in which they are shown. (recorded answers)
var profileKeys = []string{
	"street_address", "country", "website", "zoneinfo", "birthdate", "gender", "formatted", "profile", "locality", "given_name",
	"middle_name", "locale", "picture", "name", "nickname", "phone_number", "region", "postal_code", "family_name", "email",
}

// Values of attributes that the service fills in where the user has none.
const (
	defaultZone   = "America/Los_Angeles"
	defaultLocale = "en_US"
)

// mapped returns the attributes that follow from the user, with the order in
// which they are shown. Applications of other modes have none.
func mapped(a *App, u *idp.User) (map[string]any, []string, error) {
	if a.SignOnMode != idp.SignOnOIDC {
		return map[string]any{}, nil, nil
	}
	attrs, err := u.Attributes()
	if err != nil {
		return nil, nil, store.Failure("read profile", err)
	}
	out := map[string]any{}
	for _, k := range profileKeys {
		out[k] = nil
	}
	for to, from := range map[string]string{
		"street_address": "streetAddress", "country": "countryCode", "zoneinfo": "timezone", "formatted": "postalAddress",
		"profile": "profileUrl", "locality": "city", "given_name": "firstName", "middle_name": "middleName", "locale": "locale",
		"nickname": "nickName", "phone_number": "primaryPhone", "region": "state", "postal_code": "zipCode", "family_name": "lastName", "email": "email",
	} {
		if v := attrs.Text(from); v != "" {
			out[to] = v
		}
	}
	if out["zoneinfo"] == nil {
		out["zoneinfo"] = defaultZone
	}
	if out["locale"] == nil {
		out["locale"] = defaultLocale
	}
	var names []string
	for _, from := range []string{"firstName", "middleName", "lastName"} {
		if v := attrs.Text(from); v != "" {
			names = append(names, v)
		}
	}
	if len(names) > 0 {
		out["name"] = strings.Join(names, " ")
	}
	return out, profileKeys, nil
}

// merge makes the profile of a user of an application: what follows from the
// user, over it the groups' profiles (the first of layers wins), over all what
// was set for the user alone. (management reference: assignments)
func merge(a *App, u *idp.User, groups []json.RawMessage, own json.RawMessage) (json.RawMessage, error) {
	values, order, err := mapped(a, u)
	if err != nil {
		return nil, err
	}
	layers := slices.Clone(groups)
	slices.Reverse(layers)
	if len(own) > 0 {
		layers = append(layers, own)
	}
	var more []string
	for _, layer := range layers {
		var set map[string]any
		if err := json.Unmarshal(layer, &set); err != nil {
			return nil, store.Failure("read profile", err)
		}
		for k, v := range set {
			if _, known := values[k]; !known {
				more = append(more, k)
			}
			values[k] = v
		}
	}
	slices.Sort(more)
	return ordered(values, append(slices.Clone(order), more...))
}

// ordered writes an object with its members in an order.
func ordered(values map[string]any, order []string) (json.RawMessage, error) {
	b := []byte{'{'}
	for _, k := range order {
		v, err := json.Marshal(values[k])
		if err != nil {
			return nil, store.Failure("write profile", err)
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(idp.AppendJSON(b, k), ':'), v...)
	}
	return append(b, '}'), nil
}

// overlay puts the members of a partial profile over a stored one. Null takes
// an attribute away.
func overlay(stored, given json.RawMessage) (json.RawMessage, error) {
	values := map[string]any{}
	if len(stored) > 0 {
		if err := json.Unmarshal(stored, &values); err != nil {
			return nil, store.Failure("read profile", err)
		}
	}
	var set map[string]any
	if err := json.Unmarshal(given, &set); err != nil {
		return nil, malformed("profile", err)
	}
	for k, v := range set {
		if v == nil {
			delete(values, k)
		} else {
			values[k] = v
		}
	}
	var order []string
	for k := range values {
		order = append(order, k)
	}
	slices.Sort(order)
	return ordered(values, order)
}
