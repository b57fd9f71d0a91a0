package directory_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"usher/internal/credential"
	"usher/internal/directory"
	"usher/internal/idp"
	"usher/internal/store"
)

// outcome is what an operation leads to from a state.
type outcome struct {
	status idp.UserStatus // afterwards; "" when the operation is refused
	events string
}

// TestLifeCycle walks every operation from every state.
func TestLifeCycle(t *testing.T) {
	type op struct {
		run     func(w *world, ctx context.Context, ref string) error
		refused idp.Kind
		from    map[idp.UserStatus]outcome
	}
	ops := map[string]op{
		"activate": {
			func(w *world, ctx context.Context, ref string) error {
				_, err := w.Activate(ctx, w.admin, ref, true)
				return err
			},
			idp.KindUserAlreadyActive,
			map[idp.UserStatus]outcome{
				idp.UserStaged:        {idp.UserProvisioned, "user.lifecycle.activate"},
				idp.UserDeprovisioned: {idp.UserProvisioned, "user.lifecycle.activate"},
			},
		},
		"reactivate": {
			func(w *world, ctx context.Context, ref string) error {
				_, err := w.Reactivate(ctx, w.admin, ref, true)
				return err
			},
			idp.KindUserState,
			map[idp.UserStatus]outcome{idp.UserProvisioned: {idp.UserProvisioned, "user.lifecycle.reactivate"}},
		},
		"deactivate": {
			func(w *world, ctx context.Context, ref string) error { return w.Deactivate(ctx, w.admin, ref, false) },
			idp.KindUserState, everyStateBut(idp.UserDeprovisioned, outcome{idp.UserDeprovisioned, "user.lifecycle.deactivate"}),
		},
		"suspend": {
			func(w *world, ctx context.Context, ref string) error { return w.Suspend(ctx, w.admin, ref) },
			idp.KindInvalid,
			map[idp.UserStatus]outcome{idp.UserActive: {idp.UserSuspended, "user.lifecycle.suspend"}},
		},
		"unsuspend": {
			func(w *world, ctx context.Context, ref string) error { return w.Unsuspend(ctx, w.admin, ref) },
			idp.KindInvalid,
			map[idp.UserStatus]outcome{idp.UserSuspended: {idp.UserActive, "user.lifecycle.unsuspend"}},
		},
		"unlock": {
			func(w *world, ctx context.Context, ref string) error { return w.Unlock(ctx, w.admin, ref) },
			idp.KindNotLocked,
			map[idp.UserStatus]outcome{idp.UserLockedOut: {idp.UserActive, "user.account.unlock_by_admin"}},
		},
		"expire": {
			func(w *world, ctx context.Context, ref string) error {
				_, err := w.ExpirePassword(ctx, w.admin, ref)
				return err
			},
			idp.KindUserState, expirable("user.account.expire_password"),
		},
		"temporary": {
			func(w *world, ctx context.Context, ref string) error {
				_, err := w.ExpireWithTemporary(ctx, w.admin, ref)
				return err
			},
			idp.KindUserState, expirable("user.account.update_password user.account.expire_password"),
		},
	}
	each(t, func(t *testing.T, w *world) {
		for name, o := range ops {
			for _, status := range idp.UserStatuses() {
				t.Run(name+"/"+string(status), func(t *testing.T) {
					u := w.inState(t, strings.ToLower(name+"."+string(status))+"@example.com", status)
					want, allowed := o.from[status]
					before := w.snapshot(t)
					var err error
					events := w.causes(t, func() { err = o.run(w, t.Context(), u.ID) })
					if !allowed {
						wantKind(t, err, o.refused, "")
						if w.snapshot(t) != before {
							t.Error("a refused operation has changed something")
						}
						return
					}
					if got := w.get(t, u.ID); err != nil || got.Status != want.status || events != want.events {
						t.Errorf("%v, %s, events %s", err, got.Status, events)
					}
				})
			}
		}
	})
}

func everyStateBut(not idp.UserStatus, o outcome) map[idp.UserStatus]outcome {
	out := map[idp.UserStatus]outcome{}
	for _, s := range idp.UserStatuses() {
		if s != not {
			out[s] = o
		}
	}
	return out
}

func expirable(events string) map[idp.UserStatus]outcome {
	out := map[idp.UserStatus]outcome{}
	for _, s := range []idp.UserStatus{idp.UserActive, idp.UserLockedOut, idp.UserRecovery} {
		out[s] = outcome{idp.UserPasswordExpired, events}
	}
	return out
}

func TestSuspendErrorsShareAnObject(t *testing.T) {
	w := newWorld(t, "sqlite:"+t.TempDir()+"/u.db")
	u := w.inState(t, "i@example.com", idp.UserStaged)
	wantKind(t, w.Suspend(t.Context(), w.admin, u.ID), idp.KindInvalid, "suspendUser", "Cannot suspend a user that is not active")
	wantKind(t, w.Unsuspend(t.Context(), w.admin, u.ID), idp.KindInvalid, "suspendUser", "Cannot unsuspend a user that is not suspended")
}

func TestActivateKeepsAPasswordButNotAfterDeactivation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.add(t, directory.NewUser{Profile: person("i@example.com"), Credentials: withPassword()})
		i, err := w.Activate(t.Context(), w.admin, u.Login, true)
		if got := w.get(t, u.ID); err != nil || got.Status != idp.UserActive || i.Token != "" || len(w.mails(t)) != 0 || got.Activated.IsZero() {
			t.Fatalf("%+v %+v %v", got, i, err)
		}
		if err := w.Deactivate(t.Context(), w.admin, u.ID, false); err != nil {
			t.Fatal(err)
		}
		if got := w.get(t, u.ID); got.HasPassword || !got.PasswordChanged.IsZero() || got.RecoveryQuestion != "" {
			t.Errorf("%+v", got)
		}
		w.verify(t, u.ID, goodPassword, false)
		i, err = w.Activate(t.Context(), w.admin, u.ID, false)
		if got := w.get(t, u.ID); err != nil || got.Status != idp.UserProvisioned || i.Token == "" || len(w.mails(t)) != 0 {
			t.Fatalf("%+v %+v %v", got, i, err)
		}
	})
}

func TestDeleteInTwoSteps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.active(t, "i@example.com")
		g, err := w.CreateGroup(t.Context(), w.admin, idp.Attributes{"name": "West Coast users"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.AddMember(t.Context(), w.admin, g.ID, u.ID); err != nil {
			t.Fatal(err)
		}
		if events := w.causes(t, func() { must(t, w.Delete(t.Context(), w.admin, u.ID, false)) }); events != "user.lifecycle.deactivate" {
			t.Error(events)
		}
		if members, _, err := w.Members(t.Context(), w.admin, g.ID, idp.Page{Limit: 10}); err != nil || len(members) != 1 || members[0].Status != idp.UserDeprovisioned {
			t.Errorf("%v %v", members, err)
		}
		if events := w.causes(t, func() { must(t, w.Delete(t.Context(), w.admin, u.ID, false)) }); events != "user.lifecycle.delete.initiated user.lifecycle.delete.completed" {
			t.Error(events)
		}
		wantKind(t, w.Delete(t.Context(), w.admin, u.ID, false), idp.KindNotFound, "User")
		if members, _, err := w.Members(t.Context(), w.admin, g.ID, idp.Page{Limit: 10}); err != nil || len(members) != 0 {
			t.Errorf("%v %v", members, err)
		}
		w.active(t, "i@example.com") // the login is free again
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHooksMayRefuse(t *testing.T) {
	stop := errors.New("the last administrator stays")
	each(t, func(t *testing.T, w *world) {
		u := w.active(t, "i@example.com")
		refuse := func(tx *store.Tx, _ idp.Actor, u *idp.User) error {
			if _, err := tx.User(u.OrgID, u.ID); err != nil {
				return err
			}
			return stop
		}
		w.OnDeactivate, w.OnSuspend, w.OnDelete = []directory.UserHook{refuse}, []directory.UserHook{refuse}, []directory.UserHook{refuse}
		before := w.snapshot(t)
		for name, err := range map[string]error{
			"deactivate": w.Deactivate(t.Context(), w.admin, u.ID, false), "delete": w.Delete(t.Context(), w.admin, u.ID, false), "suspend": w.Suspend(t.Context(), w.admin, u.ID),
		} {
			if !errors.Is(err, stop) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if w.snapshot(t) != before {
			t.Error("a refused operation has changed something")
		}
		w.OnDeactivate = nil
		must(t, w.Delete(t.Context(), w.admin, u.ID, false))
		if err := w.Delete(t.Context(), w.admin, u.ID, false); !errors.Is(err, stop) {
			t.Error(err)
		}
		w.get(t, u.ID)
	})
}

func TestTemporaryPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.active(t, "i@example.com")
		w.policy.Rules = credential.Rules{MinLength: 30, MinLower: 5, MinUpper: 5, MinNumber: 5, MinSymbol: 5, ExcludeUsername: true}
		seen := map[string]bool{}
		for range 3 {
			password, err := w.ExpireWithTemporary(t.Context(), w.admin, u.ID)
			if err != nil || seen[password] {
				t.Fatalf("%q %v", password, err)
			}
			seen[password] = true
			if err := credential.Check(w.policy.Rules, credential.Age{}, password, credential.Owner{Login: u.Login}); err != nil {
				t.Error(err)
			}
			w.verify(t, u.ID, password, true)
			w.tx(t, func(tx *store.Tx) error {
				got, err := tx.User(w.org.ID, u.ID)
				if err != nil {
					return err
				}
				got.Status = idp.UserActive
				return w.Save(tx, got)
			})
		}
		if len(w.mails(t)) > 0 {
			t.Error("the temporary password was sent")
		}
		w.policy.Rules = credential.Rules{MinLength: 80}
		_, err := w.ExpireWithTemporary(t.Context(), w.admin, u.ID)
		if err == nil {
			t.Error("no password meets this policy")
		}
	})
}

func TestLockAndAutoUnlock(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u := w.active(t, "i@example.com")
		anonymous := idp.Actor{Org: w.org, Kind: idp.ActorAnonymous}
		for _, c := range []struct {
			run    func(*store.Tx, idp.Actor, *idp.User) error
			status idp.UserStatus
			event  string
		}{
			{w.Lock, idp.UserLockedOut, "user.account.lock"},
			{w.AutoUnlock, idp.UserActive, "user.account.unlock"},
			{w.Expire, idp.UserPasswordExpired, "user.account.expire_password"},
		} {
			events := w.causes(t, func() {
				w.tx(t, func(tx *store.Tx) error {
					u, err := w.Find(tx, w.org.ID, u.ID)
					if err != nil {
						return err
					}
					return c.run(tx, anonymous, u)
				})
			})
			if got := w.get(t, u.ID); got.Status != c.status || events != c.event {
				t.Errorf("%s, %s", got.Status, events)
			}
		}
	})
}
