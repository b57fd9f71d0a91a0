package management_test

import (
	"path/filepath"
	"testing"

	"usher/internal/apptest"
	"usher/internal/apptest/transcript"
)

// TestAppFlows compares what is kept of each kind of application to the letter.
func TestAppFlows(t *testing.T) {
	for _, file := range transcript.Files(t, "testdata/flows/apps_*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			app := apptest.New(t)
			transcript.Play(t, file, transcript.Stage{
				Handler: app.Server.Handler(), Advance: app.Clock.Advance,
				Values: map[string]string{"token": app.Seeded.APIToken, "org": app.Seeded.OrgID},
			})
		})
	}
}
