package el

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// pattern is a date pattern as Joda-Time reads it, without eras, centuries and week years.
type pattern []field

// field is a run of one pattern letter, or fixed text where letter is 0.
type field struct {
	letter byte
	width  int
	text   string
}

const maxTimePattern = 64

// patternLetters are the letters there are: year, month, day, day of year, day of week, hour in its four counts,
// half of the day, minute, second, fraction, zone name and offset.
const patternLetters = "yYMdDEeHhKkamsSzZ"

func parsePattern(s string) (pattern, error) {
	if s == "" || len(s) > maxTimePattern {
		return nil, wrong("the date pattern is empty or too long")
	}
	var p pattern
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '\'':
			text, n := quoted(s[i:])
			if n == 0 {
				return nil, wrong("the date pattern has an unfinished quotation")
			}
			p = append(p, field{text: text})
			i += n
		case isNameStart(c) && c != '_' && c != '$':
			n := 1
			for i+n < len(s) && s[i+n] == c {
				n++
			}
			if strings.IndexByte(patternLetters, c) < 0 {
				return nil, wrong("the date pattern has an unknown letter")
			}
			p = append(p, field{letter: c, width: n})
			i += n
		default:
			p = append(p, field{text: s[i : i+1]})
			i++
		}
	}
	return p, nil
}

// quoted reads a quotation at the beginning of s; two quotes are one, inside as well as outside. n is 0 if it
// does not end.
func quoted(s string) (text string, n int) {
	if strings.HasPrefix(s, "''") {
		return "'", 2
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 == len(s) || s[i+1] != '\'' {
			return b.String(), i + 1
		}
		b.WriteByte('\'')
		i++
	}
	return "", 0
}

func (p pattern) format(t time.Time) string {
	var b strings.Builder
	for _, f := range p {
		if f.letter == 0 {
			b.WriteString(f.text)
		} else {
			f.format(&b, t)
		}
	}
	return b.String()
}

func (f field) format(b *strings.Builder, t time.Time) {
	switch f.letter {
	case 'M':
		switch {
		case f.width >= 4:
			b.WriteString(t.Month().String())
		case f.width == 3:
			b.WriteString(t.Month().String()[:3])
		default:
			f.number(b, int(t.Month()))
		}
	case 'E':
		name := t.Weekday().String()
		if f.width < 4 {
			name = name[:3]
		}
		b.WriteString(name)
	case 'a':
		b.WriteString(t.Format("PM"))
	case 'S':
		f.fraction(b, t.Nanosecond())
	case 'z':
		b.WriteString(t.Format("MST"))
	case 'Z':
		switch f.width {
		case 1:
			b.WriteString(t.Format("-0700"))
		case 2:
			b.WriteString(t.Format("-07:00"))
		default:
			b.WriteString(t.Location().String())
		}
	case 'y', 'Y':
		if f.width == 2 {
			f.number(b, t.Year()%100)
			return
		}
		f.number(b, t.Year())
	default:
		f.number(b, f.value(t))
	}
}

// value gives the number of a field that is only a number.
func (f field) value(t time.Time) int {
	switch f.letter {
	case 'd':
		return t.Day()
	case 'D':
		return t.YearDay()
	case 'e':
		return (int(t.Weekday())+6)%7 + 1
	case 'H':
		return t.Hour()
	case 'k':
		return (t.Hour()+23)%24 + 1
	case 'K':
		return t.Hour() % 12
	case 'h':
		return (t.Hour()+11)%12 + 1
	case 'm':
		return t.Minute()
	default:
		return t.Second()
	}
}

func (f field) number(b *strings.Builder, n int) { fmt.Fprintf(b, "%0*d", f.width, n) }

func (f field) fraction(b *strings.Builder, nanoseconds int) {
	digits := fmt.Sprintf("%09d", nanoseconds)
	for i := range f.width {
		if i < len(digits) {
			b.WriteByte(digits[i])
		} else {
			b.WriteByte('0')
		}
	}
}

// timeParts gathers what a text tells of a time. Without a year it is 2000, without a zone UTC.
type timeParts struct {
	year, month, day, yearDay      int
	hour, minute, second, fraction int
	half                           int // 1: before noon, 2: after noon
	offset                         int // seconds east
}

func (p pattern) parse(s string) (time.Time, error) {
	c := timeParts{year: 2000, month: 1, day: 1}
	for i, f := range p {
		n := 0
		switch {
		case f.letter != 0:
			// Numbers without anything between them take no more than their letters.
			tight := i+1 < len(p) && p[i+1].numeric()
			n = f.parse(s, &c, tight)
		case strings.HasPrefix(s, f.text):
			n = len(f.text)
		}
		if n == 0 {
			return time.Time{}, wrong("the time does not have the form of the pattern")
		}
		s = s[n:]
	}
	if s != "" {
		return time.Time{}, wrong("the time does not have the form of the pattern")
	}
	return c.time()
}

func (f field) numeric() bool {
	switch f.letter {
	case 0, 'E', 'a', 'z', 'Z':
		return false
	case 'M':
		return f.width < 3
	default:
		return true
	}
}

// parse reads the field at the beginning of s and gives the length of what it read, 0 for a text without it.
func (f field) parse(s string, c *timeParts, tight bool) int {
	switch {
	case f.letter == 'M' && f.width >= 3:
		return parseName(s, 12, func(i int) string { return time.Month(i + 1).String() }, &c.month)
	case f.letter == 'E':
		var ignored int
		return parseName(s, 7, func(i int) string { return time.Weekday(i).String() }, &ignored)
	case f.letter == 'a':
		halves := [...]string{"AM", "PM"}
		return parseName(s, 2, func(i int) string { return halves[i] }, &c.half)
	case f.letter == 'Z':
		return parseOffset(s, &c.offset)
	case f.letter == 'z':
		return 0 // a zone's short name is ambiguous; Joda-Time does not read it either
	}
	most := 9
	if tight || f.letter == 'S' {
		most = max(f.width, 1)
	}
	n := 0
	for n < len(s) && n < most && isDigit(s[n]) {
		n++
	}
	v, err := strconv.Atoi(s[:min(n, 9)])
	if n == 0 || err != nil {
		return 0
	}
	f.store(c, v, n)
	return n
}

// store keeps a number of n digits.
func (f field) store(c *timeParts, v, n int) {
	switch f.letter {
	case 'y', 'Y':
		if f.width == 2 && n == 2 {
			// Two digits mean the years 1950 to 2049: a fixed window, so that the same text is always the same time.
			if v += 2000; v >= 2050 {
				v -= 100
			}
		}
		c.year = v
	case 'M':
		c.month = v
	case 'd':
		c.day = v
	case 'D':
		c.yearDay = v
	case 'H':
		c.hour = v
	case 'k':
		c.hour = wrapped(v, 24)
	case 'h', 'K':
		c.hour = wrapped(v, 12)
	case 'm':
		c.minute = v
	case 's':
		c.second = v
	case 'S':
		for ; n < 9; n++ {
			v *= 10
		}
		c.fraction = v
	}
}

// wrapped gives 0 for a full turn, and an hour that no day has for more.
func wrapped(v, turn int) int {
	if v > turn {
		return -1
	}
	return v % turn
}

// parseName reads one of count names in full or by its first three letters, in any case. It stores its number, from 1.
func parseName(s string, count int, name func(int) string, into *int) int {
	for i := range count {
		full := name(i)
		for _, n := range []int{len(full), min(3, len(full))} {
			if len(s) >= n && strings.EqualFold(s[:n], full[:n]) {
				*into = i + 1
				return n
			}
		}
	}
	return 0
}

// parseOffset reads Z, +hh:mm or +hhmm.
func parseOffset(s string, into *int) int {
	if strings.HasPrefix(s, "Z") {
		*into = 0
		return 1
	}
	for _, layout := range []string{"-07:00", "-0700"} {
		if len(s) >= len(layout) {
			if t, err := time.Parse(layout, s[:len(layout)]); err == nil {
				_, *into = t.Zone()
				return len(layout)
			}
		}
	}
	return 0
}

// time builds the time and refuses what the calendar does not have, such as the 31st of June.
func (c timeParts) time() (time.Time, error) {
	if c.half == 2 && c.hour < 12 {
		c.hour += 12
	}
	if c.yearDay != 0 {
		c.month, c.day = 1, c.yearDay
	}
	zone := time.UTC
	if c.offset != 0 {
		zone = time.FixedZone("", c.offset)
	}
	t := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, c.fraction, zone)
	sameDay := c.yearDay == 0 && int(t.Month()) == c.month && t.Day() == c.day || c.yearDay != 0 && t.YearDay() == c.yearDay
	if !sameDay || t.Year() != c.year || t.Hour() != c.hour || t.Minute() != c.minute || t.Second() != c.second {
		return time.Time{}, wrong("the time is not in the calendar")
	}
	return t, nil
}
