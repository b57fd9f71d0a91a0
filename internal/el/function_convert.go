package el

import (
	"math"
	"strconv"
)

// toInt rounds a number to the nearest integer, halves upwards, and reads a text as a number first.
func toInt(m *machine, args []Value) (Value, error) {
	v, err := toNumeric(m, args[0])
	if err != nil || v.kind != KindNumber {
		return v, err
	}
	f := math.Floor(v.num + 0.5)
	if f < -(1<<63) || f >= 1<<63 {
		return Value{}, wrong("a number is out of range")
	}
	return Int(int64(f)), nil
}

func toNum(m *machine, args []Value) (Value, error) {
	v, err := toNumeric(m, args[0])
	if err != nil || v.kind != KindInt {
		return v, err
	}
	return Number(float64(v.whole)), nil
}

// toNumeric reads a value as a number; null stays null.
func toNumeric(m *machine, v Value) (Value, error) {
	if v.kind == KindNull || v.numeric() {
		return v, nil
	}
	if v.kind != KindString {
		return Value{}, wrong("%s is no number", kindNames[v.kind])
	}
	if i, err := strconv.ParseInt(v.str, 10, 64); err == nil {
		return Int(i), nil
	}
	// ParseFloat also reads hexadecimal, "inf" and "nan", which are none of the language's numbers.
	for i := range len(v.str) {
		if c := v.str[i]; !isDigit(c) && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return Value{}, wrong("the text is no number")
		}
	}
	f, err := strconv.ParseFloat(v.str, 64)
	if err != nil {
		return Value{}, wrong("the text is no number")
	}
	return Number(f), m.spend(len(v.str) / bytesPerStep)
}
