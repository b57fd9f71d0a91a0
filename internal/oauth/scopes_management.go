package oauth

import (
	"slices"
	"sync"

	"usher/openapi"
)

// ManagementScopes are the scopes of the management interface that the metadata
// of the organisation's own server lists, in its order. The server has more of
// them: those that open the other operations.
// (recorded answers; spec: oauth2#getWellKnownOAuthConfiguration)
func ManagementScopes() []string {
	return []string{
		"okta.users.manage", "okta.users.manage.self", "okta.users.read", "okta.users.read.self",
		"okta.linkedObjects.manage", "okta.linkedObjects.read", "okta.profileMappings.manage", "okta.profileMappings.read",
		"okta.userTypes.manage", "okta.userTypes.read", "okta.clients.manage", "okta.clients.register",
		"okta.clients.read", "okta.appGrants.manage", "okta.appGrants.read", "okta.policies.manage", "okta.policies.read",
		"okta.groups.manage", "okta.groups.read", "okta.inlineHooks.manage", "okta.inlineHooks.read",
		"okta.eventHooks.manage", "okta.eventHooks.read", "okta.events.read", "okta.logs.read", "okta.apps.manage",
		"okta.apps.read", "okta.governance.assignmentCandidates.read", "okta.accessRequests.tasks.manage",
		"okta.accessRequests.tasks.read", "okta.schemas.manage", "okta.schemas.read", "okta.idps.manage", "okta.idps.read",
		"okta.factors.manage", "okta.factors.read", "okta.riskProviders.manage", "okta.riskProviders.read",
		"okta.roles.manage", "okta.roles.read", "okta.orgs.manage", "okta.orgs.read", "okta.domains.manage",
		"okta.domains.read", "okta.brands.manage", "okta.brands.read", "okta.sessions.manage", "okta.sessions.read",
		"okta.templates.manage", "okta.templates.read", "okta.trustedOrigins.manage", "okta.trustedOrigins.read",
		"okta.threatInsights.manage", "okta.threatInsights.read", "okta.behaviors.manage", "okta.behaviors.read",
		"okta.networkZones.manage", "okta.networkZones.read", "okta.agentPools.manage", "okta.agentPools.read",
		"okta.reports.read", "okta.features.manage", "okta.features.read", "okta.certificateAuthorities.manage",
		"okta.certificateAuthorities.read", "okta.principalRateLimits.manage", "okta.principalRateLimits.read",
		"okta.rateLimits.manage", "okta.rateLimits.read", "okta.directories.manage", "okta.directories.groups.manage",
		"okta.apiTokens.manage", "okta.apiTokens.read", "okta.personal.adminSettings.manage",
		"okta.personal.adminSettings.read",
	}
}

// managementScopes are all scopes that the organisation's own server has for the
// management interface: those that its metadata lists, and those that open the
// other operations. They are made once and not to be changed.
var managementScopes = sync.OnceValue(func() []*Scope {
	var out []*Scope
	seen := map[string]bool{}
	add := func(names []string, publish string) {
		for _, name := range names {
			if !seen[name] {
				seen[name] = true
				out = append(out, &Scope{Name: name, Consent: ConsentImplicit, Publish: publish, System: true})
			}
		}
	}
	add(ManagementScopes(), PublishAll)
	for _, op := range openapi.Operations() {
		add(op.Scopes, PublishNone)
	}
	return out
})

// managementScope tells whether a scope opens operations of the management
// interface: it has to be granted to a client by an administrator.
func managementScope(name string) bool {
	return slices.ContainsFunc(managementScopes(), func(s *Scope) bool { return s.Name == name })
}
