package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"usher/internal/el"
	"usher/internal/eventlog"
	"usher/internal/idp"
	"usher/internal/jobs"
	"usher/internal/store"
)

// The kinds of tasks about group rules.
const (
	taskRun     = "group rule run"
	taskRelease = "group rule release"
	taskRepeat  = "group rule repeat"
)

// firstGrace is how long after an organisation's first rule a transaction may
// still be under way that began without it.
const firstGrace = time.Minute

const (
	// ruleBatch is how many users one transaction looks at: on SQLite other
	// writers wait meanwhile, for some tens of milliseconds.
	ruleBatch = 500
	// taskBatches is how many batches a task does before it hands the rest to
	// another, so that it ends well within its time.
	taskBatches = 100
)

// ruleRun is the task to hold all users against a rule. How far it has come is
// in the store, written with each batch.
type ruleRun struct {
	Rule string `json:"rule"`
	Run  string `json:"run"`
	// Quiet runs do not say that they have ended.
	Quiet bool `json:"quiet,omitempty"`
}

// ruleRelease is the task to end or to free what a deleted rule has made.
type ruleRelease struct {
	Rule   string `json:"rule"`
	Name   string `json:"name"`
	Remove bool   `json:"remove"`
}

// Tasks does the tasks that this package queues, by kind.
func (s *Service) Tasks() map[string]jobs.Handler {
	return map[string]jobs.Handler{
		taskRun: func(ctx context.Context, t jobs.Task) error {
			return work(ctx, s, t, s.runBatch)
		},
		taskRelease: func(ctx context.Context, t jobs.Task) error {
			return work(ctx, s, t, s.releaseBatch)
		},
		taskRepeat: s.repeat,
	}
}

// work does batches until there are none left or the task has had its share;
// then it queues itself anew.
func work[D any](ctx context.Context, s *Service, t jobs.Task, batch func(context.Context, string, D, string) (bool, error)) error {
	var d D
	if err := json.Unmarshal(t.Document, &d); err != nil {
		return fmt.Errorf("task %s: %w", t.Kind, err)
	}
	for range taskBatches {
		done, err := batch(ctx, t.OrgID, d, t.ID)
		if err != nil || done {
			return err
		}
	}
	return s.write(ctx, "queue "+t.Kind, func(tx *store.Tx) error { return s.enqueue(tx, t.OrgID, t.Kind, d) })
}

func (s *Service) enqueue(tx *store.Tx, orgID, kind string, document any) error {
	_, err := (&jobs.Queue{IDs: s.IDs}).Enqueue(tx, orgID, kind, document)
	return store.Failure("queue "+kind, err)
}

// repeatRun lets a run be repeated later when the organisation's first rule is
// so young that users may be on their way whom nobody holds against it: before
// that there was nothing for their transactions to hold.
func (s *Service) repeatRun(tx *store.Tx, r *idp.GroupRule) error {
	head, err := tx.HoldRules(r.OrgID)
	if err != nil {
		return store.Failure("read group rules", err)
	}
	due := head.Since.Add(firstGrace)
	if !tx.Now().Before(due) {
		return nil
	}
	document, err := json.Marshal(ruleRun{Rule: r.ID})
	if err != nil {
		return fmt.Errorf("task %s: %w", taskRepeat, err)
	}
	row := store.JobRow{OrgID: r.OrgID, ID: s.IDs.New("job"), Kind: taskRepeat, Document: document, Created: tx.Now(), Due: due}
	return store.Failure("queue "+taskRepeat, tx.InsertJob(row))
}

// repeat starts a rule's run again, if the rule still holds.
func (s *Service) repeat(ctx context.Context, t jobs.Task) error {
	var d ruleRun
	if err := json.Unmarshal(t.Document, &d); err != nil {
		return fmt.Errorf("task %s: %w", t.Kind, err)
	}
	return s.tx(ctx, "repeat group rule", func(tx *store.Tx) error {
		set, _, err := s.holdRules(tx, t.OrgID)
		if err != nil {
			return err
		}
		r, active := set.find(d.Rule)
		if !active {
			return nil
		}
		_, err = tx.RuleRun(t.OrgID, r.ID)
		ended := errors.Is(err, store.ErrNotFound)
		if err != nil && !ended {
			return err
		}
		_, err = s.start(tx, r.GroupRule, ruleRun{Rule: r.ID, Quiet: ended})
		return err
	})
}

// startRun begins to hold all users against an active rule.
func (s *Service) startRun(tx *store.Tx, r *idp.GroupRule) (ruleRun, error) {
	return s.start(tx, r, ruleRun{Rule: r.ID})
}

func (s *Service) start(tx *store.Tx, r *idp.GroupRule, run ruleRun) (ruleRun, error) {
	run.Run = s.IDs.New("run")
	err := tx.StartRuleRun(store.RuleRun{OrgID: r.OrgID, RuleID: r.ID, Run: run.Run})
	if err != nil {
		return run, store.Failure("start group rule", err)
	}
	return run, s.enqueue(tx, r.OrgID, taskRun, run)
}

// runNaming starts the rules again whose conditions may depend on a group of
// one of these names: it is about to be renamed or removed.
func (s *Service) runNaming(tx *store.Tx, set *ruleSet, names ...string) error {
	if set == nil || !set.names {
		return nil
	}
	for _, r := range set.rules {
		depends := r.uses.AnyGroup
		for _, name := range r.uses.GroupNames {
			for _, n := range names {
				depends = depends || n == name
			}
		}
		if !depends {
			continue
		}
		if _, err := s.startRun(tx, r.GroupRule); err != nil {
			return err
		}
	}
	return nil
}

// runBatch holds the next users against a rule and tells whether they were the
// last. It may be called at any time and by several at once: what has been done
// is known from the store, and a run that another has replaced is done.
func (s *Service) runBatch(ctx context.Context, orgID string, run ruleRun, request string) (done bool, err error) {
	err = s.tx(ctx, "evaluate group rule", func(tx *store.Tx) error {
		done = true
		set, _, err := s.holdRules(tx, orgID)
		if err != nil {
			return err
		}
		r, active := set.find(run.Rule)
		if !active {
			return nil
		}
		at, err := tx.RuleRun(orgID, run.Rule)
		if errors.Is(err, store.ErrNotFound) || err == nil && at.Run != run.Run {
			return nil
		}
		if err != nil {
			return err
		}
		users, err := tx.UsersAfter(orgID, at.Reached, ruleBatch)
		if err != nil {
			return err
		}
		if err := s.hold(tx, set, r, users, request); err != nil {
			return err
		}
		if done = len(users) < ruleBatch; !done {
			return tx.AdvanceRuleRun(at, users[len(users)-1].ID)
		}
		if err := tx.EndRuleRun(orgID, r.ID); err != nil || run.Quiet {
			return err
		}
		actor := idp.SystemActor(set.org)
		actor.Client.RequestID = request
		return s.record(tx, actor, eventlog.RuleEvaluation, idp.RuleTarget(r.GroupRule))
	})
	return done, err
}

// hold judges users, who follow each other by identifier, by a rule. Where rules
// look at memberships the others follow from it and are judged with it.
func (s *Service) hold(tx *store.Tx, set *ruleSet, r activeRule, users []*idp.User, request string) error {
	if len(users) == 0 {
		return nil
	}
	rules, groups := []activeRule{r}, r.GroupIDs
	if set.groups {
		rules, groups = set.rules, nil
	}
	first, last := users[0].ID, users[len(users)-1].ID
	have, err := tx.MembershipsBetween(set.org.ID, first, last, groups)
	if err != nil {
		return err
	}
	memberships := map[string][]store.Membership{}
	for _, m := range have {
		memberships[m.UserID] = append(memberships[m.UserID], m)
	}
	list, err := tx.ExclusionsBetween(set.org.ID, first, last)
	if err != nil {
		return err
	}
	excluded := map[string]map[string]bool{}
	for _, e := range list {
		if excluded[e.UserID] == nil {
			excluded[e.UserID] = map[string]bool{}
		}
		excluded[e.UserID][e.RuleID] = true
	}
	names := &naming{tx: tx, orgID: set.org.ID, known: map[string]el.Group{}}
	var verdicts []verdict
	var ids []string
	for _, u := range users {
		a, err := u.Attributes()
		if err != nil {
			return fmt.Errorf("profile of %s: %w", u.ID, err)
		}
		v, err := set.judge(rules, subject{user: u, attributes: a, have: memberships[u.ID], excluded: excluded[u.ID]}, names)
		if err != nil {
			return err
		}
		if !v.empty() {
			verdicts, ids = append(verdicts, v), append(ids, u.ID)
		}
	}
	if err := tx.LockUsers(set.org.ID, ids); err != nil {
		return err
	}
	return s.enact(tx, set, request, verdicts)
}

// releaseBatch ends some of the memberships that a deleted rule has made, or
// makes them as if made by hand, and tells whether they were the last.
func (s *Service) releaseBatch(ctx context.Context, orgID string, d ruleRelease, request string) (done bool, err error) {
	err = s.tx(ctx, "release group rule", func(tx *store.Tx) error {
		set, _, err := s.holdRules(tx, orgID)
		if err != nil {
			return err
		}
		list, err := tx.MembershipsBy(orgID, d.Rule, ruleBatch)
		if err != nil {
			return err
		}
		done = len(list) < ruleBatch
		if len(list) == 0 {
			return nil
		}
		if !d.Remove {
			return keepMembers(tx, orgID, list)
		}
		return s.endMembers(tx, set, orgID, list, request)
	})
	return done, err
}

// keepMembers turns memberships by a rule into memberships by hand.
func keepMembers(tx *store.Tx, orgID string, list []store.Membership) error {
	kept := make([]store.Membership, len(list))
	for i, m := range list {
		kept[i] = store.Membership{GroupID: m.GroupID, UserID: m.UserID}
	}
	if err := tx.AddMembers(orgID, kept); err != nil {
		return err
	}
	return tx.RemoveMembers(orgID, list)
}

// endMembers ends memberships by a rule that is gone.
func (s *Service) endMembers(tx *store.Tx, set *ruleSet, orgID string, list []store.Membership, request string) error {
	var ids []string
	index := map[string]int{}
	for _, m := range list {
		if _, seen := index[m.UserID]; !seen {
			index[m.UserID] = len(ids)
			ids = append(ids, m.UserID)
		}
	}
	if err := tx.LockUsers(orgID, ids); err != nil {
		return err
	}
	if err := tx.RemoveMembers(orgID, list); err != nil {
		return err
	}
	rest, err := tx.MembershipsOfUsers(orgID, ids)
	if err != nil {
		return err
	}
	still := map[[2]string]bool{}
	for _, m := range rest {
		still[[2]string{m.UserID, m.GroupID}] = true
	}
	users, err := tx.UsersByID(orgID, ids)
	if err != nil {
		return err
	}
	verdicts := make([]verdict, len(ids))
	for i, id := range ids {
		verdicts[i].user = users[id]
	}
	for _, m := range list {
		if key := [2]string{m.UserID, m.GroupID}; !still[key] {
			still[key] = true
			verdicts[index[m.UserID]].left = append(verdicts[index[m.UserID]].left, m)
		}
	}
	org, err := tx.Org(orgID)
	if err != nil {
		return err
	}
	if err := s.tell(tx, org, request, verdicts); err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.afterMembership(tx, set, users[id]); err != nil {
			return err
		}
	}
	return nil
}
