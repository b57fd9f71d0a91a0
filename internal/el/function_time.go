package el

import (
	"strconv"
	"time"
	_ "time/tzdata" // zones must be there on a host without a database of them
)

// isoLayout is RFC 3339 with milliseconds.
const isoLayout = "2006-01-02T15:04:05.000Z07:00"

// windowsEpoch is the Unix time of 1601-01-01, from which Windows counts units of 100 ns.
const windowsEpoch = -11644473600

// timeNow takes a time zone and a pattern, both optional, and gives UTC in RFC 3339 without them.
func timeNow(m *machine, args []Value) (Value, error) {
	clock, ok := m.env.(Clock)
	if !ok {
		return Value{}, wrong("there is no clock here")
	}
	now := clock.Now().UTC()
	if len(args) > 0 {
		name, _, err := m.textOf(args[0])
		if err != nil {
			return Value{}, err
		}
		zone, err := loadZone(name)
		if err != nil {
			return Value{}, err
		}
		now = now.In(zone)
	}
	if len(args) < 2 {
		return m.iso(now)
	}
	return m.formatted(now, args[1])
}

// maxZoneName bounds the name of a time zone; the longest there is has 32 letters.
const maxZoneName = 64

// loadZone finds a zone of the time zone database. "Local" is refused: it would make the result depend on the host.
func loadZone(name string) (*time.Location, error) {
	if name == "Local" || len(name) > maxZoneName {
		return nil, wrong("unknown time zone")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, wrong("unknown time zone")
	}
	return zone, nil
}

// iso writes a time in RFC 3339, which has years of four digits only.
func (m *machine) iso(t time.Time) (Value, error) {
	if y := t.Year(); y < 0 || y > 9999 {
		return Value{}, wrong("the time is out of range")
	}
	return m.text(t.Format(isoLayout))
}

func (m *machine) formatted(t time.Time, pattern Value) (Value, error) {
	text, _, err := m.textOf(pattern)
	if err != nil {
		return Value{}, err
	}
	p, err := parsePattern(text)
	if err != nil {
		return Value{}, err
	}
	return m.text(p.format(t))
}

// count reads a text that counts units of time; ok is false for null.
func (m *machine) count(v Value) (n int64, ok bool, err error) {
	s, ok, err := m.textOf(v)
	if err != nil || !ok {
		return 0, false, err
	}
	n, err = strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, false, wrong("the time is no whole number")
	}
	return n, true, nil
}

func windowsToISO(m *machine, args []Value) (Value, error) {
	n, ok, err := m.count(args[0])
	if err != nil || !ok {
		return Null(), err
	}
	return m.iso(time.Unix(n/1e7+windowsEpoch, n%1e7*100).UTC())
}

// unixToISO counts milliseconds, as the vendor's examples do.
func unixToISO(m *machine, args []Value) (Value, error) {
	n, ok, err := m.count(args[0])
	if err != nil || !ok {
		return Null(), err
	}
	return m.iso(time.UnixMilli(n).UTC())
}

// isoTime reads RFC 3339; ok is false for null.
func (m *machine) isoTime(v Value) (t time.Time, ok bool, err error) {
	s, ok, err := m.textOf(v)
	if err != nil || !ok {
		return time.Time{}, false, err
	}
	t, err = time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, false, wrong("the text is no ISO 8601 time")
	}
	return t, true, nil
}

func isoToWindows(m *machine, args []Value) (Value, error) {
	t, ok, err := m.isoTime(args[0])
	if err != nil || !ok {
		return Null(), err
	}
	return m.text(strconv.FormatInt((t.Unix()-windowsEpoch)*1e7+int64(t.Nanosecond()/100), 10))
}

func isoToUnix(m *machine, args []Value) (Value, error) {
	t, ok, err := m.isoTime(args[0])
	if err != nil || !ok {
		return Null(), err
	}
	return m.text(strconv.FormatInt(t.UnixMilli(), 10))
}

func isoToString(m *machine, args []Value) (Value, error) {
	t, ok, err := m.isoTime(args[0])
	if err != nil || !ok {
		return Null(), err
	}
	return m.formatted(t, args[1])
}

func stringToISO(m *machine, args []Value) (Value, error) {
	s, ok, err := m.textOf(args[0])
	if err != nil || !ok {
		return Null(), err
	}
	pattern, _, err := m.textOf(args[1])
	if err != nil {
		return Value{}, err
	}
	p, err := parsePattern(pattern)
	if err != nil {
		return Value{}, err
	}
	t, err := p.parse(s)
	if err != nil {
		return Value{}, err
	}
	return m.iso(t)
}
