package factor

import (
	"context"
	"slices"
	"strings"

	"usher/internal/idp"
)

// Kind is a factor as administrators and policies know it.
type Kind struct {
	Key      string // of MFA_ENROLL policies, e.g. okta_otp
	Type     string // e.g. token:software:totp
	Provider string
	Vendor   string
	Method   string // the kind of the method that serves it
	Prefix   string // of the identifiers of its enrolments
}

// Kinds lists all factors that policies can name, in the order of their keys.
// (reference: user factors, providers and types)
func Kinds() []Kind {
	return []Kind{
		{"duo", "web", "DUO", "DUO", "duo", "dsf"},
		{"fido_u2f", "u2f", "FIDO", "FIDO", "u2f", "fuf"},
		{"fido_webauthn", "webauthn", "FIDO", "FIDO", "webauthn", "fwf"},
		{"google_otp", "token:software:totp", "GOOGLE", "GOOGLE", "totp", "uft"},
		{"hotp", "token:hotp", "CUSTOM", "CUSTOM", "hotp", "chf"},
		{"okta_call", "call", "OKTA", "OKTA", "call", "clf"},
		{"okta_email", "email", "OKTA", "OKTA", "email", "emf"},
		{"okta_otp", "token:software:totp", "OKTA", "OKTA", "totp", "ost"},
		{"okta_push", "push", "OKTA", "OKTA", "push", "opf"},
		{"okta_question", TypeQuestion, "OKTA", "OKTA", "question", "ufs"},
		{"okta_sms", "sms", "OKTA", "OKTA", "sms", "mbl"},
		{"rsa_token", "token", "RSA", "RSA", "rsa", "rsa"},
		{"symantec_vip", "token", "SYMANTEC", "SYMANTEC", "symantec", "svf"},
		{"yubikey_token", "token:hardware", "YUBICO", "YUBICO", "yubikey", "ykf"},
	}
}

// logName is how the system log calls a factor. (recorded answers; those that
// none shows are named by the same pattern)
func (k Kind) logName() string {
	switch k.Key {
	case "fido_u2f":
		return "U2F"
	case "hotp":
		return "CUSTOM_HOTP"
	case "okta_call":
		return "CALL_FACTOR"
	case "okta_email":
		return "EMAIL_FACTOR"
	case "okta_otp":
		return "OKTA_SOFT_TOKEN"
	case "okta_push":
		return "OKTA_VERIFY_PUSH"
	case "okta_question":
		return "SECURITY_QUESTION"
	case "okta_sms":
		return "SMS_FACTOR"
	}
	return strings.ToUpper(k.Key)
}

// credentialProvider is whose credential it is, as the system log says it.
// (spec: management LogCredentialProvider)
func (k Kind) credentialProvider() string {
	switch k.Provider {
	case "OKTA", "FIDO", "CUSTOM":
		return "OKTA_CREDENTIAL_PROVIDER"
	case "YUBICO":
		return "YUBIKEY"
	}
	return k.Provider
}

// KindOf returns the kind of a type and provider, as enrolments name them.
func KindOf(factorType, provider string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Type == factorType && k.Provider == provider {
			return k, true
		}
	}
	return Kind{}, false
}

// ProviderOf is who provides a type of factor for those who name nobody: OKTA
// where it does, else the only one there is, "" for none or several.
func ProviderOf(factorType string) string {
	const okta = "OKTA"
	var providers []string
	for _, k := range Kinds() {
		if k.Type == factorType {
			providers = append(providers, k.Provider)
		}
	}
	switch {
	case slices.Contains(providers, okta):
		return okta
	case len(providers) == 1:
		return providers[0]
	}
	return ""
}

// Offer is a factor that a user can still enrol.
type Offer struct {
	Kind
	Enrollment string // REQUIRED or OPTIONAL
	// Phones are the numbers that the user has proved, of what reaches a phone by
	// its number.
	Phones []KnownPhone
}

// Catalogue lists the factors that a user can still enrol: those that the policy
// allows, that this server has a method for, and that the user does not have.
// (spec: management#listSupportedFactors)
func (s *Enrolments) Catalogue(ctx context.Context, a idp.Actor, ref string) (*idp.User, []Offer, error) {
	u, had, err := s.List(ctx, a, ref)
	if err != nil {
		return nil, nil, err
	}
	allowed, err := s.Allowed(s.Store.Read(ctx), a, u)
	if err != nil {
		return nil, nil, err
	}
	served, err := s.served(s.Store.Read(ctx), a, u, s.Methods.exactly)
	if err != nil {
		return nil, nil, err
	}
	var phones []KnownPhone
	for _, f := range had {
		phones = KnownPhones(phones, f.ID, f.Type, f.Status, f.Profile)
	}
	var out []Offer
	for _, k := range Kinds() {
		if m, ok := s.Methods.Method(k.Method); ok && !m.Describe().Hosted && served(k) && !k.among(had) {
			o := Offer{Kind: k, Enrollment: allowed[k.Key]}
			if k.Calls() {
				o.Phones = phones
			}
			out = append(out, o)
		}
	}
	return u, out, nil
}

// Calls tells whether a factor reaches a phone by its number.
func (k Kind) Calls() bool { return k.Type == typeText || k.Type == typeCall }

// among tells whether the user has an active factor of this kind.
func (k Kind) among(factors []Enrolment) bool {
	for i := range factors {
		f := &factors[i]
		if f.Type == k.Type && f.Provider == k.Provider && f.Status == StatusActive {
			return true
		}
	}
	return false
}

// Question is a security question that users can choose.
type Question struct{ ID, Text string }

// Questions lists the security questions. (recorded answers)
func Questions() []Question {
	return []Question{
		{"disliked_food", "What is the food you least liked as a child?"},
		{"name_of_first_plush_toy", "What is the name of your first stuffed animal?"},
		{"first_award", "What did you earn your first medal or award for?"},
		{"favorite_security_question", "What is your favorite security question?"},
		{"favorite_toy", "What is the toy/stuffed animal you liked the most as a kid?"},
		{"first_computer_game", "What was the first computer game you played?"},
		{"favorite_movie_quote", "What is your favorite movie quote?"},
		{"first_sports_team_mascot", "What was the mascot of the first sports team you played on?"},
		{"first_music_purchase", "What music album or song did you first purchase?"},
		{"favorite_art_piece", "What is your favorite piece of art?"},
		{"grandmother_favorite_desert", "What was your grandmother's favorite dessert?"},
		{"first_thing_cooked", "What was the first thing you learned to cook?"},
		{"childhood_dream_job", "What was your dream job as a child?"},
		{"place_where_significant_other_was_met", "Where did you meet your spouse/significant other?"},
		{"favorite_vacation_location", "Where did you go for your favorite vacation?"},
		{"new_years_two_thousand", "Where were you on New Year's Eve in the year 2000?"},
		{"favorite_speaker_actor", "Who is your favorite speaker/orator?"},
		{"favorite_book_movie_character", "Who is your favorite book/movie character?"},
		{"favorite_sports_player", "Who is your favorite sports player?"},
	}
}
