package directory

import (
	"fmt"

	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/store"
)

// maxTold bounds how many administrators one change writes to.
const maxTold = 50

// TellAdministrators queues a mail about what has happened to a user for the
// active super and organisation administrators, at most 50 of them, the user
// left out. what says it as in "was deactivated". It belongs to the transaction
// of the change. (spec: management#deactivateUser, parameter sendEmail)
func (s *Service) TellAdministrators(tx *store.Tx, actor idp.Actor, u *idp.User, what string) error {
	admins, err := tx.ActiveHolders(u.OrgID, idp.RoleSuperAdmin, idp.RoleOrgAdmin, maxTold+1)
	if err != nil {
		return fmt.Errorf("list administrators: %w", err)
	}
	told := 0
	for _, admin := range admins {
		if admin.ID == u.ID || told == maxTold {
			continue
		}
		a, err := admin.Attributes()
		if err != nil {
			return store.Failure("read profile", err)
		}
		m, err := notify.AdminNotice{
			To: a.Text(AttrEmail), Name: a.Text(AttrFirstName), Login: admin.Login, Org: actor.Org.Name, User: u.Login, What: what, By: actor.Login,
		}.Message()
		if err != nil {
			return err
		}
		if _, err := s.Outbox.Enqueue(tx, u.OrgID, m); err != nil {
			return fmt.Errorf("queue mail to administrator: %w", err)
		}
		told++
	}
	return nil
}
