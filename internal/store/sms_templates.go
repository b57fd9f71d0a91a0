package store

import (
	"encoding/json"
	"fmt"
	"time"
)

// SMSTemplate is an organisation's own text of a text message.
type SMSTemplate struct {
	OrgID        string
	ID           string // cst...
	Name         string
	Type         string
	Template     string
	Translations map[string]string // by language
	Created      time.Time
	LastUpdated  time.Time
	Version      int64
}

const smsColumns = "id, name, type, template, translations, created, last_updated, version"

func scanSMSTemplate(orgID string, t *SMSTemplate) func(scan) error {
	return func(s scan) error {
		var translations string
		var created, updated int64
		if err := s(&t.ID, &t.Name, &t.Type, &t.Template, &translations, &created, &updated, &t.Version); err != nil {
			return err
		}
		t.OrgID, t.Created, t.LastUpdated = orgID, at(created), at(updated)
		return json.Unmarshal([]byte(translations), &t.Translations)
	}
}

func (t *SMSTemplate) translations() (string, error) {
	if t.Translations == nil {
		return "{}", nil
	}
	text, err := json.Marshal(t.Translations)
	if err != nil {
		return "", fmt.Errorf("translations of %s: %w", t.ID, err)
	}
	return string(text), nil
}

// InsertSMSTemplate adds a text at version 1.
func (tx *Tx) InsertSMSTemplate(t *SMSTemplate) error {
	translations, err := t.translations()
	if err != nil {
		return err
	}
	t.Version = 1
	_, err = tx.exec("INSERT INTO sms_templates (org_id, "+smsColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		t.OrgID, t.ID, t.Name, t.Type, t.Template, translations, ms(t.Created), ms(t.LastUpdated), t.Version)
	return err
}

// UpdateSMSTemplate writes a text read at t.Version, else ErrStale.
func (tx *Tx) UpdateSMSTemplate(t *SMSTemplate) error {
	translations, err := t.translations()
	if err != nil {
		return err
	}
	err = tx.versioned("UPDATE sms_templates SET name = $1, type = $2, template = $3, translations = $4, last_updated = $5, version = version + 1 WHERE org_id = $6 AND id = $7 AND version = $8",
		t.Name, t.Type, t.Template, translations, ms(t.LastUpdated), t.OrgID, t.ID, t.Version)
	if err == nil {
		t.Version++
	}
	return err
}

// DeleteSMSTemplate removes a text.
func (tx *Tx) DeleteSMSTemplate(orgID, id string) error {
	return tx.one("DELETE FROM sms_templates WHERE org_id = $1 AND id = $2", orgID, id)
}

// SMSTemplate returns one text.
func (tx *Tx) SMSTemplate(orgID, id string) (*SMSTemplate, error) {
	var t SMSTemplate
	return &t, tx.first(scanSMSTemplate(orgID, &t), "SELECT "+smsColumns+" FROM sms_templates WHERE org_id = $1 AND id = $2", orgID, id)
}

// SMSTemplates lists the texts of an organisation by identifier.
func (tx *Tx) SMSTemplates(orgID string) ([]*SMSTemplate, error) {
	var out []*SMSTemplate
	err := tx.each(func(s scan) error {
		t := new(SMSTemplate)
		out = append(out, t)
		return scanSMSTemplate(orgID, t)(s)
	}, "SELECT "+smsColumns+" FROM sms_templates WHERE org_id = $1 ORDER BY id", orgID)
	return out, err
}
