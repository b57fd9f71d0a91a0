package apps

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/directory"
	"usher/internal/el"
	"usher/internal/idp"
)

// Bounds on what every application has.
const (
	maxLabel    = 100  // characters
	maxNote     = 4096 // characters
	maxTemplate = 1024 // bytes
	maxProfile  = 64 << 10
)

// build makes the settings of an application from what a client gives: the
// whole of it, with defaults where members are absent. before is what was
// stored, nil for a new one. It changes a alone.
func build(a *App, in *Input, before *App) error {
	var f faults
	d := &a.Details
	*d = Details{Features: []string{}, Accessibility: Accessibility{}, Notes: Notes{}}
	if before != nil {
		d.Features, d.LogoID, d.PolicyID = before.Details.Features, before.Details.LogoID, before.Details.PolicyID
		d.ProfilePolicyID, d.GroupsClaim = before.Details.ProfilePolicyID, before.Details.GroupsClaim
	}
	if err := a.common(in, before, &f); err != nil {
		return err
	}
	if err := a.settings(in, before, &f); err != nil {
		return err
	}
	if err := a.credentials(in, &f); err != nil {
		return err
	}
	return f.err()
}

// common fills in what does not depend on the kind of application.
func (a *App) common(in *Input, before *App, f *faults) error {
	d := &a.Details
	switch {
	case in.Label != nil && *in.Label != "":
		a.Label = *in.Label
	case before != nil:
		a.Label = before.Label
	case a.Kind.Custom():
		f.blank("label")
	default:
		a.Label = a.Kind.Label
	}
	if utf8.RuneCountInString(a.Label) > maxLabel {
		f.add("label", "The field is too long")
	}
	if x := in.Accessibility; x != nil {
		if x.SelfService {
			return idp.Fail(idp.KindAppSelfService, "Self service application assignment for organization managed apps must be enabled.")
		}
		d.Accessibility.ErrorRedirectURL = optionalAddress(x.ErrorRedirectURL, "errorRedirectUrl", f)
		d.Accessibility.LoginRedirectURL = optionalAddress(x.LoginRedirectURL, "loginRedirectUrl", f)
	}
	a.visibility(in.Visibility)
	if s := in.Settings; s != nil {
		d.ImplicitAssignment, d.ManualProvisioning = s.ImplicitAssignment, s.ManualProvisioning
		if s.Notes != nil {
			d.Notes = *s.Notes
		}
		if s.Notifications != nil {
			d.Notifications = *s.Notifications
		}
	}
	if utf8.RuneCountInString(deref(d.Notes.Admin)) > maxNote || utf8.RuneCountInString(deref(d.Notes.EndUser)) > maxNote {
		f.add("notes", "The field is too long")
	}
	network := &d.Notifications.VPN.Network
	if network.Connection == "" {
		network.Connection = "DISABLED"
	}
	oneOf(f, "connection", network.Connection, "DISABLED", "ANYWHERE", "ON_NETWORK", "OFF_NETWORK")
	if given(in.Profile) {
		p, err := object("profile", in.Profile)
		if err != nil {
			return err
		}
		d.Profile = p
	}
	return nil
}

// object checks that a text is a JSON object of a bearable size and returns it
// without needless space.
func object(field string, text json.RawMessage) (json.RawMessage, error) {
	var any map[string]json.RawMessage
	if err := json.Unmarshal(text, &any); err != nil {
		return nil, malformed(field, err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return nil, malformed(field, err)
	}
	if b.Len() > maxProfile {
		return nil, idp.Invalid(field, idp.Cause{Field: field, Text: "The field is too long"})
	}
	return b.Bytes(), nil
}

func optionalAddress(p *string, field string, f *faults) *string {
	if p == nil || *p == "" {
		return nil
	}
	if !webAddress(*p) {
		f.add(field, "Does not match required pattern")
	}
	return p
}

// visibility fills in where the application is shown. Applications of the
// catalogue have fixed links, custom ones a single one named after them.
func (a *App) visibility(in *VisibilityInput) {
	v := &a.Details.Visibility
	v.HideIOS, v.HideWeb = a.Kind.hidden, a.Kind.hidden
	v.Links = slices.Clone(a.Kind.Links)
	if v.Links == nil {
		v.Links = []Link{}
	}
	if in == nil {
		return
	}
	v.AutoLaunch, v.AutoSubmitToolbar = in.AutoLaunch, in.AutoSubmitToolbar
	if in.Hide != nil && in.Hide.IOS != nil {
		v.HideIOS = *in.Hide.IOS
	}
	if in.Hide != nil && in.Hide.Web != nil {
		v.HideWeb = *in.Hide.Web
	}
	for i := range v.Links {
		if shown, ok := in.AppLinks[v.Links[i].Name]; ok {
			v.Links[i].Shown = shown
		}
	}
}

// settings fills in what the kind of application and its sign-on mode need.
func (a *App) settings(in *Input, before *App, f *faults) (err error) {
	s := in.Settings
	if s == nil {
		s = &SettingsInput{}
	}
	if a.Details.App, err = complete(a.Kind.Fields, s.App, f); err != nil {
		return err
	}
	switch a.SignOnMode {
	case idp.SignOnSAML2:
		if a.Kind.Custom() {
			a.Details.SignOn, err = completeSAML(s.SignOn, before, f)
		} else {
			a.Details.SignOn, err = completeOverrides(a.SignOnMode, s.SignOn, f)
		}
	case idp.SignOnSAML1:
		a.Details.SignOn, err = completeOverrides(a.SignOnMode, s.SignOn, f)
	case idp.SignOnAutoLogin:
		a.Details.SignOn, err = completeAutoLogin(s.SignOn, f)
	case idp.SignOnOIDC:
		err = completeClient(a, in, before, f)
	case idp.SignOnNone, idp.SignOnBookmark, idp.SignOnBasicAuth, idp.SignOnBrowserPlugin, idp.SignOnPasswordStore, idp.SignOnWSFederation:
	}
	return err
}

// schemes are those that a sign-on mode allows, the default one first.
func schemes(m idp.SignOnMode) []Scheme {
	switch m {
	case idp.SignOnBasicAuth, idp.SignOnBrowserPlugin, idp.SignOnPasswordStore, idp.SignOnAutoLogin:
		return []Scheme{SchemeEditBoth, SchemeShared, SchemeExternalPassword, SchemeEditPassword, SchemeAdminSets}
	default: // nobody has a password there
		return nil
	}
}

// credentials fills in how users are known to the application. Members that
// are blank count as absent: some clients send them. (management reference)
func (a *App) credentials(in *Input, f *faults) error {
	c := &a.Details.Credentials
	given := in.Credentials
	if given == nil {
		given = &CredentialsInput{}
	}
	if allowed := schemes(a.SignOnMode); allowed != nil {
		c.Scheme = allowed[0]
		if given.Scheme != "" {
			c.Scheme = given.Scheme
		}
		if !slices.Contains(allowed, c.Scheme) {
			f.add("scheme", "is not a scheme of the sign-on mode")
		}
		c.RevealPassword = given.RevealPassword
		if c.RevealPassword && (c.Scheme == SchemeShared || c.Scheme == SchemeExternalPassword) {
			f.add("revealPassword", "cannot be set with the scheme "+string(c.Scheme))
		}
		if c.Scheme == SchemeShared {
			c.UserName = given.UserName
			if c.UserName == "" {
				f.blank("userName")
			}
		}
	}
	t := UsernameTemplate{Template: DefaultTemplate, Type: templateBuiltIn}
	if given.UserNameTemplate != nil && (given.UserNameTemplate.Type != "" || given.UserNameTemplate.Template != "") {
		t = *given.UserNameTemplate
	}
	c.Template = t.complete(f)
	return nil
}

// DefaultTemplate makes the login the name at the application.
const DefaultTemplate = "${source.login}"

// Types of templates. (spec: management ApplicationCredentialsUsernameTemplate)
const (
	templateNone    = "NONE"
	templateBuiltIn = "BUILT_IN"
	templateCustom  = "CUSTOM"
)

// complete fills in and checks a template.
func (t UsernameTemplate) complete(f *faults) UsernameTemplate {
	if t.Type == "" {
		t.Type = templateBuiltIn
	}
	switch t.Type {
	case templateNone:
		return UsernameTemplate{Type: templateNone, Template: t.Template}
	case templateBuiltIn:
		if t.Template == "" {
			t.Template = DefaultTemplate
		}
		t.PushStatus = ""
	case templateCustom:
		if t.Template == "" {
			f.blank("template")
			return t
		}
		if t.PushStatus == "" {
			t.PushStatus = "DONT_PUSH"
		}
	default:
		f.add("type", "must be one of NONE, BUILT_IN, CUSTOM")
		return t
	}
	if len(t.Template) > maxTemplate || len(t.Suffix) > maxTemplate {
		f.add("template", "The field is too long")
		return t
	}
	p, err := el.Parse(t.Template, templateFeatures())
	if err != nil || t.Type == templateBuiltIn && !builtIn(p) {
		f.add("template", "Invalid expression")
	}
	return t
}

// builtIn tells whether a template asks a user only for what all users can have,
// here or in a directory of the organisation. (management reference:
// userNameTemplate)
func builtIn(p *el.Program) bool {
	elsewhere := []string{"userName", "samAccountName", "userPrincipalName", "employeeID", "instance.namingContext"}
	return !slices.ContainsFunc(p.Uses().Attributes, func(path string) bool {
		root, name, _ := strings.Cut(path, ".")
		return (root == "source" || root == "user") && !directory.BaseAttribute(name) && !slices.Contains(elsewhere, name)
	})
}

// templateFeatures are those of usernames, with the names of applications as
// further roots.
func templateFeatures() el.Features {
	f := el.Usernames()
	f.AnyRoot = true
	return f
}
