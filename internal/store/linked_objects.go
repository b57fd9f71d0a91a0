package store

import "time"

// LinkedObject is a relation between users: each associated user has one
// primary user, who may have many associated ones.
type LinkedObject struct {
	OrgID string
	// Primary and Associated are the names of the two sides.
	Primary, Associated string
	Document            []byte // JSON text
	Created             time.Time
}

func scanLinkedObject(orgID string, o *LinkedObject) func(scan) error {
	return func(s scan) error {
		var document string
		var created int64
		err := s(&o.Primary, &o.Associated, &document, &created)
		o.OrgID, o.Document, o.Created = orgID, []byte(document), at(created)
		return err
	}
}

// InsertLinkedObject adds a relation. ExistsError on "linked_objects.primary" or
// "linked_objects.associated" for a name that is taken on the same side.
func (tx *Tx) InsertLinkedObject(o *LinkedObject) error {
	_, err := tx.exec("INSERT INTO linked_objects (org_id, primary_name, associated_name, document, created) VALUES ($1, $2, $3, $4, $5)",
		o.OrgID, o.Primary, o.Associated, string(o.Document), ms(o.Created))
	return err
}

// LinkedObjects lists the relations of an organisation by the primary's name.
func (tx *Tx) LinkedObjects(orgID string) ([]*LinkedObject, error) {
	var out []*LinkedObject
	err := tx.each(func(s scan) error {
		o := new(LinkedObject)
		out = append(out, o)
		return scanLinkedObject(orgID, o)(s)
	}, "SELECT primary_name, associated_name, document, created FROM linked_objects WHERE org_id = $1 ORDER BY primary_name", orgID)
	return out, err
}

// DeleteLinkedObject removes a relation with its links.
func (tx *Tx) DeleteLinkedObject(orgID, primary string) error {
	return tx.one("DELETE FROM linked_objects WHERE org_id = $1 AND primary_name = $2", orgID, primary)
}

// CountLinks counts the links of a relation, up to limit.
func (tx *Tx) CountLinks(orgID, primary string, limit int) (int, error) {
	var n int
	err := tx.first(func(s scan) error { return s(&n) },
		"SELECT count(*) FROM (SELECT 1 FROM user_links WHERE org_id = $1 AND primary_name = $2 LIMIT $3) AS counted", orgID, primary, limit)
	return n, err
}

// LinkUsers gives an associated user this primary one, in the place of another.
func (tx *Tx) LinkUsers(orgID, primary, associatedID, primaryID string) error {
	_, err := tx.exec(`INSERT INTO user_links (org_id, primary_name, associated_id, primary_id) VALUES ($1, $2, $3, $4)
 ON CONFLICT (org_id, primary_name, associated_id) DO UPDATE SET primary_id = excluded.primary_id`, orgID, primary, associatedID, primaryID)
	return err
}

// UnlinkUser takes the primary user from an associated one and tells whether
// there was one.
func (tx *Tx) UnlinkUser(orgID, primary, associatedID string) (bool, error) {
	n, err := tx.exec("DELETE FROM user_links WHERE org_id = $1 AND primary_name = $2 AND associated_id = $3", orgID, primary, associatedID)
	return n > 0, err
}

// LinkedPrimary lists the identifier of an associated user's primary one: one or
// none.
func (tx *Tx) LinkedPrimary(orgID, primary, associatedID string) ([]string, error) {
	return tx.texts("SELECT primary_id FROM user_links WHERE org_id = $1 AND primary_name = $2 AND associated_id = $3", orgID, primary, associatedID)
}

// LinkedAssociated lists up to limit identifiers of the users associated to a
// primary one, in their order.
func (tx *Tx) LinkedAssociated(orgID, primary, primaryID, after string, limit int) ([]string, error) {
	return tx.texts(`SELECT associated_id FROM user_links WHERE org_id = $1 AND primary_id = $2 AND primary_name = $3 AND associated_id > $4
 ORDER BY associated_id LIMIT $5`, orgID, primaryID, primary, after, limit)
}
