package keys

// Column seals the values of one column; each stays bound to its row. It is
// what a service needs that keeps secrets in one place only.
type Column struct {
	keeper        *Keeper
	table, column string
}

// Column returns the sealer of a table's column.
func (k *Keeper) Column(table, column string) Column { return Column{k, table, column} }

// Seal encrypts the value of a row.
func (c Column) Seal(row string, plain []byte) string {
	return c.keeper.Seal(Place{c.table, c.column, row}, plain)
}

// Open decrypts the value of a row, else ErrSealed.
func (c Column) Open(row, sealed string) ([]byte, error) {
	return c.keeper.Open(Place{c.table, c.column, row}, sealed)
}
