package idx

import (
	"strconv"

	"usher/internal/signin"
)

// selectAuthenticator offers the methods to choose from. It is there beside the
// form of a single method, too: some clients find the methods nowhere else.
// (idx reference: select an authenticator)
func selectAuthenticator(v *view, step signin.Step) *form {
	s, ok := step.(signin.Verify)
	if !ok {
		return nil
	}
	var options []option
	for i, m := range s.Options {
		n := catalogue[m.Kind]
		options = append(options, option{
			Label: n.label, RelatesTo: "$.authenticatorEnrollments.value[" + strconv.Itoa(i) + "]",
			Value: nested{Form: fields{Value: []field{
				{Name: "id", Required: yes(), Value: m.ID, Mutable: no()},
				{Name: "methodType", Required: no(), Value: n.method, Mutable: no()},
			}}},
		})
	}
	f := v.form("select-authenticator-authenticate", "/challenge",
		field{Name: fieldAuthenticator, Type: "object", Required: yes(), Options: options})
	return &f
}
