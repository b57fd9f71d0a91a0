package management

import (
	"strings"

	"usher/internal/credential"
	"usher/internal/directory"
	"usher/internal/idp"
)

// userBody is a user in a request. (spec: management User) Members that it does
// not name are left aside, as the service does.
type userBody struct {
	Profile     idp.Attributes   `json:"profile"`
	Credentials *credentialsBody `json:"credentials"`
	GroupIDs    []string         `json:"groupIds"`
	Type        *struct {
		ID string `json:"id"`
	} `json:"type"`
}

type credentialsBody struct {
	Password *struct {
		Value *string   `json:"value"`
		Hash  *hashBody `json:"hash"`
		Hook  *hookBody `json:"hook"`
	} `json:"password"`
	Question *struct {
		Question *string `json:"question"`
		Answer   *string `json:"answer"`
	} `json:"recovery_question"`
	Provider *struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"provider"`
}

// hookBody lets an inline hook judge the password at the first sign-in.
// (spec: management PasswordCredentialHook)
type hookBody struct {
	Type string `json:"type"`
}

// hookDefault is the only type of a hookBody.
const hookDefault = "default"

// hashBody is an imported hash. (spec: management PasswordCredentialHash)
type hashBody struct {
	Algorithm       string `json:"algorithm"`
	Value           string `json:"value"`
	Salt            string `json:"salt"`
	SaltOrder       string `json:"saltOrder"`
	WorkFactor      int    `json:"workFactor"`
	IterationCount  int    `json:"iterationCount"`
	KeySize         int    `json:"keySize"`
	DigestAlgorithm string `json:"digestAlgorithm"`
}

// credentials translates the body's credentials. An empty password object is
// none: clients send back what they were given.
func (b *userBody) credentials() (directory.Credentials, error) {
	var out directory.Credentials
	c := b.Credentials
	if c == nil {
		return out, nil
	}
	if p := c.Password; p != nil {
		if h := p.Hook; h != nil {
			if h.Type != hookDefault {
				return out, idp.Invalid("password", idp.Cause{Field: "password.hook.type", Text: "must be " + hookDefault})
			}
			out.Hook = true
		}
		out.Password = p.Value
		if h := p.Hash; h != nil {
			out.Hash = &credential.HashSpec{
				Algorithm: h.Algorithm, Value: h.Value, Salt: h.Salt, SaltOrder: h.SaltOrder, WorkFactor: h.WorkFactor,
				IterationCount: h.IterationCount, KeySize: h.KeySize, DigestAlgorithm: h.DigestAlgorithm,
			}
		}
	}
	if q := c.Question; q != nil && (q.Question != nil || q.Answer != nil) {
		out.Question = &directory.Question{Question: value(q.Question), Answer: value(q.Answer)}
	}
	return out, nil
}

// provider translates the body's provider, which counts only when the query
// says so. Users of a directory come with its agent, not through here.
func (b *userBody) provider() (*idp.Provider, error) {
	if b.Credentials == nil || b.Credentials.Provider == nil {
		return nil, idp.Invalid("provider", idp.Cause{Field: "provider", Text: "The field cannot be left blank"})
	}
	p := idp.Provider{Type: idp.ProviderType(b.Credentials.Provider.Type), Name: b.Credentials.Provider.Name}
	switch p.Type {
	case idp.ProviderOkta:
		return nil, nil
	case idp.ProviderFederation, idp.ProviderSocial:
		p.Name = string(p.Type)
		return &p, nil
	case idp.ProviderImport, idp.ProviderActiveDirectory, idp.ProviderLDAP:
	}
	return nil, idp.Invalid("provider", idp.Cause{Field: "provider", Text: "Users of this provider cannot be created here"})
}

func (b *userBody) typeID() string {
	if b.Type == nil {
		return ""
	}
	return strings.TrimSpace(b.Type.ID)
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
