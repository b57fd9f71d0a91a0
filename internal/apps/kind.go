package apps

import (
	"slices"

	"usher/internal/idp"
)

// Kind is what an application is an instance of: one of the catalogue, or a
// custom application, which is the only one of its kind.
type Kind struct {
	Name  string // empty for a custom application
	Label string // of an application that is made without one
	// Modes are the sign-on modes, the first where none is asked for.
	Modes  []idp.SignOnMode
	Fields []Field // of its own settings, in the order in which they are shown
	Links  []Link
	// Seats tells whether licences are counted.
	Seats  bool
	hidden bool // from users, unless it is said otherwise
}

// Custom tells whether the application is the only one of its kind.
func (k Kind) Custom() bool { return k.Name == "" }

// kindOf returns the kind with this name; the zero Kind for custom ones.
func kindOf(name string) Kind {
	for _, k := range catalogue() {
		if k.Name == name {
			return k
		}
	}
	return Kind{}
}

// KindNamed returns the kind of the catalogue with this name. ok is false for
// custom applications, which have names of their own.
func KindNamed(name string) (k Kind, ok bool) {
	k = kindOf(name)
	return k, !k.Custom()
}

// customModes are the sign-on modes of applications without a kind.
func customModes() []idp.SignOnMode { return []idp.SignOnMode{idp.SignOnAutoLogin, idp.SignOnSAML2} }

// mode returns the sign-on mode that an application of the kind gets when it
// asks for one. Signing on by itself at a kind that has a form means the plug-in
// that fills in the form. (recorded answers)
func (k Kind) mode(asked idp.SignOnMode) (idp.SignOnMode, bool) {
	modes := k.Modes
	if k.Custom() {
		modes = customModes()
	}
	switch {
	case slices.Contains(modes, asked):
		return asked, true
	case asked == idp.SignOnNone && !k.Custom():
		return modes[0], true
	case asked == idp.SignOnAutoLogin && slices.Contains(modes, idp.SignOnBrowserPlugin):
		return idp.SignOnBrowserPlugin, true
	}
	return asked, false
}

func one(name, id string) []Link { return []Link{{Name: name, ID: id, Shown: true}} }

func only(m idp.SignOnMode) []idp.SignOnMode { return []idp.SignOnMode{m} }

// templates are the kinds that stand for any application of one technique.
// (management reference: create payloads and stored defaults; recorded answers)
func templates() []Kind {
	return []Kind{
		{Name: "bookmark", Label: "Bookmark App", Modes: only(idp.SignOnBookmark), Links: one("login", "2557"), Fields: []Field{
			{Name: "requestIntegration", Kind: FieldFlag}, {Name: "url", Kind: FieldURL, Required: true},
		}},
		{Name: "template_basic_auth", Label: "Template Basic Auth App", Modes: only(idp.SignOnBasicAuth), Links: one("login", "2873"), Fields: []Field{
			{Name: "loginUrlRegex"}, {Name: "authURL", Kind: FieldURL, Required: true}, {Name: "url", Kind: FieldURL, Required: true},
		}},
		{Name: "template_swa", Label: "Template App", Modes: only(idp.SignOnBrowserPlugin), Links: one("login", "2357"), Fields: []Field{
			{Name: "loginUrlRegex"},
			{Name: "usernameField", Required: true},
			{Name: "redirectUrl", Kind: FieldURL},
			{Name: "buttonField", Required: true},
			{Name: "checkbox"},
			{Name: "passwordField", Required: true},
			{Name: "url", Kind: FieldURL, Required: true},
		}},
		{Name: "template_swa3field", Label: "Template App 3 Fields", Modes: only(idp.SignOnBrowserPlugin), Links: one("login", "3287"), Fields: []Field{
			{Name: "loginUrlRegex"},
			{Name: "extraFieldSelector", Required: true},
			{Name: "extraFieldValue", Required: true},
			{Name: "redirectUrl", Kind: FieldURL},
			{Name: "userNameSelector", Required: true},
			{Name: "passwordSelector", Required: true},
			{Name: "buttonSelector", Required: true},
			{Name: "targetURL", Also: "targetUrl", Kind: FieldURL, Required: true},
		}},
		{Name: "template_sps", Label: "Template Secure Web Authentication App", Modes: only(idp.SignOnPasswordStore), Links: one("login", "2355"), Fields: []Field{
			{Name: "usernameField", Required: true},
			{Name: "optionalField1"},
			{Name: "optionalField2Value"},
			{Name: "optionalField3Value"},
			{Name: "passwordField", Required: true},
			{Name: "url", Kind: FieldURL, Required: true},
			{Name: "optionalField1Value"},
			{Name: "optionalField2"},
			{Name: "optionalField3"},
		}},
		{Name: "template_wsfed", Label: "Template WS-Fed", Modes: only(idp.SignOnWSFederation), Links: one("login", "2477"), Fields: []Field{
			{Name: "siteURL", Kind: FieldURL},
			{Name: "realm"},
			{Name: "wReplyURL", Kind: FieldURL, Required: true},
			{Name: "wReplyOverride", Kind: FieldFlag},
			{Name: "audienceRestriction", Required: true},
			{Name: "nameIDFormat", Required: true},
			{Name: "usernameAttribute"},
			{Name: "groupName"},
			{Name: "groupFilter"},
			{Name: "groupValueFormat"},
			{Name: "attributeStatements"},
			{Name: "authnContextClassRef", Required: true},
		}},
		{Name: "sharepoint_onpremise", Label: "Microsoft SharePoint (On-Premises)", Modes: only(idp.SignOnSAML1), Links: one("login", "2617"), Fields: []Field{
			{Name: "siteURL", Kind: FieldURL}, {Name: "groupFilter"}, {Name: "attributeStatements"},
		}},
		{Name: "oidc_client", Label: "OpenID Connect Client", Modes: only(idp.SignOnOIDC), Links: one("oidc_client_link", "aln177a159h7Zf52X0g8"), hidden: true},
	}
}

// integrations are the kinds of well-known applications whose settings are
// known from recorded answers.
func integrations() []Kind {
	federated := []idp.SignOnMode{idp.SignOnSAML2, idp.SignOnBrowserPlugin}
	return []Kind{
		{Name: "okta_org2org", Label: "Okta Org2Org", Modes: []idp.SignOnMode{idp.SignOnSAML2, idp.SignOnOIDC, idp.SignOnBrowserPlugin}, Links: one("login", "1"), Fields: []Field{
			{Name: "acsUrl", Kind: FieldURL}, {Name: "audRestriction"}, {Name: "baseUrl", Kind: FieldURL, Required: true}, {Name: "idpId"},
		}},
		{Name: "aws_console", Label: "AWS Console", Modes: only(idp.SignOnBrowserPlugin), Links: one("aws_console_login", "4163")},
		{Name: "amazon_aws", Label: "AWS Account Federation", Modes: federated, Links: one("login", "272"), Fields: []Field{
			{Name: "appFilter", Default: `"okta"`},
			{Name: "groupFilter", Default: `"aws_(?{{accountid}}\\d+)_(?{{role}}[a-zA-Z0-9+=,.@\\-_]+)"`},
			{Name: "secretKey", Secret: true},
			{Name: "webSSOAllowedClient"},
			{Name: "useGroupMapping", Kind: FieldFlag},
			{Name: "joinAllRoles", Kind: FieldFlag},
			{Name: "identityProviderArn"},
			{Name: "overrideAcsURL"},
			{Name: "sessionDuration", Kind: FieldNumber, Default: "3600"},
			{Name: "roleValuePattern", Default: `"arn:aws:iam::${accountid}:saml-provider/OKTA,arn:aws:iam::${accountid}:role/${role}"`},
			{Name: "accountID"},
			{Name: "awsEnvironmentType", Default: `"aws.amazon"`},
			{Name: "accessKey", Secret: true},
			{Name: "loginURL", Default: `"https://console.aws.amazon.com/ec2/home"`},
			{Name: "secretKeyEnc", Secret: true},
		}},
		{Name: "office365", Label: "Microsoft Office 365", Modes: []idp.SignOnMode{idp.SignOnBrowserPlugin, idp.SignOnWSFederation}, Seats: true, Links: officeLinks(), Fields: []Field{
			{Name: "tenantType"},
			{Name: "wsFedConfigureType", Default: `"AUTO"`},
			{Name: "occSettings", Kind: FieldAny},
			{Name: "windowsTransportEnabled", Kind: FieldFlag},
			{Name: "domain"},
			{Name: "msftTenant", Required: true},
			{Name: "domains", Kind: FieldList},
			{Name: "office365ProvisioningType"},
			{Name: "requireAdminConsent", Kind: FieldFlag},
			{Name: "office365FlexibleProvisioningMode"},
		}},
		{Name: "salesforce", Label: "Salesforce.com", Modes: federated, Seats: true, Links: one("mc", "46"), Fields: []Field{
			{Name: "integrationType", Default: `"STANDARD"`},
			{Name: "siteURL"},
			{Name: "loginUrl"},
			{Name: "logoutUrl"},
			{Name: "instanceType", Default: `"PRODUCTION"`},
			{Name: "portalID"},
			{Name: "myDomain"},
			{Name: "orgID"},
			{Name: "customDomain"},
		}},
		{Name: "zendesk", Label: "Zendesk", Modes: federated, Seats: true, Links: one("login", "120"), Fields: []Field{
			{Name: "authToken", Secret: true}, {Name: "companySubDomain", Required: true}, {Name: "encryptedAuthToken", Secret: true},
		}},
		{Name: "boxnet", Label: "Box", Modes: federated, Links: one("login", "72"), Fields: []Field{
			{Name: "groupFilter"}, {Name: "siteURL"}, {Name: "pushGroupsWithSAML", Kind: FieldFlag},
		}},
	}
}

func catalogue() []Kind { return append(templates(), integrations()...) }

// officeLinks are the places of the office suite in the order in which they
// are shown; only the first page is there from the beginning.
func officeLinks() []Link {
	names := []string{
		"calendar", "mail", "teams", "sites", "delve", "sway", "login", "powerbi", "people", "excel",
		"yammer", "newsfeed", "onedrive", "word", "planner", "powerpoint", "tasks", "forms", "crm",
	}
	out := make([]Link, len(names))
	for i, n := range names {
		out[i] = Link{Name: n, ID: "21" + string([]byte{byte('5' + i/10), byte('0' + i%10)}), Shown: n == "login"}
	}
	return out
}
