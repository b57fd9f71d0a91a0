package scim

import "fmt"

// SyntaxError says why a filter could not be read. A text over one of the Limits is a SyntaxError too.
type SyntaxError struct {
	Offset int    // byte offset into the text, 0 based; the length of the text when it ends too early
	Msg    string // one short sentence part, without the offset
}

// Error gives the message and the position. Which parameter held the text the
// caller says.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at offset %d", e.Msg, e.Offset)
}

// Fault tells what Check found wrong, so that a protocol package can choose its answer.
type Fault uint8

// The faults of a CheckError.
const (
	UnknownAttribute Fault = iota + 1 // the schema does not have the attribute
	BadOperator                       // the attribute does not take the operator
	BadLogic                          // the schema does not take this and, or, not
	BadValue                          // the literal has a kind that the attribute never has
	BadDate                           // the attribute is a time and the literal is not one
)

// CheckError names the attribute and operator that a Schema does not allow.
type CheckError struct {
	Fault Fault
	Path  Path   // empty for BadLogic
	Op    string // the operator or logical word, lower case; empty for UnknownAttribute
}

// Error names what is at fault, but not the parameter.
func (e *CheckError) Error() string {
	switch e.Fault {
	case UnknownAttribute:
		return fmt.Sprintf("attribute %q is not supported", string(e.Path))
	case BadOperator:
		return fmt.Sprintf("operator %q is not supported on attribute %q", e.Op, string(e.Path))
	case BadLogic:
		return fmt.Sprintf("%q is not supported", e.Op)
	case BadDate:
		return fmt.Sprintf("attribute %q needs an ISO 8601 date with %q", string(e.Path), e.Op)
	default:
		return fmt.Sprintf("wrong kind of value for attribute %q with %q", string(e.Path), e.Op)
	}
}
