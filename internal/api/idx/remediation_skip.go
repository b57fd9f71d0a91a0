package idx

import "usher/internal/signin"

// skip leaves a step out, where that is allowed. (idx reference: enrol)
func skip(v *view, step signin.Step) *form {
	if s, ok := step.(signin.ChangePassword); !ok || s.Reason != signin.PasswordWarned {
		return nil
	}
	f := v.form("skip", "/skip")
	return &f
}
