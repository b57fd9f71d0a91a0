package store

import (
	"time"
)

// TrustedOrigin is a web origin that may call us from a browser (CORS) or be
// redirected to, or whose pages may frame ours.
type TrustedOrigin struct {
	OrgID    string
	ID       string // tos...
	Name     string
	Origin   string // scheme://host[:port], lower case, no slash at the end
	CORS     bool
	Redirect bool
	// Frame lets its pages frame ours; FrameApps names which, none for all.
	Frame       bool
	FrameApps   []string
	Active      bool
	Created     time.Time
	LastUpdated time.Time
	Version     int64
	// CreatedBy and UpdatedBy name users; empty for an origin of a seed.
	CreatedBy string
	UpdatedBy string
}

const originColumns = "id, name, origin, cors, redirect, status, created, last_updated, version"

func scanOrigin(orgID string, o *TrustedOrigin) func(scan) error {
	return func(s scan) error {
		var cors, redirect, created, updated int64
		var status string
		err := s(&o.ID, &o.Name, &o.Origin, &cors, &redirect, &status, &created, &updated, &o.Version)
		o.OrgID, o.CORS, o.Redirect, o.Active, o.Created, o.LastUpdated = orgID, cors != 0, redirect != 0, status == "ACTIVE", at(created), at(updated)
		return err
	}
}

// InsertOrigin adds a trusted origin. It fails with ExistsError on
// "trusted_origins.origin" when it is there already.
func (tx *Tx) InsertOrigin(o TrustedOrigin) error {
	status := "INACTIVE"
	if o.Active {
		status = "ACTIVE"
	}
	_, err := tx.exec("INSERT INTO trusted_origins (org_id, "+originColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
		o.OrgID, o.ID, o.Name, o.Origin, flag(o.CORS), flag(o.Redirect), status, ms(o.Created), ms(o.LastUpdated))
	return err
}

// OriginByURL returns the trusted origin that equals origin.
func (tx *Tx) OriginByURL(orgID, origin string) (*TrustedOrigin, error) {
	var o TrustedOrigin
	return &o, tx.first(scanOrigin(orgID, &o), "SELECT "+originColumns+" FROM trusted_origins WHERE org_id = $1 AND origin = $2", orgID, origin)
}
