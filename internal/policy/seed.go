package policy

import (
	"fmt"

	"usher/internal/idp"
	"usher/internal/store"
)

// Names and descriptions of what every organisation has from the start.
// (management reference: policies, policy object)
const (
	DefaultPolicyName        = "Default Policy"
	DefaultPolicyDescription = "The default policy applies in all situations if no other policy applies."
	DiscoveryPolicyName      = "Idp Discovery Policy"
	DiscoveryDescription     = "The default IdP Discovery Policy"
	DefaultRuleName          = "Default Rule"
)

// Seed gives a new organisation its default policies, one a type, each with its
// default rule, and its network zones. Only organisations of the Identity Engine
// have policies about single applications. everyoneID is the built-in group of
// all users. It fails with KindAlreadyExists when the organisation has them.
func (s *Service) Seed(tx *store.Tx, org *idp.Org, everyoneID string) error {
	types := Types()
	if org.Settings.Pipeline == idp.PipelineIdX {
		types = append(types, TypeAccess)
	}
	for _, t := range types {
		err := insert(tx, s.defaultPolicy(tx, org, t, everyoneID))
		if store.Exists(err, "policies.name") {
			return &idp.Error{Kind: idp.KindAlreadyExists, Object: "policy", ID: string(t)}
		}
		if err != nil {
			return fmt.Errorf("seed policy %s: %w", t, err)
		}
	}
	return s.seedZones(tx, org)
}

// insert adds a policy with its rules.
func insert(tx *store.Tx, p *Policy) error {
	row, err := p.toStore()
	if err != nil {
		return err
	}
	if err := tx.InsertPolicy(row); err != nil {
		return err
	}
	p.Version = row.Version
	for _, r := range p.Rules {
		row, err := r.toStore()
		if err != nil {
			return err
		}
		if err := tx.InsertPolicyRule(p.OrgID, row); err != nil {
			return err
		}
		r.Version = row.Version
	}
	return nil
}

// defaultPolicy is the default policy of a type with its default rule.
func (s *Service) defaultPolicy(tx *store.Tx, org *idp.Org, t Type, everyoneID string) *Policy {
	policyPrefix, rulePrefix := t.prefixes()
	p := &Policy{
		OrgID: org.ID, ID: s.IDs.New(policyPrefix), Type: t, Name: DefaultPolicyName, Description: DefaultPolicyDescription,
		Status: Active, Priority: 1, System: true, Created: tx.Now(), LastUpdated: tx.Now(),
		Conditions: &Conditions{People: &People{Groups: &Selection{Include: []string{everyoneID}}}},
	}
	r := &Rule{
		PolicyID: p.ID, ID: s.IDs.New(rulePrefix), Name: DefaultRuleName, Status: Active, Priority: 1, System: true,
		Conditions: &Conditions{Network: &Network{Connection: Anywhere}}, Created: tx.Now(), LastUpdated: tx.Now(),
	}
	switch t {
	case TypeSignOn:
		r.Conditions.AuthContext = &AuthContext{AuthType: AuthAny}
		r.Actions.SignOn = DefaultSignOnAction()
	case TypePassword:
		p.Conditions.AuthProvider = &AuthProvider{Provider: string(idp.ProviderOkta)}
		p.Password = DefaultPasswordSettings()
		r.Actions.PasswordChange = &AccessAction{Access: Allow}
		r.Actions.SelfReset = &ResetAction{Access: Allow}
		r.Actions.SelfUnlock = &AccessAction{Access: Deny}
	case TypeEnroll:
		p.Enroll = DefaultEnrollSettings()
		r.Actions.Enroll = &EnrollAction{Self: EnrollAtChallenge}
	case TypeIDPDiscovery:
		p.Name, p.Description, p.Conditions = DiscoveryPolicyName, DiscoveryDescription, nil
		r.Actions.IDP = &DiscoveryAction{Providers: []DiscoveryProvider{{Type: string(idp.ProviderOkta)}}}
	case TypeAccess:
		p.Conditions = nil
		r.Name, r.Priority, r.Conditions, r.Actions.AppSignOn = CatchAllName, catchAllPriority, nil, oneFactor()
	case TypeProfile, TypeToken: // nobody has them from the start
	}
	p.Rules = []*Rule{r}
	return p
}
