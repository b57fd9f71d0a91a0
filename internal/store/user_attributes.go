package store

import "strings"

// AttributeValue is a value of a profile attribute in the form in which it is
// looked up: the first byte tells its kind.
type AttributeValue struct{ Name, Key string }

// maxAttributeBatch is how many values one statement writes: three parameters
// each, and SQLite takes 32,766.
const maxAttributeBatch = 500

// InsertUserAttributes makes a user findable by these values, which must not
// repeat.
func (tx *Tx) InsertUserAttributes(orgID, userID string, values []AttributeValue) error {
	for len(values) > 0 {
		batch := values[:min(len(values), maxAttributeBatch)]
		values = values[len(batch):]
		args := []any{orgID, userID}
		var rows []string
		for _, v := range batch {
			n := len(args)
			rows = append(rows, "($1, $2, "+holders(n+1, 2)+")")
			args = append(args, v.Name, v.Key)
		}
		if err := tx.later("INSERT INTO user_attributes (org_id, user_id, name, value_key) VALUES "+strings.Join(rows, ", "), args...); err != nil {
			return err
		}
	}
	return nil
}

// ReplaceUserAttributes is InsertUserAttributes for a user who had others.
func (tx *Tx) ReplaceUserAttributes(orgID, userID string, values []AttributeValue) error {
	if _, err := tx.exec("DELETE FROM user_attributes WHERE org_id = $1 AND user_id = $2", orgID, userID); err != nil {
		return err
	}
	return tx.InsertUserAttributes(orgID, userID, values)
}

// InsertUnique reserves a value for a user. It fails with ExistsError on
// "user_uniques.value_key" when another user has it.
func (tx *Tx) InsertUnique(orgID, userID string, v AttributeValue) error {
	_, err := tx.exec("INSERT INTO user_uniques (org_id, name, value_key, user_id) VALUES ($1, $2, $3, $4)", orgID, v.Name, v.Key, userID)
	return err
}

// DeleteUniques gives up all values that were reserved for a user.
func (tx *Tx) DeleteUniques(orgID, userID string) error {
	_, err := tx.exec("DELETE FROM user_uniques WHERE org_id = $1 AND user_id = $2", orgID, userID)
	return err
}

// ReserveAttribute reserves the present values of an attribute for the users of
// a type who have them, under the name as. It fails with ExistsError like
// InsertUnique.
func (tx *Tx) ReserveAttribute(orgID, typeID, name, as string) error {
	_, err := tx.exec(`INSERT INTO user_uniques (org_id, name, value_key, user_id)
 SELECT a.org_id, $1, a.value_key, a.user_id FROM user_attributes a JOIN users u ON u.org_id = a.org_id AND u.id = a.user_id
 WHERE a.org_id = $2 AND a.name = $3 AND u.type_id = $4`, as, orgID, name, typeID)
	return err
}

// ReleaseAttribute lets users share the values again that are reserved under a
// name.
func (tx *Tx) ReleaseAttribute(orgID, as string) error {
	_, err := tx.exec("DELETE FROM user_uniques WHERE org_id = $1 AND name = $2", orgID, as)
	return err
}

// UsersWithAttribute lists up to limit users of all types who have a value of an
// attribute, by identifier, beginning behind after.
func (tx *Tx) UsersWithAttribute(orgID, name, after string, limit int) ([]string, error) {
	var out []string
	err := tx.each(func(s scan) error {
		var id string
		err := s(&id)
		out = append(out, id)
		return err
	}, `SELECT DISTINCT user_id FROM user_attributes WHERE org_id = $1 AND name = $2 AND user_id > $3 ORDER BY user_id LIMIT $4`, orgID, name, after, limit)
	return out, err
}
