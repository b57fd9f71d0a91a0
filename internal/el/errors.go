package el

import "fmt"

// SyntaxError says why a text is no expression, or not one that the features allow. A text over one of the
// Limits is a SyntaxError too.
type SyntaxError struct {
	Offset int    // byte offset into the text, 0 based; the length of the text when it ends too early
	Msg    string // one short sentence part, without the offset
}

// Error gives the message and the position.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("expression: %s at offset %d", e.Msg, e.Offset)
}

// EvalError says why an evaluation has no result. It never holds a value that was read from the Env.
type EvalError struct {
	Msg   string
	Limit bool // a cap of Limits was reached; otherwise a value had the wrong kind or form
}

// Error gives the message.
func (e *EvalError) Error() string { return "expression: " + e.Msg }

func wrong(format string, args ...any) error { return &EvalError{Msg: fmt.Sprintf(format, args...)} }

func tooMuch(what string) error { return &EvalError{Msg: what, Limit: true} }
