package signin

import (
	"slices"

	"usher/internal/factor"
)

// Level is how much a sign-in shall prove, whatever the policies ask for.
type Level string

// The levels.
const (
	LevelTwo           Level = "two"             // any two factors
	LevelTwoIfPossible Level = "two-if-possible" // the same, of users who have a second one
	LevelResistant     Level = "resistant"       // a factor that no other page can ask for
	LevelHardware      Level = "hardware"        // and whose key never leaves hardware
)

// Levels lists the levels.
func Levels() []Level { return []Level{LevelTwo, LevelTwoIfPossible, LevelResistant, LevelHardware} }

// Values of RFC 8176 that tell of keys.
const (
	amrKey      = "pop"
	amrHardware = "hwk"
)

// Reached tells whether the methods of a session or a sign-in are what a level
// asks for. A session that was remembered with its device is of one factor.
func (l Level) Reached(amr []string) bool {
	switch l {
	case LevelTwo, LevelTwoIfPossible:
		return slices.Contains(amr, amrMany)
	case LevelResistant:
		return slices.Contains(amr, amrKey)
	case LevelHardware:
		return slices.Contains(amr, amrKey) && slices.Contains(amr, amrHardware)
	}
	return false
}

// helps tells whether proving a factor reaches the level.
func (l Level) helps(d factor.Description) bool {
	return l.Reached(append(slices.Clone(d.AMR), amrMany))
}

// missing are the levels of which the transaction has to reach one; none when it
// has, or when nothing is asked for.
func (t *Transaction) missing() []Level {
	amr := t.amr()
	if slices.ContainsFunc(t.Levels, func(l Level) bool { return l.Reached(amr) }) {
		return nil
	}
	return t.Levels
}

// leads tells whether proving a factor would reach one of the levels; anything
// does where none is asked for.
func leads(levels []Level, d factor.Description) bool {
	return len(levels) == 0 || slices.ContainsFunc(levels, func(l Level) bool { return l.helps(d) })
}
