package signin_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"usher/internal/idp"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/signin/signintest"
	"usher/internal/store/storetest"
)

// TestGate walks every path by which a session comes to be or lives on against
// every state that the user may have got into meanwhile. Those by which tokens
// come to be are walked at their endpoints.
func TestGate(t *testing.T) {
	paths := map[signin.Path]func(t *testing.T, w *signintest.World, u *idp.User) func() error{
		signin.PathToken: func(t *testing.T, w *signintest.World, _ *idp.User) func() error {
			return func() error {
				_, step, err := attempt(t, w, login, signintest.Password)
				if _, change := step.(signin.ChangePassword); change {
					return idp.Fail(idp.KindUnauthenticated) // let in no further than to a new password
				}
				return err
			}
		},
		signin.PathSession: func(t *testing.T, w *signintest.World, _ *idp.User) func() error {
			_, step, err := attempt(t, w, login, signintest.Password)
			if err != nil {
				t.Fatal(err)
			}
			return func() error {
				_, err := w.Engine.RedeemToken(t.Context(), w.Anonymous(), step.(signin.Done).SessionToken)
				return err
			}
		},
		signin.PathBrowser: func(t *testing.T, w *signintest.World, _ *idp.User) func() error {
			tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Prefix: "02.id.", Carried: true})
			if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveLogin{Login: login}, guess(signintest.Password)); err != nil {
				t.Fatal(err)
			}
			return func() error {
				_, err := w.Engine.Redeem(t.Context(), w.Anonymous(), tx.Handle)
				return err
			}
		},
		signin.PathRefresh: func(t *testing.T, w *signintest.World, u *idp.User) func() error {
			secret := sessionOf(t, w, u)
			return func() error {
				_, err := w.Engine.Refresh(t.Context(), w.Anonymous(), secret)
				return err
			}
		},
		signin.PathUse: func(_ *testing.T, w *signintest.World, u *idp.User) func() error {
			return func() error { return w.Engine.MayUse(w.Reload(u)) }
		},
		signin.PathRecovery: func(t *testing.T, w *signintest.World, u *idp.User) func() error {
			w.SetPasswordPolicy(func(s *policy.PasswordSettings) { s.Recovery.Factors.Question.Status = policy.Inactive })
			tx := recovery(t, w, signin.IntentRecover, login)
			return func() error { return finishing(t, w, tx) }
		},
		signin.PathActivation: func(t *testing.T, w *signintest.World, u *idp.User) func() error {
			w.Put(u, idp.UserStaged)
			if _, err := w.Directory.Activate(t.Context(), idp.SystemActor(w.Org), u.ID, false); err != nil {
				t.Fatal(err)
			}
			w.Put(u, idp.UserProvisioned)
			i, err := w.Directory.Reactivate(t.Context(), idp.SystemActor(w.Org), u.ID, false)
			if err != nil {
				t.Fatal(err)
			}
			tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Prefix: "00", Finish: signin.FinishToken})
			if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.UseInvitation{Token: i.Token}); err != nil {
				t.Fatal(err)
			}
			return func() error { return finishing(t, w, tx) }
		},
	}
	// Where the way ends in a new password, these users become active by it.
	waiting := map[signin.Path][]idp.UserStatus{
		signin.PathRecovery:   {idp.UserActive, idp.UserRecovery, idp.UserPasswordExpired},
		signin.PathActivation: {idp.UserProvisioned},
	}
	usable := []idp.UserStatus{idp.UserActive, idp.UserLockedOut, idp.UserPasswordExpired, idp.UserRecovery}
	for _, p := range signin.SessionPaths() {
		walk, ok := paths[p]
		if !ok {
			t.Errorf("path %s is not walked", p)
			continue
		}
		w := signintest.New(t, storetest.SQLite(t))
		u := w.User(login)
		for _, s := range idp.UserStatuses() {
			w.Put(u, idp.UserActive)
			take := walk(t, w, u)
			w.Put(u, s)
			err := take()
			open := s == idp.UserActive || (p == signin.PathUse && slices.Contains(usable, s))
			if states, ok := waiting[p]; ok {
				open = slices.Contains(states, s)
			}
			if open != (err == nil) || (err != nil && idp.KindOf(err) != idp.KindUnauthenticated) {
				t.Errorf("%s by %s: %v", s, p, err)
			}
		}
	}
}

// finishing sets a new password each time that it comes to it. A recovery that
// does not hold is refused like any other proof.
func finishing(t *testing.T, w *signintest.World, tx *signin.Transaction) error {
	w.Clock.Advance(time.Second)
	step, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.SetPassword{New: fmt.Sprintf("%s-%d", newPassword, w.Clock.Now().Unix())})
	if idp.KindOf(err) == idp.KindBadToken {
		return idp.Fail(idp.KindUnauthenticated)
	}
	if err == nil && step.(signin.Done).SessionToken == "" {
		t.Error("no token")
	}
	return err
}

func TestGateKnowsItsPaths(t *testing.T) {
	var e signin.Engine
	active := &idp.User{Status: idp.UserActive}
	if err := e.MayIssue(active, "another"); idp.KindOf(err) != idp.KindUnauthenticated {
		t.Errorf("an unknown path: %v", err)
	}
	for _, p := range signin.Paths() {
		if err := e.MayIssue(nil, p); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Errorf("nobody by %s: %v", p, err)
		}
		if err := e.MayIssue(&idp.User{Status: "NEW"}, p); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Errorf("an unknown state by %s: %v", p, err)
		}
	}
}

// The policy is asked again when the browser comes.
func TestBrowserMeetsThePolicyAgain(t *testing.T) {
	for name, change := range map[string]func(*policy.SignOnAction){
		"denied":           func(s *policy.SignOnAction) { s.Access = policy.Deny },
		"a further factor": func(s *policy.SignOnAction) { s.RequireFactor = true },
	} {
		w := signintest.New(t, storetest.SQLite(t))
		w.User(login)
		tx := w.Engine.Begin(t.Context(), w.Anonymous(), signin.Options{Prefix: "02.id."})
		if _, err := w.Engine.Apply(t.Context(), w.Anonymous(), tx, signin.GiveLogin{Login: login}, guess(signintest.Password)); err != nil {
			t.Fatal(err)
		}
		w.SetSignOn(change)
		if _, err := w.Engine.Redeem(t.Context(), w.Anonymous(), tx.Handle); idp.KindOf(err) != idp.KindUnauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNoPathIsForgotten reads the package's source: every constant of type Path
// is one that Paths lists, so that TestGate, or for tokens the test at their
// endpoints, fails until it is walked.
func TestNoPathIsForgotten(t *testing.T) {
	listed := map[signin.Path]bool{}
	for _, p := range signin.Paths() {
		if listed[p] {
			t.Errorf("%s is listed twice", p)
		}
		listed[p] = true
	}
	found := 0
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if kind, ok := v.Type.(*ast.Ident); !ok || kind.Name != "Path" {
				return true
			}
			for _, value := range v.Values {
				text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				if found++; !listed[signin.Path(text)] {
					t.Errorf("%s: path %q is not in Paths", name, text)
				}
			}
			return true
		})
	}
	if found != len(listed) {
		t.Errorf("%d paths in the source, %d in Paths", found, len(listed))
	}
}

// TestEveryPathMeetsEveryState: what the gate says about each path and each
// state, in full.
func TestEveryPathMeetsEveryState(t *testing.T) {
	var e signin.Engine
	for _, p := range signin.Paths() {
		for _, s := range idp.UserStatuses() {
			open := s == idp.UserActive
			if p == signin.PathUse {
				open = open || s == idp.UserLockedOut || s == idp.UserPasswordExpired || s == idp.UserRecovery
			}
			err := e.MayIssue(&idp.User{Status: s}, p)
			if open != (err == nil) || (err != nil && idp.KindOf(err) != idp.KindUnauthenticated) {
				t.Errorf("%s in state %s: %v", p, s, err)
			}
		}
	}
}
