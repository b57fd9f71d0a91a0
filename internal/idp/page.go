package idp

// Page is a part of a list: up to Limit elements behind the cursor After, which
// is empty for the beginning.
type Page struct {
	After string
	Limit int
}

// Check tells whether the cursor of a list of objects is the identifier of one,
// with this prefix, or empty; else KindBadPaging.
func (p Page) Check(prefix string) error {
	if p.After != "" && !IsID(p.After, prefix) {
		return &Error{Kind: KindBadPaging, Object: "after"}
	}
	if p.Limit < 1 {
		return &Error{Kind: KindBadPaging, Object: "limit"}
	}
	return nil
}

// Cut returns up to limit elements of a list that was read with one more, and
// the cursor of the next part, empty at the end.
func Cut[T any](list []T, limit int, id func(T) string) (part []T, next string) {
	if len(list) <= limit {
		return list, ""
	}
	list = list[:limit]
	return list, id(list[limit-1])
}
