package idx

// form is a remediation or an action. (spec: idx Form; idx reference: form grammar)
type form struct {
	Rel       []string `json:"rel,omitempty"`
	Name      string   `json:"name"`
	RelatesTo []string `json:"relatesTo,omitempty"`
	Href      string   `json:"href"`
	Method    string   `json:"method"`
	Produces  string   `json:"produces,omitempty"`
	Accepts   string   `json:"accepts,omitempty"`
	Value     []field  `json:"value"`
}

// field is one input of a form. The flags are pointers since clients tell an
// absent one from one that is false. (spec: idx Field)
type field struct {
	Name     string    `json:"name"`
	Type     string    `json:"type,omitempty"`
	Label    string    `json:"label,omitempty"`
	Required *bool     `json:"required,omitempty"`
	Value    any       `json:"value,omitempty"`
	Form     *fields   `json:"form,omitempty"`
	Options  []option  `json:"options,omitempty"`
	Visible  *bool     `json:"visible,omitempty"`
	Mutable  *bool     `json:"mutable,omitempty"`
	Secret   *bool     `json:"secret,omitempty"`
	Messages *messages `json:"messages,omitempty"`
}

// fields are the inputs nested in a field or an option. (spec: idx Fields)
type fields struct {
	Value []field `json:"value"`
}

// option is a choice of a field. (spec: idx Option)
type option struct {
	Label     string `json:"label"`
	RelatesTo string `json:"relatesTo,omitempty"`
	Value     nested `json:"value"`
}

// nested is the value of an option that is a form of its own. (spec: idx Nested)
type nested struct {
	Form fields `json:"form"`
}

// collection is a list with its type beside it. (spec: idx FormCollection and its like)
type collection[T any] struct {
	Type  string `json:"type"`
	Value []T    `json:"value"`
}

func list[T any](values []T) *collection[T] {
	if len(values) == 0 {
		return nil
	}
	return &collection[T]{Type: "array", Value: values}
}

// object is a value with its type beside it. (spec: idx OpenObject and its like)
type object[T any] struct {
	Type  string `json:"type"`
	Value T      `json:"value"`
}

func one[T any](v T) *object[T] { return &object[T]{Type: "object", Value: v} }

func yes() *bool { v := true; return &v }

func no() *bool { v := false; return &v }

// Names of fields in forms and of the members in which they come back.
const (
	fieldStateHandle   = "stateHandle"
	fieldIdentifier    = "identifier"
	fieldRememberMe    = "rememberMe"
	fieldCredentials   = "credentials"
	fieldPasscode      = "passcode"
	fieldRevoke        = "revokeSessions"
	fieldAuthenticator = "authenticator"
)

// form makes a form under a name that is sent to a path below /idp/idx. The
// state handle comes last, as in every form and action.
func (v *view) form(name, path string, inputs ...field) form {
	return form{
		Rel: []string{"create-form"}, Name: name, Href: v.r.Link("/idp/idx" + path), Method: "POST",
		Produces: v.dialect.produces(), Accepts: v.dialect.accepts(),
		Value: append(inputs, field{Name: fieldStateHandle, Required: yes(), Value: v.tx.Handle, Visible: no(), Mutable: no()}),
	}
}

// credentials is the field that holds what proves or sets a password.
func credentials(inputs ...field) field {
	return field{Name: fieldCredentials, Type: "object", Required: yes(), Form: &fields{Value: inputs}}
}

// input finds a field of a form at any depth, nil when there is none.
func (f *form) input(name string) *field { return find(f.Value, name) }

func find(list []field, name string) *field {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
		if list[i].Form != nil {
			if found := find(list[i].Form.Value, name); found != nil {
				return found
			}
		}
	}
	return nil
}
