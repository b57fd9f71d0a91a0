package notify_test

import (
	"strings"
	"testing"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/notify"
	"usher/internal/store"
)

// TestTextInTheBestLanguage looks for a translation, then for its language
// without the region, then takes the text itself.
func TestTextInTheBestLanguage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		templates := &notify.Templates{Store: w.Store, IDs: &env.Counting{}}
		a := idp.SystemActor(&idp.Org{ID: "00o1"})
		name, kind, text := "n", notify.SMSVerifyCode, "any ${code}"
		made, err := templates.Create(t.Context(), a, notify.TemplateInput{
			Name: &name, Type: &kind, Template: &text, Translations: map[string]string{"pt": "pt ${code}", "pt-BR": "br ${code}", "fr": "fr ${code}"},
		})
		if err != nil {
			t.Fatal(err)
		}
		read := func(id, languages string) (text string, err error) {
			err = w.Store.Tx(t.Context(), func(tx *store.Tx) error {
				text, err = templates.Text(tx, "00o1", id, strings.Fields(languages)...)
				return err
			})
			return text, err
		}
		for language, want := range map[string]string{
			"": "any", "de": "any", "fr": "fr", "fr-CA": "fr", "pt_br": "br", "pt-PT": "pt", "PT-BR": "br", "de fr-CA pt": "fr",
		} {
			if got, err := read(made.ID, language); err != nil || got != want+" ${code}" {
				t.Errorf("%q: %q, %v", language, got, err)
			}
		}
		for _, id := range []string{"", "cst0", strings.Repeat("x", 100)} {
			if got, err := read(id, "fr"); err != nil || got != notify.DefaultText {
				t.Errorf("%q: %q, %v", id, got, err)
			}
		}
	})
}
