package store

import (
	"time"
)

// Policy is a stored policy; its document (conditions and settings) belongs to
// package policy. Lower priorities come first.
type Policy struct {
	OrgID       string
	ID          string // 00p...
	Type        string
	Name        string
	Status      string
	Priority    int
	System      bool
	Document    []byte // JSON
	Created     time.Time
	LastUpdated time.Time
	Version     int64
	Rules       []PolicyRule // by priority, as Policies and Policy fill them
}

// PolicyRule is a stored rule of a policy.
type PolicyRule struct {
	PolicyID    string
	ID          string // 0pr...
	Name        string
	Status      string
	Priority    int
	System      bool
	Document    []byte // JSON
	Created     time.Time
	LastUpdated time.Time
	Version     int64
}

const policyColumns = "id, type, name, status, priority, system, document, created, last_updated, version"

const ruleColumns = "policy_id, id, name, status, priority, system, document, created, last_updated, version"

func scanPolicy(orgID string, p *Policy) func(scan) error {
	return func(s scan) error {
		var system, created, updated int64
		err := s(&p.ID, &p.Type, &p.Name, &p.Status, &p.Priority, &system, &p.Document, &created, &updated, &p.Version)
		p.OrgID, p.System, p.Created, p.LastUpdated = orgID, system != 0, at(created), at(updated)
		return err
	}
}

func scanRule(r *PolicyRule) func(scan) error {
	return func(s scan) error {
		var system, created, updated int64
		err := s(&r.PolicyID, &r.ID, &r.Name, &r.Status, &r.Priority, &system, &r.Document, &created, &updated, &r.Version)
		r.System, r.Created, r.LastUpdated = system != 0, at(created), at(updated)
		return err
	}
}

// InsertPolicy adds a policy without its rules, at version 1. It fails with
// ExistsError on "policies.name" when the type has one of this name.
func (tx *Tx) InsertPolicy(p *Policy) error {
	p.Version = 1
	_, err := tx.exec("INSERT INTO policies (org_id, "+policyColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		p.OrgID, p.ID, p.Type, p.Name, p.Status, p.Priority, flag(p.System), string(p.Document), ms(p.Created), ms(p.LastUpdated), p.Version)
	return err
}

// InsertPolicyRule adds a rule at version 1. It fails with ExistsError on
// "policy_rules.name" when the policy has one of this name.
func (tx *Tx) InsertPolicyRule(orgID string, r *PolicyRule) error {
	r.Version = 1
	_, err := tx.exec("INSERT INTO policy_rules (org_id, "+ruleColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		orgID, r.PolicyID, r.ID, r.Name, r.Status, r.Priority, flag(r.System), string(r.Document), ms(r.Created), ms(r.LastUpdated), r.Version)
	return err
}

// UpdatePolicy writes a policy read at p.Version, else ErrStale.
func (tx *Tx) UpdatePolicy(p *Policy) error {
	err := tx.versioned("UPDATE policies SET name = $1, status = $2, priority = $3, document = $4, last_updated = $5, version = version + 1 WHERE org_id = $6 AND id = $7 AND version = $8",
		p.Name, p.Status, p.Priority, string(p.Document), ms(p.LastUpdated), p.OrgID, p.ID, p.Version)
	if err == nil {
		p.Version++
	}
	return err
}

// UpdatePolicyRule writes a rule read at r.Version, else ErrStale.
func (tx *Tx) UpdatePolicyRule(orgID string, r *PolicyRule) error {
	err := tx.versioned("UPDATE policy_rules SET name = $1, status = $2, priority = $3, document = $4, last_updated = $5, version = version + 1 WHERE org_id = $6 AND policy_id = $7 AND id = $8 AND version = $9",
		r.Name, r.Status, r.Priority, string(r.Document), ms(r.LastUpdated), orgID, r.PolicyID, r.ID, r.Version)
	if err == nil {
		r.Version++
	}
	return err
}

// Policies lists the policies of a type with their rules, all by priority, the
// system's own last.
func (tx *Tx) Policies(orgID, kind string) ([]*Policy, error) {
	var out []*Policy
	byID := map[string]*Policy{}
	err := tx.each(func(s scan) error {
		p := new(Policy)
		if err := scanPolicy(orgID, p)(s); err != nil {
			return err
		}
		out, byID[p.ID] = append(out, p), p
		return nil
	}, "SELECT "+policyColumns+" FROM policies WHERE org_id = $1 AND type = $2 ORDER BY system, priority, id", orgID, kind)
	if err != nil || len(out) == 0 {
		return out, err
	}
	err = tx.each(func(s scan) error {
		var r PolicyRule
		if err := scanRule(&r)(s); err != nil {
			return err
		}
		if p := byID[r.PolicyID]; p != nil {
			p.Rules = append(p.Rules, r)
		}
		return nil
	}, "SELECT "+ruleColumns+" FROM policy_rules WHERE org_id = $1 AND policy_id IN (SELECT id FROM policies WHERE org_id = $1 AND type = $2) ORDER BY system, priority, id", orgID, kind)
	return out, err
}
