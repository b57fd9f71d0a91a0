package el

// function is one function of the language.
type function struct {
	family Functions
	least  int // arguments
	most   int // arguments; negative: any number
	pairs  bool
	first  kind // what the first argument must be, as far as the text tells
	result kind
	run    func(m *machine, args []Value) (Value, error)
}

// families are the names before the dot of a function; no reference can begin with one.
var families = map[string]Functions{
	"String": Strings, "Arrays": Arrays, "Convert": Conversions, "Time": Times, "Groups": Membership,
}

// functions is the table of the functions whose arguments are plain expressions.
var functions = map[string]*function{
	"String.append":          {family: Strings, least: 2, most: 2, result: stringKind, run: appendText},
	"String.join":            {family: Strings, least: 2, most: -1, result: stringKind, run: join},
	"String.len":             {family: Strings, least: 1, most: 1, result: numericKind, run: length},
	"String.removeSpaces":    {family: Strings, least: 1, most: 1, result: stringKind, run: removeSpaces},
	"String.replace":         {family: Strings, least: 3, most: 3, result: stringKind, run: replaceAll},
	"String.replaceFirst":    {family: Strings, least: 3, most: 3, result: stringKind, run: replaceFirst},
	"String.startsWith":      {family: Strings, least: 2, most: 2, result: boolKind, run: startsWith},
	"String.stringContains":  {family: Strings, least: 2, most: 2, result: boolKind, run: stringContains},
	"String.stringSwitch":    {family: Strings, least: 4, most: -1, pairs: true, result: stringKind, run: stringSwitch},
	"String.substring":       {family: Strings, least: 2, most: 3, result: stringKind, run: substring},
	"String.substringAfter":  {family: Strings, least: 2, most: 2, result: stringKind, run: substringAfter},
	"String.substringBefore": {family: Strings, least: 2, most: 2, result: stringKind, run: substringBefore},
	"String.toUpperCase":     {family: Strings, least: 1, most: 1, result: stringKind, run: toUpperCase},
	"String.toLowerCase":     {family: Strings, least: 1, most: 1, result: stringKind, run: toLowerCase},

	"substring":       {family: Classic, least: 2, most: 3, result: stringKind, run: substring},
	"substringAfter":  {family: Classic, least: 2, most: 2, result: stringKind, run: substringAfter},
	"substringBefore": {family: Classic, least: 2, most: 2, result: stringKind, run: substringBefore},
	"toUpperCase":     {family: Classic, least: 1, most: 1, result: stringKind, run: toUpperCase},
	"toLowerCase":     {family: Classic, least: 1, most: 1, result: stringKind, run: toLowerCase},

	// In templates only: the lexer reads the prefix nowhere else.
	"fn:substring":       {family: Classic, least: 2, most: 3, result: stringKind, run: substring},
	"fn:substringAfter":  {family: Classic, least: 2, most: 2, result: stringKind, run: substringAfter},
	"fn:substringBefore": {family: Classic, least: 2, most: 2, result: stringKind, run: substringBefore},
	"fn:toUpperCase":     {family: Classic, least: 1, most: 1, result: stringKind, run: toUpperCase},
	"fn:toLowerCase":     {family: Classic, least: 1, most: 1, result: stringKind, run: toLowerCase},
	"fn:replace":         {family: Classic, least: 3, most: 3, result: stringKind, run: replaceAll},

	"Arrays.contains":    {family: Arrays, least: 2, most: 2, first: listKind, result: boolKind, run: arrayContains},
	"Arrays.get":         {family: Arrays, least: 2, most: 2, first: listKind, run: arrayGet},
	"Arrays.isEmpty":     {family: Arrays, least: 1, most: 1, first: listKind, result: boolKind, run: arrayIsEmpty},
	"Arrays.size":        {family: Arrays, least: 1, most: 1, first: listKind, result: numericKind, run: arraySize},
	"Arrays.flatten":     {family: Arrays, least: 1, most: -1, result: listKind, run: arrayFlatten},
	"Arrays.toCsvString": {family: Arrays, least: 1, most: 1, first: listKind, result: stringKind, run: arrayToCsv},
	"Arrays.add":         {family: ArrayEdits, least: 2, most: 2, first: listKind, result: listKind, run: arrayAdd},
	"Arrays.remove":      {family: ArrayEdits, least: 2, most: 2, first: listKind, result: listKind, run: arrayRemove},
	"Arrays.clear":       {family: ArrayEdits, least: 1, most: 1, first: listKind, result: listKind, run: arrayClear},

	"isMemberOfGroup":               {family: Membership, least: 1, most: 1, result: boolKind, run: memberByID},
	"isMemberOfAnyGroup":            {family: Membership, least: 1, most: -1, result: boolKind, run: memberByID},
	"isMemberOfGroupName":           {family: Membership, least: 1, most: 1, result: boolKind, run: memberByName},
	"isMemberOfGroupNameStartsWith": {family: Membership, least: 1, most: 1, result: boolKind, run: memberByPrefix},
	"isMemberOfGroupNameContains":   {family: Membership, least: 1, most: 1, result: boolKind, run: memberByPart},

	"Groups.startsWith": {family: GroupLists, least: 3, most: 3, result: listKind, run: groupsByPrefix},
	"Groups.endsWith":   {family: GroupLists, least: 3, most: 3, result: listKind, run: groupsBySuffix},
	"Groups.contains":   {family: GroupLists, least: 3, most: 3, result: listKind, run: groupsByPart},
	"getFilteredGroups": {family: GroupLists, least: 3, most: 3, first: listKind, result: listKind, run: filteredGroups},

	"Convert.toInt": {family: Conversions, least: 1, most: 1, result: numericKind, run: toInt},
	"Convert.toNum": {family: Conversions, least: 1, most: 1, result: numericKind, run: toNum},

	"Time.now":                  {family: Times, least: 0, most: 2, result: stringKind, run: timeNow},
	"Time.fromWindowsToIso8601": {family: Times, least: 1, most: 1, result: stringKind, run: windowsToISO},
	"Time.fromUnixToIso8601":    {family: Times, least: 1, most: 1, result: stringKind, run: unixToISO},
	"Time.fromStringToIso8601":  {family: Times, least: 2, most: 2, result: stringKind, run: stringToISO},
	"Time.fromIso8601ToWindows": {family: Times, least: 1, most: 1, result: stringKind, run: isoToWindows},
	"Time.fromIso8601ToUnix":    {family: Times, least: 1, most: 1, result: stringKind, run: isoToUnix},
	"Time.fromIso8601ToString":  {family: Times, least: 2, most: 2, result: stringKind, run: isoToString},
}

// textOf reads an argument as text; ok is false for null.
func (m *machine) textOf(v Value) (s string, ok bool, err error) {
	s, fine := v.Text()
	if !fine {
		return "", false, wrong("a list stands for a text")
	}
	return s, v.kind != KindNull, m.spend(len(s) / bytesPerStep)
}

// texts reads all arguments as texts. ok is false if the first, the one worked on, is null; others that are null are
// empty.
func (m *machine) texts(args []Value) (texts []string, ok bool, err error) {
	texts = make([]string, len(args))
	for i, a := range args {
		s, present, err := m.textOf(a)
		if err != nil {
			return nil, false, err
		}
		texts[i] = s
		if i == 0 {
			ok = present
		}
	}
	return texts, ok, nil
}

func integer(v Value) (int64, error) {
	if v.kind != KindInt {
		return 0, wrong("%s stands for an integer", kindNames[v.kind])
	}
	return v.whole, nil
}

// listOf reads an argument as a list; null is the empty one.
func listOf(v Value) ([]Value, error) {
	if v.kind != KindList && v.kind != KindNull {
		return nil, wrong("%s stands for a list", kindNames[v.kind])
	}
	return v.list, nil
}
