package store

import (
	"encoding/json"
	"time"
)

// HOTPProfile tells how the one-time passwords of tokens that an organisation
// buys elsewhere are made.
type HOTPProfile struct {
	OrgID   string
	ID      string // fpr...
	Name    string
	Default bool
	// Settings is a JSON object.
	Settings             json.RawMessage
	Created, LastUpdated time.Time
	Version              int64
}

const hotpProfileColumns = "id, name, is_default, settings, created, last_updated, version"

func scanHOTPProfile(orgID string, p *HOTPProfile) func(scan) error {
	return func(s scan) error {
		var settings []byte
		var isDefault, created, updated int64
		if err := s(&p.ID, &p.Name, &isDefault, &settings, &created, &updated, &p.Version); err != nil {
			return err
		}
		p.OrgID, p.Default, p.Settings, p.Created, p.LastUpdated = orgID, isDefault != 0, json.RawMessage(settings), at(created), at(updated)
		return nil
	}
}

// InsertHOTPProfile adds a profile at version 1.
func (tx *Tx) InsertHOTPProfile(p *HOTPProfile) error {
	p.Version = 1
	_, err := tx.exec("INSERT INTO hotp_profiles (org_id, "+hotpProfileColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		p.OrgID, p.ID, p.Name, flag(p.Default), string(p.Settings), ms(p.Created), ms(p.LastUpdated), p.Version)
	return err
}

// UpdateHOTPProfile writes the name of a profile and whether it is the default
// one, read at p.Version, else ErrStale.
func (tx *Tx) UpdateHOTPProfile(p *HOTPProfile) error {
	err := tx.versioned("UPDATE hotp_profiles SET name = $1, is_default = $2, last_updated = $3, version = version + 1 WHERE org_id = $4 AND id = $5 AND version = $6",
		p.Name, flag(p.Default), ms(p.LastUpdated), p.OrgID, p.ID, p.Version)
	if err == nil {
		p.Version++
	}
	return err
}

// DeleteHOTPProfile removes a profile, else ErrNotFound.
func (tx *Tx) DeleteHOTPProfile(orgID, id string) error {
	return tx.one("DELETE FROM hotp_profiles WHERE org_id = $1 AND id = $2", orgID, id)
}

// HOTPProfiles lists the profiles of an organisation by identifier, limit of
// them at most.
func (tx *Tx) HOTPProfiles(orgID string, limit int) ([]*HOTPProfile, error) {
	var out []*HOTPProfile
	err := tx.each(func(s scan) error {
		p := new(HOTPProfile)
		out = append(out, p)
		return scanHOTPProfile(orgID, p)(s)
	}, "SELECT "+hotpProfileColumns+" FROM hotp_profiles WHERE org_id = $1 ORDER BY id LIMIT $2", orgID, limit)
	return out, err
}
