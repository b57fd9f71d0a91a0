package signin

import (
	"usher/internal/idp"
)

// methodInvitation is the proof of whoever brings an invitation and has a
// password already.
const methodInvitation = "invitation"

// useInvitation opens the account that an activation token invites to: with a
// password it proves its user once, as the first factor of a sign-in; without
// one the first password is chosen. (spec: authn#authenticate, activation token)
func (r *run) useInvitation(act UseInvitation) error {
	if r.t.Identified || r.t.Recovery != nil || r.t.Completed {
		return idp.Fail(idp.KindTransactionState)
	}
	u, err := r.Directory.Redeem(r.tx, r.actor.OrgID(), act.Token)
	if idp.KindOf(err) == idp.KindUnauthenticated {
		r.refused, r.t.Login = err, "unknown"
		return r.failed(&idp.User{}, reasonInvalid)
	}
	if err != nil {
		return err
	}
	r.open(u, IntentActivate)
	if u.Status == idp.UserProvisioned {
		return nil
	}
	r.t.Recovery.Closed = true
	r.t.Proofs = append(r.t.Proofs, Proof{Method: methodInvitation, AMR: []string{"otp"}, At: r.tx.Now(), Credential: "EMAIL"})
	r.proved = true
	return nil
}
