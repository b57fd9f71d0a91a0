package pages

import "usher/internal/factor"

// frame is what every page shows around its content.
type frame struct {
	Title       string
	Problem     bool   // the title begins with a warning
	Org         string // the organisation's name, "" where none is known
	Hint        string // a sentence at the foot
	Style, Mark string // addresses
	Body        any    // of the content's own type
}

// carried are the hidden fields of every form of a sign-in.
type carried struct {
	// StateToken is the handle of the transaction, "" while none is needed. It
	// has the name that the wire protocols give it.
	StateToken string
	FromURI    string // checked
	Problem    string // what to complain of, "" for nothing
	Login      string // as it was given
	Restart    string // where to begin anew
}

// identifyView asks who is signing in.
type identifyView struct {
	carried
	Notice string // a good message, "" for none
	// Forgot and Unlock are the pages of those who cannot, "" where there are none.
	Forgot, Unlock string
}

// inquireView asks for whom a recovery is.
type inquireView struct {
	carried
	Heading, Text, Button, Path string
}

// openView tells what a link is about.
type openView struct{ Heading, Text, Button, Path string }

// answerView asks a recovery question.
type answerView struct {
	carried
	Question string
}

// passwordView asks for the password.
type passwordView struct {
	carried
	Forgot string // the page of those who cannot, "" where there is none
}

// factorView asks for a further factor: to choose one, to prove it, to enrol it.
// Each part is there where the step has it.
type factorView struct {
	carried
	Heading string
	Text    []string
	// Picture is the address of what is to be scanned, Secret the same to type.
	Picture, Secret string
	// Number is to be found on the device.
	Number  string
	Fields  []fieldView
	Factor  string // the factor that the fields are about
	Choices []choice
	// Remember offers not to be asked again, Remembered as the usual choice.
	Remember, Remembered bool
	// Buttons are what can be done, the first one above all where nothing is to
	// be chosen.
	Buttons []button
}

// fieldView is one field to fill in.
type fieldView struct {
	Name, Label, Type, Complete, Mode string
	// Options are there to choose from; none where something is typed.
	Options []factor.Question
	Focus   bool
}

// choice is a factor to choose. Do is what its button sends.
type choice struct{ Text, Detail, Do string }

// button is something to do.
type button struct{ Text, Do string }

// changeView asks for a new password.
type changeView struct {
	carried
	Reason    string
	Fault     string // the field that Problem is about: "old", "new" or ""
	OldNeeded bool
	Skippable bool
	Rules     []string
	// Questions are there to choose a recovery question from, none where none is
	// wanted.
	Questions []string
}

// messageView tells something that ends here.
type messageView struct {
	Heading   string
	Alert     string // what went wrong, "" where nothing did
	Text      []string
	Link      *link
	Reference string // by which the system log knows the request
}

type link struct{ Text, Href string }

// homeView tells who is signed in.
type homeView struct {
	Name, Login string
	Facts       []fact
}

// fact is a line about the session. Machine is the instant where it is one.
type fact struct{ Name, Text, Machine string }

// signoutView asks whether to sign out.
type signoutView struct{ Login, FromURI string }
