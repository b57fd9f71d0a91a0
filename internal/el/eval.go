package el

import (
	"cmp"
	"errors"
	"math"
	"strings"
)

// bytesPerStep is how much text one step of work covers.
const bytesPerStep = 64

// machine is one evaluation.
type machine struct {
	env    Env
	limits Limits
	steps  int
}

// spend takes n steps from the budget.
func (m *machine) spend(n int) error {
	m.steps += n
	if m.steps > m.limits.MaxSteps {
		return tooMuch("the evaluation takes too many steps")
	}
	return nil
}

func (m *machine) run(n node) (Value, error) {
	if err := m.spend(1); err != nil {
		return Value{}, err
	}
	return n.eval(m)
}

// text makes a string value, if it is not too long.
func (m *machine) text(s string) (Value, error) {
	if len(s) > m.limits.MaxString {
		return Value{}, tooMuch("a text grows too long")
	}
	return String(s), m.spend(len(s) / bytesPerStep)
}

// items makes a list value, if it is not too long.
func (m *machine) items(vs []Value) (Value, error) {
	if len(vs) > m.limits.MaxItems {
		return Value{}, tooMuch("a list grows too long")
	}
	return List(vs...), m.spend(len(vs))
}

func (n literal) eval(*machine) (Value, error) { return n.value, nil }

func (n reference) eval(m *machine) (Value, error) {
	v, ok := m.env.Lookup(n.path)
	if !ok {
		return Null(), nil
	}
	return v, nil
}

func (n list) eval(m *machine) (Value, error) {
	vs, err := m.all(n.items)
	if err != nil {
		return Value{}, err
	}
	return m.items(vs)
}

func (m *machine) all(nodes []node) ([]Value, error) {
	vs := make([]Value, len(nodes))
	for i, n := range nodes {
		v, err := m.run(n)
		if err != nil {
			return nil, err
		}
		vs[i] = v
	}
	return vs, nil
}

func (n unary) eval(m *machine) (Value, error) {
	if n.op == "!" {
		v, err := m.truth(n.x)
		if err != nil || v.kind == KindNull {
			return Null(), err
		}
		return Bool(!v.truth), nil
	}
	v, err := m.run(n.x)
	switch {
	case err != nil || v.kind == KindNull:
		return Null(), err
	case v.kind == KindInt && v.whole != math.MinInt64:
		return Int(-v.whole), nil
	case v.kind == KindNumber:
		return Number(-v.num), nil
	default:
		return Value{}, wrong(`"-" stands before %s`, kindNames[v.kind])
	}
}

// truth evaluates a condition: a boolean or null.
func (m *machine) truth(n node) (Value, error) {
	v, err := m.run(n)
	if err == nil && v.kind != KindBool && v.kind != KindNull {
		err = wrong("%s stands for a condition", kindNames[v.kind])
	}
	return v, err
}

func (n binary) eval(m *machine) (Value, error) {
	if n.op == "&&" || n.op == "||" {
		return n.logic(m)
	}
	a, err := m.run(n.left)
	if err != nil {
		return Value{}, err
	}
	b, err := m.run(n.right)
	if err != nil {
		return Value{}, err
	}
	switch n.op {
	case "==", "!=":
		if err := m.spend(min(a.size(), b.size())); err != nil {
			return Value{}, err
		}
		return Bool(equal(a, b) == (n.op == "==")), nil
	case "+":
		return m.add(a, b)
	case "-":
		return subtract(a, b)
	default:
		return m.order(n.op, a, b)
	}
}

// logic joins two conditions. The right one is not looked at when the left one settles the result; null settles nothing.
func (n binary) logic(m *machine) (Value, error) {
	settles := n.op == "||"
	a, err := m.truth(n.left)
	if err != nil || a.kind == KindBool && a.truth == settles {
		return a, err
	}
	b, err := m.truth(n.right)
	if err != nil || b.kind == KindBool && b.truth == settles {
		return b, err
	}
	if a.kind == KindNull || b.kind == KindNull {
		return Null(), nil
	}
	return Bool(!settles), nil
}

func (m *machine) add(a, b Value) (Value, error) {
	switch {
	case a.kind == KindString || b.kind == KindString:
		left, okLeft := a.Text()
		right, okRight := b.Text()
		if !okLeft || !okRight {
			return Value{}, wrong("a list is joined to a text")
		}
		return m.text(left + right)
	case a.kind == KindNull && (b.kind == KindNull || b.numeric()), b.kind == KindNull && a.numeric():
		return Null(), nil
	case a.kind == KindInt && b.kind == KindInt:
		sum := a.whole + b.whole
		if (sum > a.whole) != (b.whole > 0) {
			return Value{}, wrong("a number is out of range")
		}
		return Int(sum), nil
	case a.numeric() && b.numeric():
		return finite(a.Float() + b.Float())
	default:
		return Value{}, wrong("%s and %s cannot be added", kindNames[a.kind], kindNames[b.kind])
	}
}

func subtract(a, b Value) (Value, error) {
	switch {
	case a.kind == KindNull && (b.kind == KindNull || b.numeric()), b.kind == KindNull && a.numeric():
		return Null(), nil
	case a.kind == KindInt && b.kind == KindInt:
		difference := a.whole - b.whole
		if (difference < a.whole) != (b.whole > 0) {
			return Value{}, wrong("a number is out of range")
		}
		return Int(difference), nil
	case a.numeric() && b.numeric():
		return finite(a.Float() - b.Float())
	default:
		return Value{}, wrong("%s cannot be taken from %s", kindNames[b.kind], kindNames[a.kind])
	}
}

func finite(f float64) (Value, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}, wrong("a number is out of range")
	}
	return Number(f), nil
}

func (m *machine) order(op string, a, b Value) (Value, error) {
	var c int
	switch {
	case a.kind == KindNull || b.kind == KindNull:
		return Null(), nil
	case a.numeric() && b.numeric():
		c = compareNumeric(a, b)
	case a.kind == KindString && b.kind == KindString:
		c = cmp.Compare(a.str, b.str)
		if err := m.spend(min(len(a.str), len(b.str)) / bytesPerStep); err != nil {
			return Value{}, err
		}
	default:
		return Value{}, wrong("%s and %s have no order", kindNames[a.kind], kindNames[b.kind])
	}
	switch op {
	case "<":
		return Bool(c < 0), nil
	case "<=":
		return Bool(c <= 0), nil
	case ">":
		return Bool(c > 0), nil
	default:
		return Bool(c >= 0), nil
	}
}

func (n choice) eval(m *machine) (Value, error) {
	v, err := m.truth(n.cond)
	switch {
	case err != nil || v.kind == KindNull:
		return Null(), err
	case v.truth:
		return m.run(n.then)
	default:
		return m.run(n.otherwise)
	}
}

// eval takes the other value for null and for the empty text (SpEL, Elvis operator).
func (n fallback) eval(m *machine) (Value, error) {
	v, err := m.run(n.x)
	if err != nil || v.kind != KindNull && !(v.kind == KindString && v.str == "") {
		return v, err
	}
	return m.run(n.otherwise)
}

func (n invocation) eval(m *machine) (Value, error) {
	args, err := m.all(n.args)
	if err != nil {
		return Value{}, err
	}
	v, err := n.fn.run(m, args)
	var e *EvalError
	if errors.As(err, &e) && !e.Limit {
		return Value{}, wrong("%s: %s", n.name, e.Msg)
	}
	return v, err
}

func (n property) eval(m *machine) (Value, error) {
	internals, ok := m.env.(Internals)
	if !ok {
		return Value{}, wrong("there are no internal properties here")
	}
	v, ok := internals.Internal(n.name)
	if !ok {
		return Null(), nil
	}
	return v, nil
}

func (n template) eval(m *machine) (Value, error) {
	var b strings.Builder
	for _, part := range n.parts {
		v, err := m.run(part)
		if err != nil {
			return Value{}, err
		}
		s, ok := v.Text()
		if !ok {
			return Value{}, wrong("a list stands in a template")
		}
		if b.Len()+len(s) > m.limits.MaxString {
			return Value{}, tooMuch("a text grows too long")
		}
		b.WriteString(s)
	}
	return m.text(b.String())
}
