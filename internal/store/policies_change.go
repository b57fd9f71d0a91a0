package store

// Policy returns one policy with its rules by priority, the system's own last.
func (tx *Tx) Policy(orgID, id string) (*Policy, error) {
	p := new(Policy)
	if err := tx.first(scanPolicy(orgID, p), "SELECT "+policyColumns+" FROM policies WHERE org_id = $1 AND id = $2", orgID, id); err != nil {
		return nil, err
	}
	err := tx.each(func(s scan) error {
		var r PolicyRule
		if err := scanRule(&r)(s); err != nil {
			return err
		}
		p.Rules = append(p.Rules, r)
		return nil
	}, "SELECT "+ruleColumns+" FROM policy_rules WHERE org_id = $1 AND policy_id = $2 ORDER BY system, priority, id", orgID, id)
	return p, err
}

// MovePolicy gives a policy another priority and a new version.
func (tx *Tx) MovePolicy(orgID, id string, priority int) error {
	return tx.one("UPDATE policies SET priority = $1, version = version + 1 WHERE org_id = $2 AND id = $3", priority, orgID, id)
}

// MovePolicyRule gives a rule another priority and a new version.
func (tx *Tx) MovePolicyRule(orgID, policyID, id string, priority int) error {
	return tx.one("UPDATE policy_rules SET priority = $1, version = version + 1 WHERE org_id = $2 AND policy_id = $3 AND id = $4", priority, orgID, policyID, id)
}

// DeletePolicy removes a policy and its rules.
func (tx *Tx) DeletePolicy(orgID, id string) error {
	return tx.one("DELETE FROM policies WHERE org_id = $1 AND id = $2", orgID, id)
}

// DeletePolicyRule removes a rule.
func (tx *Tx) DeletePolicyRule(orgID, policyID, id string) error {
	return tx.one("DELETE FROM policy_rules WHERE org_id = $1 AND policy_id = $2 AND id = $3", orgID, policyID, id)
}
