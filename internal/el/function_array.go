package el

import "strings"

// Null stands for the empty list. No function changes the list it is given.

// arrayContains looks for an equal item: whole, case included.
func arrayContains(m *machine, args []Value) (Value, error) {
	items, err := listOf(args[0])
	if err != nil {
		return Value{}, err
	}
	i, err := m.find(items, args[1])
	return Bool(i >= 0), err
}

// find gives the index of the first item equal to v, or -1.
func (m *machine) find(items []Value, v Value) (int, error) {
	work := v.size()
	for i, item := range items {
		if err := m.spend(work); err != nil {
			return -1, err
		}
		if equal(item, v) {
			return i, nil
		}
	}
	return -1, nil
}

// arrayGet gives null for a position outside the list.
func arrayGet(_ *machine, args []Value) (Value, error) {
	items, err := listOf(args[0])
	if err != nil {
		return Value{}, err
	}
	i, err := integer(args[1])
	if err != nil || i < 0 || i >= int64(len(items)) {
		return Null(), err
	}
	return items[i], nil
}

func arrayIsEmpty(_ *machine, args []Value) (Value, error) {
	items, err := listOf(args[0])
	return Bool(len(items) == 0), err
}

func arraySize(_ *machine, args []Value) (Value, error) {
	items, err := listOf(args[0])
	return Int(int64(len(items))), err
}

// arrayFlatten joins values and lists of values, however deep, to one list.
func arrayFlatten(m *machine, args []Value) (Value, error) {
	flat, err := m.flatten(nil, args)
	if err != nil {
		return Value{}, err
	}
	return m.items(flat)
}

func (m *machine) flatten(flat, items []Value) ([]Value, error) {
	for _, item := range items {
		err := m.spend(1)
		switch {
		case err != nil:
		case item.kind == KindList:
			flat, err = m.flatten(flat, item.list)
		case len(flat) >= m.limits.MaxItems:
			err = tooMuch("a list grows too long")
		default:
			flat = append(flat, item)
		}
		if err != nil {
			return nil, err
		}
	}
	return flat, nil
}

func arrayToCsv(m *machine, args []Value) (Value, error) {
	items, err := listOf(args[0])
	if err != nil || args[0].kind == KindNull {
		return Null(), err
	}
	var b strings.Builder
	for i, item := range items {
		s, _, err := m.textOf(item)
		if err != nil {
			return Value{}, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		if err := m.spend(1); err != nil {
			return Value{}, err
		}
		if b.Len()+len(s) > m.limits.MaxString {
			return Value{}, tooMuch("a text grows too long")
		}
		b.WriteString(s)
	}
	return m.text(b.String())
}

func arrayAdd(m *machine, args []Value) (Value, error) {
	items, err := listOf(args[0])
	if err != nil {
		return Value{}, err
	}
	longer := make([]Value, 0, len(items)+1)
	return m.items(append(append(longer, items...), args[1]))
}

// arrayRemove takes out the first equal item.
func arrayRemove(m *machine, args []Value) (Value, error) {
	items, err := listOf(args[0])
	if err != nil {
		return Value{}, err
	}
	i, err := m.find(items, args[1])
	if err != nil || i < 0 {
		return List(items...), err
	}
	shorter := make([]Value, 0, len(items)-1)
	return m.items(append(append(shorter, items[:i]...), items[i+1:]...))
}

func arrayClear(_ *machine, args []Value) (Value, error) {
	_, err := listOf(args[0])
	return List(), err
}
