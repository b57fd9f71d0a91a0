package idx

import "usher/internal/signin"

// identifyRecovery asks whose password or account it is about. In an unlocking
// it has the name of that. (idx reference: identify family)
func identifyRecovery(v *view, step signin.Step) *form {
	s, ok := step.(signin.Identify)
	if !ok || !v.tx.Recovering() {
		return nil
	}
	name := field{Name: fieldIdentifier, Label: "Username", Required: yes()}
	if s.Login != "" {
		name.Value = s.Login
	}
	f := v.form("identify-recovery", "/identify", name)
	if v.tx.Intent == signin.IntentUnlock {
		f.Name = "unlock-account"
	}
	return &f
}

// authenticatorVerificationData asks whether to send a code: nothing is sent
// before. (idx reference: per-authenticator data before challenge)
func authenticatorVerificationData(v *view, step signin.Step) *form {
	options, _, unlock := ways(step)
	m, ok := byEmail(options)
	if !ok || unlock {
		return nil
	}
	n := catalogue[m.Kind]
	f := v.form("authenticator-verification-data", "/challenge", field{
		Name: fieldAuthenticator, Type: "object", Label: n.label, Required: yes(), Form: &fields{Value: []field{
			{Name: "id", Required: yes(), Value: m.ID, Mutable: no()},
			{Name: "methodType", Type: "string", Required: no(), Value: n.method, Mutable: no()},
		}},
	})
	f.RelatesTo = []string{"$.currentAuthenticatorEnrollment"}
	return &f
}

// selectRecovery offers the ways of a recovery, also beside the form of the one
// in use: some clients find them nowhere else. (idx reference: select an authenticator)
func selectRecovery(v *view, step signin.Step) *form {
	options, _, unlock := ways(step)
	if c, waits := step.(signin.Challenge); waits && v.tx.Recovering() {
		options = []signin.Method{c.Method}
	}
	m, ok := byEmail(options)
	if !ok && len(options) == 1 && options[0].Kind == signin.RecoveryQuestion {
		m, ok, unlock = v.question(), true, false
	}
	if !ok {
		return nil
	}
	n := catalogue[m.Kind]
	choice := option{Label: n.label, RelatesTo: "$.authenticatorEnrollments.value[0]", Value: nested{Form: fields{Value: []field{
		{Name: "id", Required: yes(), Value: m.ID, Mutable: no()},
		{Name: "methodType", Required: no(), Value: n.method, Mutable: no()},
	}}}}
	name := "select-authenticator-authenticate"
	if unlock {
		name, choice.RelatesTo = "select-authenticator-unlock-account", "$.authenticators.value[0]"
	}
	f := v.form(name, "/challenge", field{Name: fieldAuthenticator, Type: "object", Required: yes(), Options: []option{choice}})
	return &f
}

// challengeCode asks for the code that a mail has told. (idx reference: verify)
func challengeCode(v *view, step signin.Step) *form {
	if _, ok := step.(signin.Challenge); !ok || !v.tx.Recovering() {
		return nil
	}
	f := v.form("challenge-authenticator", "/challenge/answer", credentials(field{Name: fieldPasscode, Label: "Enter code", Required: yes()}))
	f.RelatesTo = []string{"$.currentAuthenticatorEnrollment"}
	return &f
}

// challengeQuestion asks the recovery question. (idx reference: verify)
func challengeQuestion(v *view, step signin.Step) *form {
	options, recovery, _ := ways(step)
	if !recovery || len(options) != 1 || options[0].Kind != signin.RecoveryQuestion || v.subject.User == nil {
		return nil
	}
	f := v.form("challenge-authenticator", "/challenge/answer", credentials(
		field{Name: fieldQuestionKey, Label: v.subject.User.RecoveryQuestion, Required: yes(), Value: questionCustom, Visible: no(), Mutable: no()},
		field{Name: fieldAnswer, Label: "Answer", Required: yes(), Secret: yes()},
	))
	f.RelatesTo = []string{"$.currentAuthenticatorEnrollment"}
	return &f
}

// unlockAccount leads to unlocking, where the organisation lets people unlock
// themselves. (idx reference: identify family)
func unlockAccount(v *view, step signin.Step) *form {
	if s, ok := step.(signin.Identify); !ok || !s.Unlock || v.tx.Recovering() {
		return nil
	}
	f := v.form("unlock-account", "/unlock-account")
	return &f
}
