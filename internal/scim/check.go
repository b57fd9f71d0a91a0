package scim

// OpSet is a set of operators, presence included.
type OpSet uint16

// Ops makes a set of operators.
func Ops(ops ...Op) OpSet {
	var s OpSet
	for _, o := range ops {
		s |= 1 << o
	}
	return s
}

// Pr is the set that holds the operator pr only; join it to others with |.
const Pr OpSet = 1

// Has tells whether the set holds o.
func (s OpSet) Has(o Op) bool { return s&(1<<o) != 0 }

// KindSet is a set of literal kinds.
type KindSet uint8

// Kinds makes a set of literal kinds.
func Kinds(kinds ...Kind) KindSet {
	var s KindSet
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

// Has tells whether the set holds k.
func (s KindSet) Has(k Kind) bool { return s&(1<<k) != 0 }

// Logic is a set of the words that join comparisons.
type Logic uint8

// The words of a Logic.
const (
	AllowAnd Logic = 1 << iota
	AllowOr
	AllowNot
)

// Attribute says what may be asked of one attribute.
type Attribute struct {
	Ops   OpSet
	Kinds KindSet // literal kinds; 0 allows all
	Time  bool    // literals must be times (ParseTime); null is allowed where Kinds allows it
}

// Schema says what a resource's filter may hold.
type Schema struct {
	Attributes map[Path]Attribute
	// Open answers for a path that Attributes lacks, such as the custom attributes under profile. Nil: there are none.
	Open  func(Path) (Attribute, bool)
	Logic Logic
}

// Check compares e with what s allows and gives the first fault, in the order of the text, as a *CheckError.
func Check(e Expr, s Schema) error {
	var fault *CheckError
	Walk(e, func(e Expr) bool {
		if fault == nil {
			fault = s.fault(e)
		}
		return fault == nil
	})
	if fault == nil {
		return nil
	}
	return fault
}

func (s Schema) fault(e Expr) *CheckError {
	switch e := e.(type) {
	case And:
		return s.logicFault(AllowAnd, "and")
	case Or:
		return s.logicFault(AllowOr, "or")
	case Not:
		return s.logicFault(AllowNot, "not")
	case Present:
		a, ok := s.attribute(e.Path)
		if !ok {
			return &CheckError{Fault: UnknownAttribute, Path: e.Path}
		}
		if a.Ops&Pr == 0 {
			return &CheckError{Fault: BadOperator, Path: e.Path, Op: "pr"}
		}
	case Compare:
		return s.compareFault(e)
	}
	return nil
}

func (s Schema) logicFault(l Logic, word string) *CheckError {
	if s.Logic&l == 0 {
		return &CheckError{Fault: BadLogic, Op: word}
	}
	return nil
}

func (s Schema) compareFault(e Compare) *CheckError {
	a, ok := s.attribute(e.Path)
	if !ok {
		return &CheckError{Fault: UnknownAttribute, Path: e.Path}
	}
	if !a.Ops.Has(e.Op) {
		return &CheckError{Fault: BadOperator, Path: e.Path, Op: e.Op.String()}
	}
	if !fits(e.Op, e.Value.Kind()) || (a.Kinds != 0 && !a.Kinds.Has(e.Value.Kind())) {
		return &CheckError{Fault: BadValue, Path: e.Path, Op: e.Op.String()}
	}
	if a.Time && e.Value.Kind() != Null {
		if _, ok := e.Value.Time(); !ok {
			return &CheckError{Fault: BadDate, Path: e.Path, Op: e.Op.String()}
		}
	}
	return nil
}

// fits tells whether an operator can hold at all with a literal of kind k.
func fits(o Op, k Kind) bool {
	switch o {
	case Eq, Ne:
		return true
	case Sw, Ew, Co:
		return k == String
	default:
		return k == String || k == Number
	}
}

func (s Schema) attribute(p Path) (Attribute, bool) {
	if a, ok := s.Attributes[p]; ok {
		return a, true
	}
	if s.Open == nil {
		return Attribute{}, false
	}
	return s.Open(p)
}
