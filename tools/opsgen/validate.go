package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// members returns the vendor members an operation may have.
func members() []string {
	return []string{"x-usher-auth", "x-usher-roles", "x-usher-scopes", "x-usher-bucket", "x-usher-cors"}
}

// auths returns the constant of package openapi for each value of x-usher-auth.
func auths() map[string]string {
	return map[string]string{
		"none": "AuthNone", "token": "AuthToken", "session-or-token": "AuthSessionOrToken", "session": "AuthSession",
	}
}

func roles() []string {
	return []string{
		"ORG_ADMIN", "READ_ONLY_ADMIN", "USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN",
		"APP_ADMIN", "API_ACCESS_MANAGEMENT_ADMIN", "MOBILE_ADMIN", "REPORT_ADMIN", "SELF",
	}
}

func buckets() []string {
	return []string{
		"authn", "authn.verify", "sessions", "users", "users.get", "users.write", "groups", "groups.id",
		"apps", "apps.id", "logs", "api", "oauth2", "oauth2.authorize", "oauth2.token", "oauth2.other", "idx", "myaccount",
	}
}

func kinds() []string { return []string{"string", "integer", "number", "boolean", "array"} }

// validate checks every operation alone and the table as a whole, and returns all faults together.
func validate(ops []operation) error {
	var faults []error
	ids, constants, routes := map[string]bool{}, map[string]string{}, map[string]string{}
	variable := regexp.MustCompile(`\{[^}]*\}`)
	for _, op := range ops {
		where := op.document + ": " + op.method + " " + op.path
		for _, fault := range op.faults() {
			faults = append(faults, fmt.Errorf("%s: %s", where, fault))
		}
		if ids[op.ID] {
			faults = append(faults, fmt.Errorf("%s: operation id %s twice", where, op.ID))
		} else if other, ok := constants[constant(op.ID)]; ok {
			faults = append(faults, fmt.Errorf("%s: ids %s and %s have the same Go name", where, op.ID, other))
		}
		ids[op.ID], constants[constant(op.ID)] = true, op.ID
		route := op.method + " " + variable.ReplaceAllString(op.path, "{}")
		if other, ok := routes[route]; ok {
			faults = append(faults, fmt.Errorf("%s: also in %s", where, other))
		}
		routes[route] = op.document
	}
	return errors.Join(faults...)
}

// faults returns what is wrong with the operation, seen alone.
func (op *operation) faults() []string {
	var out []string
	add := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(!regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.-]*$`).MatchString(op.ID), "bad operation id %q", op.ID)
	add(len(op.Tags) != 1, "wants one tag, has %d", len(op.Tags))
	add(len(op.extras) > 0, "unknown members %s", strings.Join(op.extras, ", "))
	add(!slices.Contains(buckets(), op.Bucket), "unknown bucket %q", op.Bucket)
	add(len(op.success) == 0, "no successful response")
	if op.document != "management-extra" {
		add(!strings.HasSuffix(op.Summary, ".") || len(op.Summary) > 140, "summary must be one sentence of at most 140 bytes")
	}
	for _, p := range op.query {
		add(!slices.Contains(kinds(), p.kind), "query parameter %s has type %q", p.name, p.kind)
	}
	out = append(out, op.accessFaults()...)
	return append(out, op.pathFaults()...)
}

func (op *operation) accessFaults() []string {
	var out []string
	if _, ok := auths()[op.Auth]; !ok {
		out = append(out, fmt.Sprintf("unknown x-usher-auth %q", op.Auth))
	}
	for i, role := range op.Roles {
		if !slices.Contains(roles(), role) || slices.Contains(op.Roles[:i], role) {
			out = append(out, fmt.Sprintf("role %q is unknown or doubled", role))
		}
	}
	scope := regexp.MustCompile(`^(okta|ssf)(\.[A-Za-z]+)+$`)
	for i, s := range op.Scopes {
		if !scope.MatchString(s) || slices.Contains(op.Scopes[:i], s) {
			out = append(out, fmt.Sprintf("scope %q is malformed or doubled", s))
		}
	}
	self := slices.Contains(op.Roles, "SELF")
	switch {
	case op.Auth == "none" && len(op.Roles)+len(op.Scopes) > 0:
		out = append(out, "roles or scopes without a caller")
	case op.Auth == "session" && !self, op.Auth == "session-or-token" && !self:
		out = append(out, "a session cookie without SELF")
	}
	return out
}

// pathFaults checks that the router understands the path, and that its parameters are the declared ones.
func (op *operation) pathFaults() []string {
	if !strings.HasPrefix(op.path, "/") {
		return []string{"path does not start with a slash"}
	}
	literal, variable := regexp.MustCompile(`^[A-Za-z0-9._~-]+$`), regexp.MustCompile(`^\{([A-Za-z][A-Za-z0-9_]*)\}$`)
	var out, vars []string
	for _, segment := range strings.Split(op.path[1:], "/") {
		switch m := variable.FindStringSubmatch(segment); {
		case m != nil && slices.Contains(vars, m[1]):
			out = append(out, "path parameter "+m[1]+" twice")
		case m != nil:
			vars = append(vars, m[1])
		case !literal.MatchString(segment):
			out = append(out, fmt.Sprintf("bad path segment %q", segment))
		}
	}
	if !slices.Equal(vars, op.pathVars) {
		out = append(out, fmt.Sprintf("path has parameters %v, declares %v", vars, op.pathVars))
	}
	return out
}
