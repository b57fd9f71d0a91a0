package store

import (
	"encoding/json"
	"fmt"
	"time"

	"usher/internal/idp"
)

// ruleDocument is the part of a group rule that only rules look into.
type ruleDocument struct {
	Expression string   `json:"expression"`
	Type       string   `json:"type"`
	GroupIDs   []string `json:"groupIds"`
}

const groupRuleColumns = "id, name, status, groups_valid, document, created, last_updated, version"

func scanGroupRule(orgID string, r *idp.GroupRule) func(scan) error {
	return func(s scan) error {
		var status string
		var document []byte
		var valid, created, updated int64
		if err := s(&r.ID, &r.Name, &status, &valid, &document, &created, &updated, &r.Version); err != nil {
			return err
		}
		var d ruleDocument
		if err := json.Unmarshal(document, &d); err != nil {
			return fmt.Errorf("group rule %s: %w", r.ID, err)
		}
		r.OrgID, r.Status, r.GroupsValid = orgID, idp.RuleStatus(status), valid != 0
		r.Expression, r.ExpressionType, r.GroupIDs = d.Expression, d.Type, d.GroupIDs
		r.Created, r.LastUpdated = at(created), at(updated)
		return nil
	}
}

// InsertGroupRule adds a rule at version 1, without its exclusions. It fails
// with ExistsError on "group_rules.name" when the name is taken.
func (tx *Tx) InsertGroupRule(r *idp.GroupRule) error {
	document, err := json.Marshal(ruleDocument{Expression: r.Expression, Type: r.ExpressionType, GroupIDs: r.GroupIDs})
	if err != nil {
		return err
	}
	r.Version = 1
	_, err = tx.exec("INSERT INTO group_rules (org_id, "+groupRuleColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		r.OrgID, r.ID, r.Name, string(r.Status), flag(r.GroupsValid), string(document), ms(r.Created), ms(r.LastUpdated), r.Version)
	return err
}

// UpdateGroupRule writes a rule read at r.Version without its exclusions, else
// ErrStale, and raises the version.
func (tx *Tx) UpdateGroupRule(r *idp.GroupRule) error {
	document, err := json.Marshal(ruleDocument{Expression: r.Expression, Type: r.ExpressionType, GroupIDs: r.GroupIDs})
	if err != nil {
		return err
	}
	err = tx.versioned("UPDATE group_rules SET name = $1, status = $2, groups_valid = $3, document = $4, last_updated = $5, version = version + 1 WHERE org_id = $6 AND id = $7 AND version = $8",
		r.Name, string(r.Status), flag(r.GroupsValid), string(document), ms(r.LastUpdated), r.OrgID, r.ID, r.Version)
	if err == nil {
		r.Version++
	}
	return err
}

// DeleteGroupRule removes a rule. The memberships that it made stay as they are.
func (tx *Tx) DeleteGroupRule(orgID, id string) error {
	return tx.one("DELETE FROM group_rules WHERE org_id = $1 AND id = $2", orgID, id)
}

// GroupRule returns a rule without its exclusions.
func (tx *Tx) GroupRule(orgID, id string) (*idp.GroupRule, error) {
	var r idp.GroupRule
	return &r, tx.first(scanGroupRule(orgID, &r), "SELECT "+groupRuleColumns+" FROM group_rules WHERE org_id = $1 AND id = $2", orgID, id)
}

// GroupRulesAfter lists up to limit rules by identifier, without their
// exclusions, beginning behind after.
func (tx *Tx) GroupRulesAfter(orgID, after string, limit int) ([]*idp.GroupRule, error) {
	return tx.groupRules(orgID, "id > $2 ORDER BY id LIMIT $3", after, limit)
}

// ActiveGroupRules lists the active rules by identifier, without their
// exclusions.
func (tx *Tx) ActiveGroupRules(orgID string) ([]*idp.GroupRule, error) {
	return tx.groupRules(orgID, "status = $2 ORDER BY id", string(idp.RuleActive))
}

// GroupRulesNaming lists the rules that name a group, as a target or in their
// condition.
func (tx *Tx) GroupRulesNaming(orgID, groupID string) ([]*idp.GroupRule, error) {
	return tx.groupRules(orgID, "id IN (SELECT rule_id FROM group_rule_groups WHERE org_id = $1 AND group_id = $2) ORDER BY id", groupID)
}

func (tx *Tx) groupRules(orgID, where string, args ...any) ([]*idp.GroupRule, error) {
	var out []*idp.GroupRule
	err := tx.each(func(s scan) error {
		r := new(idp.GroupRule)
		out = append(out, r)
		return scanGroupRule(orgID, r)(s)
	}, "SELECT "+groupRuleColumns+" FROM group_rules WHERE org_id = $1 AND "+where, append([]any{orgID}, args...)...)
	return out, err
}

// CountGroupRules counts an organisation's rules, whatever their state.
func (tx *Tx) CountGroupRules(orgID string) (int, error) {
	var n int
	return n, tx.first(func(s scan) error { return s(&n) }, "SELECT count(*) FROM group_rules WHERE org_id = $1", orgID)
}

// SetRuleGroups replaces the list of groups that a rule names.
func (tx *Tx) SetRuleGroups(orgID, ruleID string, groupIDs []string) error {
	if _, err := tx.exec("DELETE FROM group_rule_groups WHERE org_id = $1 AND rule_id = $2", orgID, ruleID); err != nil {
		return err
	}
	for _, id := range groupIDs {
		if _, err := tx.exec("INSERT INTO group_rule_groups (org_id, group_id, rule_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", orgID, id, ruleID); err != nil {
			return err
		}
	}
	return nil
}

// RuleHead tells which rules of an organisation are active: as long as the
// revision is the same, they are. It is zero before the first rule.
type RuleHead struct {
	Revision string
	Active   int
	Since    time.Time // when the first rule was made
}

// HoldRules reads the head and keeps it from changing until the transaction
// ends; many may hold it at once. Whoever changes a user or a membership does
// this first, so that a rule which becomes active finds what they have written.
// Where there has never been a rule it is a read and no more. (SQLite has one
// writer at a time, PostgreSQL gets a shared row lock.)
func (tx *Tx) HoldRules(orgID string) (h RuleHead, err error) {
	var since int64
	err = tx.first(func(s scan) error { return s(&h.Revision, &h.Active, &since) }, tx.holdRules(), orgID)
	h.Since = at(since)
	if err == ErrNotFound { //nolint:errorlint // first returns it bare
		err = nil
	}
	return h, err
}

func (tx *Tx) holdRules() string {
	const query = "SELECT revision, active, since FROM group_rule_heads WHERE org_id = $1"
	if tx.engine.name() == "postgres" {
		return query + " FOR SHARE"
	}
	return query
}

// HoldRulesAndSchema is HoldRules, and reads the version of a profile schema
// with it, in one statement.
func (tx *Tx) HoldRulesAndSchema(orgID, typeID string) (h RuleHead, v SchemaVersion, err error) {
	var since, updated int64
	err = tx.first(func(s scan) error { return s(&h.Revision, &h.Active, &since, &v.Version, &updated) },
		`SELECT coalesce(h.revision, ''), coalesce(h.active, 0), coalesce(h.since, 0), coalesce(s.version, 0), coalesce(s.last_updated, 0)
 FROM (SELECT 1 AS one) AS here LEFT JOIN (`+tx.holdRules()+`) AS h ON 1 = 1
 LEFT JOIN (SELECT version, last_updated FROM user_schemas WHERE org_id = $1 AND type_id = $2) AS s ON 1 = 1`, orgID, typeID)
	h.Since, v.LastUpdated = at(since), at(updated)
	return h, v, err
}

// ReviseRules gives the head a new revision and waits for those who hold it.
// Whoever makes a rule, or changes which are active, does this first and
// CountActiveRules last.
func (tx *Tx) ReviseRules(orgID, revision string) error {
	_, err := tx.exec("INSERT INTO group_rule_heads (org_id, revision, active, since) VALUES ($1, $2, 0, $3) ON CONFLICT (org_id) DO UPDATE SET revision = excluded.revision", orgID, revision, ms(tx.now))
	return err
}

// CountActiveRules writes the number of active rules into the head.
func (tx *Tx) CountActiveRules(orgID string) error {
	_, err := tx.exec("UPDATE group_rule_heads SET active = (SELECT count(*) FROM group_rules WHERE org_id = $1 AND status = $2) WHERE org_id = $1", orgID, string(idp.RuleActive))
	return err
}

// RuleRun is how far the evaluation of a rule over all users has come.
type RuleRun struct {
	OrgID   string
	RuleID  string
	Run     string // names the evaluation: a later one takes its place
	Reached string // the last user who was looked at
}

// StartRuleRun begins an evaluation anew, in the place of any other of the rule.
func (tx *Tx) StartRuleRun(r RuleRun) error {
	_, err := tx.exec("INSERT INTO group_rule_runs (org_id, rule_id, run, reached) VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, rule_id) DO UPDATE SET run = excluded.run, reached = excluded.reached",
		r.OrgID, r.RuleID, r.Run, r.Reached)
	return err
}

// RuleRun returns the evaluation that is under way.
func (tx *Tx) RuleRun(orgID, ruleID string) (RuleRun, error) {
	r := RuleRun{OrgID: orgID, RuleID: ruleID}
	return r, tx.first(func(s scan) error { return s(&r.Run, &r.Reached) }, "SELECT run, reached FROM group_rule_runs WHERE org_id = $1 AND rule_id = $2", orgID, ruleID)
}

// AdvanceRuleRun moves an evaluation on from where it was read, else ErrStale.
func (tx *Tx) AdvanceRuleRun(r RuleRun, reached string) error {
	return tx.versioned("UPDATE group_rule_runs SET reached = $1 WHERE org_id = $2 AND rule_id = $3 AND run = $4 AND reached = $5", reached, r.OrgID, r.RuleID, r.Run, r.Reached)
}

// EndRuleRun forgets an evaluation. To have none is no error.
func (tx *Tx) EndRuleRun(orgID, ruleID string) error {
	_, err := tx.exec("DELETE FROM group_rule_runs WHERE org_id = $1 AND rule_id = $2", orgID, ruleID)
	return err
}
