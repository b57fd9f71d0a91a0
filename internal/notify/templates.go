package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/env"
	"usher/internal/idp"
	"usher/internal/store"
)

// SMSTemplate is an organisation's own text of a text message.
type SMSTemplate = store.SMSTemplate

// SMSVerifyCode is the type of a text that tells a code, the only one.
// (spec: management SmsTemplateType)
const SMSVerifyCode = "SMS_VERIFY_CODE"

// typeSMSTemplate names the noun in errors.
const typeSMSTemplate = "SmsTemplate"

// Bounds of texts. (spec: management SmsTemplate)
const (
	maxTemplateName = 50
	maxTemplateText = 161
	maxTranslations = 100
	maxTemplates    = 100
)

// languageTag is a language of a translation, with a region or without.
var languageTag = regexp.MustCompile(`^[a-zA-Z]{2}([-_][a-zA-Z]{2,4})?$`)

// Templates keeps an organisation's own texts of text messages.
type Templates struct {
	Store *store.Store
	IDs   env.IDs
}

// TemplateInput is a text as somebody wants it to be. A nil member is not
// mentioned.
type TemplateInput struct {
	Name, Type, Template *string
	// Translations are texts by language; an empty one takes the language away
	// when a text is changed.
	Translations map[string]string
}

// List returns the texts in the order of their creation.
// (spec: management#listSmsTemplates)
func (s *Templates) List(ctx context.Context, a idp.Actor) ([]*SMSTemplate, error) {
	list, err := s.Store.Read(ctx).SMSTemplates(a.OrgID())
	if err != nil {
		return nil, fmt.Errorf("list SMS templates: %w", err)
	}
	return list, nil
}

// Get returns one text, else KindNotFound. (spec: management#getSmsTemplate)
func (s *Templates) Get(ctx context.Context, a idp.Actor, id string) (*SMSTemplate, error) {
	return findTemplate(s.Store.Read(ctx), a.OrgID(), id)
}

// Text returns what an organisation's text says in the first of the languages
// (tags such as "fr" or "fr-CA") that it is translated to, to be filled in by
// TextCode. No identifier and an unknown one mean DefaultText.
// (spec: management#verifyFactor, templateId)
func (s *Templates) Text(tx *store.Tx, orgID, id string, languages ...string) (string, error) {
	t, err := findTemplate(tx, orgID, id)
	if idp.KindOf(err) == idp.KindNotFound {
		return DefaultText, nil
	}
	if err != nil {
		return "", err
	}
	for _, language := range languages {
		if text := translation(t, language); text != "" {
			return text, nil
		}
	}
	return t.Template, nil
}

// translation is what a text says in a language, or in the wider one that it is a
// kind of; "" for neither.
func translation(t *SMSTemplate, language string) string {
	language = strings.ToLower(strings.ReplaceAll(language, "_", "-"))
	short, _, _ := strings.Cut(language, "-")
	wider := ""
	for tag, text := range t.Translations {
		switch tag = strings.ToLower(strings.ReplaceAll(tag, "_", "-")); {
		case tag == language:
			return text
		case tag == short:
			wider = text
		}
	}
	return wider
}

func findTemplate(tx *store.Tx, orgID, id string) (*SMSTemplate, error) {
	if id == "" || len(id) > 64 {
		return nil, idp.NotFound(typeSMSTemplate, id)
	}
	t, err := tx.SMSTemplate(orgID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, idp.NotFound(typeSMSTemplate, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read SMS template: %w", err)
	}
	return t, nil
}

// Create adds a text. KindInvalid names the members at fault.
// (spec: management#createSmsTemplate)
func (s *Templates) Create(ctx context.Context, a idp.Actor, in TemplateInput) (*SMSTemplate, error) {
	id := s.IDs.New("cst")
	var out *SMSTemplate
	err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		out = &SMSTemplate{OrgID: a.OrgID(), ID: id, Created: tx.Now(), LastUpdated: tx.Now()}
		replace(out, in)
		if err := checkTemplate(out); err != nil {
			return err
		}
		list, err := tx.SMSTemplates(a.OrgID())
		if err != nil {
			return err
		}
		if len(list) >= maxTemplates {
			return idp.Invalid("template", idp.Cause{Text: fmt.Sprintf("There are %d SMS templates already", maxTemplates)})
		}
		return tx.InsertSMSTemplate(out)
	})
	if err != nil {
		return nil, store.Failure("create SMS template", err)
	}
	return out, nil
}

// Replace gives a text new contents. KindInvalid names the members at fault.
// (spec: management#replaceSmsTemplate)
func (s *Templates) Replace(ctx context.Context, a idp.Actor, id string, in TemplateInput) (*SMSTemplate, error) {
	return s.change(ctx, a, id, func(t *SMSTemplate) { replace(t, in) })
}

// Update changes what is mentioned, language by language.
// (spec: management#updateSmsTemplate)
func (s *Templates) Update(ctx context.Context, a idp.Actor, id string, in TemplateInput) (*SMSTemplate, error) {
	return s.change(ctx, a, id, func(t *SMSTemplate) {
		t.Name, t.Type, t.Template = or(in.Name, t.Name), or(in.Type, t.Type), or(in.Template, t.Template)
		merged := map[string]string{}
		maps.Copy(merged, t.Translations)
		maps.Copy(merged, in.Translations)
		maps.DeleteFunc(merged, func(_, text string) bool { return text == "" })
		t.Translations = merged
	})
}

func (s *Templates) change(ctx context.Context, a idp.Actor, id string, change func(*SMSTemplate)) (*SMSTemplate, error) {
	var out *SMSTemplate
	err := s.Store.Tx(ctx, func(tx *store.Tx) (err error) {
		if out, err = findTemplate(tx, a.OrgID(), id); err != nil {
			return err
		}
		change(out)
		if err := checkTemplate(out); err != nil {
			return err
		}
		out.LastUpdated = tx.Now()
		return tx.UpdateSMSTemplate(out)
	})
	if err != nil {
		return nil, store.Failure("change SMS template", err)
	}
	return out, nil
}

// Delete removes a text. (spec: management#deleteSmsTemplate)
func (s *Templates) Delete(ctx context.Context, a idp.Actor, id string) error {
	return store.Failure("delete SMS template", s.Store.Tx(ctx, func(tx *store.Tx) error {
		if _, err := findTemplate(tx, a.OrgID(), id); err != nil {
			return err
		}
		return tx.DeleteSMSTemplate(a.OrgID(), id)
	}))
}

func replace(t *SMSTemplate, in TemplateInput) {
	t.Name, t.Type, t.Template, t.Translations = or(in.Name, ""), or(in.Type, ""), or(in.Template, ""), maps.Clone(in.Translations)
	maps.DeleteFunc(t.Translations, func(_, text string) bool { return text == "" })
}

func or(v *string, absent string) string {
	if v == nil {
		return absent
	}
	return *v
}

// checkTemplate holds a text to the rules.
func checkTemplate(t *SMSTemplate) error {
	var causes []idp.Cause
	complain := func(field, text string) { causes = append(causes, idp.Cause{Field: field, Text: text}) }
	switch {
	case strings.TrimSpace(t.Name) == "":
		complain("name", "The field cannot be left blank")
	case utf8.RuneCountInString(t.Name) > maxTemplateName:
		complain("name", "The field is too long")
	}
	if t.Type != SMSVerifyCode {
		complain("type", "must be "+SMSVerifyCode)
	}
	if text := templateFault(t.Template); text != "" {
		complain("template", text)
	}
	if len(t.Translations) > maxTranslations {
		complain("translations", fmt.Sprintf("must not have more than %d elements", maxTranslations))
	}
	for _, language := range slices.Sorted(maps.Keys(t.Translations)) {
		if !languageTag.MatchString(language) {
			complain("translations", "a language is a tag such as fr or pt-BR")
		} else if fault := templateFault(t.Translations[language]); fault != "" {
			complain("translations."+language, fault)
		}
	}
	if causes != nil {
		return idp.Invalid("template", causes...)
	}
	return nil
}

// templateFault tells what is wrong with a text, "" for nothing.
func templateFault(text string) string {
	switch {
	case strings.TrimSpace(text) == "":
		return "The field cannot be left blank"
	case utf8.RuneCountInString(text) > maxTemplateText:
		return "The field is too long"
	case !strings.Contains(text, "${code}"):
		return "must contain ${code}"
	case strings.ContainsFunc(text, func(r rune) bool { return control(r) && r != '\n' }):
		return "must not contain control characters"
	}
	return ""
}
