package policy

import "usher/internal/store"

// Offered is what users of an organisation may do alone, as far as that can be
// told before one is known: what no policy opens to anybody is not offered.
type Offered struct {
	Reset, Unlock bool
	// Email, SMS and Call are the ways on which a user may be reached.
	Email, SMS, Call bool
}

// SelfServiceOffered tells what the password policies of an organisation open to
// at least some users.
func (s *Service) SelfServiceOffered(tx *store.Tx, orgID string) (Offered, error) {
	policies, err := s.Load(tx, orgID, TypePassword)
	if err != nil {
		return Offered{}, err
	}
	var o Offered
	for _, p := range policies {
		if p.Status != Active {
			continue
		}
		opens := false
		for _, r := range p.Rules {
			if r.Status == Active {
				reset, unlock := r.Actions.SelfReset.allows(), r.Actions.SelfUnlock.allows()
				o.Reset, o.Unlock, opens = o.Reset || reset, o.Unlock || unlock, opens || reset || unlock
			}
		}
		if f := p.Password.Recovery.Factors; opens {
			o.Email = o.Email || f.Email.Status == Active
			o.SMS = o.SMS || f.SMS.Status == Active
			o.Call = o.Call || f.Call.Status == Active
		}
	}
	return o, nil
}
