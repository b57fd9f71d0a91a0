package oauth

import "testing"

// TestClaimsThatDependOnGroups goes through every way in which a claim can ask for
// the groups of the user: these are read for such a claim alone.
func TestClaimsThatDependOnGroups(t *testing.T) {
	for _, tt := range []struct {
		claim Claim
		want  bool
	}{
		{Claim{ValueType: ValueGroups, Filter: FilterStartsWith, Value: "a"}, true},
		{Claim{ValueType: ValueGroups, Filter: FilterRegex, Value: ".*"}, true},
		{Claim{ValueType: ValueExpression, Value: `Groups.startsWith("OKTA", "a", 10)`}, true},
		{Claim{ValueType: ValueExpression, Value: `Groups.endsWith("OKTA", "a", 10)`}, true},
		{Claim{ValueType: ValueExpression, Value: `Groups.contains("OKTA", "a", 10)`}, true},
		{Claim{ValueType: ValueExpression, Value: `getFilteredGroups({"00g1"}, "group.name", 10)`}, true},
		{Claim{ValueType: ValueExpression, Value: `isMemberOfGroup("00g1") ? "a" : "b"`}, true},
		{Claim{ValueType: ValueExpression, Value: `isMemberOfGroupName("a") ? "a" : "b"`}, true},
		{Claim{ValueType: ValueExpression, Value: `isMemberOfGroupNameRegex("a.*") ? "a" : "b"`}, true},
		{Claim{ValueType: ValueExpression, Value: `user.isMemberOf({'group.id': 'a'}) ? "a" : "b"`}, true},
		{Claim{ValueType: ValueExpression, Value: `user.login`}, false},
		{Claim{ValueType: ValueExpression, Value: `(appuser != null) ? appuser.userName : app.clientId`}, false},
	} {
		c := tt.claim
		c.compile()
		if c.ValueType == ValueExpression && c.program == nil {
			t.Errorf("%s is no expression here", c.Value)
		}
		if c.grouped != tt.want {
			t.Errorf("%s %s: %v", c.ValueType, c.Value, c.grouped)
		}
	}
}
