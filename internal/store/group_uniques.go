package store

// InsertGroupUnique reserves a value of an attribute for a group. It fails with
// ExistsError on "group_uniques.value_key" when another group has it.
func (tx *Tx) InsertGroupUnique(orgID, groupID string, v AttributeValue) error {
	_, err := tx.exec("INSERT INTO group_uniques (org_id, name, value_key, group_id) VALUES ($1, $2, $3, $4)", orgID, v.Name, v.Key, groupID)
	return err
}

// DeleteGroupUniques gives up all values that are reserved for a group.
func (tx *Tx) DeleteGroupUniques(orgID, groupID string) error {
	_, err := tx.exec("DELETE FROM group_uniques WHERE org_id = $1 AND group_id = $2", orgID, groupID)
	return err
}

// ReleaseGroupAttribute lets groups share the values of an attribute again.
func (tx *Tx) ReleaseGroupAttribute(orgID, name string) error {
	_, err := tx.exec("DELETE FROM group_uniques WHERE org_id = $1 AND name = $2", orgID, name)
	return err
}
