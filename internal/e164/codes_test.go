package e164

import "testing"

// TestPlans: the table is what the search in it relies on, and no code begins
// with another one.
func TestPlans(t *testing.T) {
	for i, p := range plans {
		if i > 0 && plans[i-1].code >= p.code {
			t.Errorf("%d stands behind %d", p.code, plans[i-1].code)
		}
		length := len("999")
		switch {
		case p.code < 10:
			length = 1
		case p.code < 100:
			length = 2
		}
		if p.shortest < 4 || p.longest < p.shortest || length+p.longest > maxDigits {
			t.Errorf("%+v", p)
		}
		for front := p.code / 10; front > 0; front /= 10 {
			for _, other := range plans {
				if other.code == front {
					t.Errorf("%d begins with %d", p.code, front)
				}
			}
		}
	}
}
