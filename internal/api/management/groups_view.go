package management

import (
	"strconv"

	"usher/internal/directory"
	"usher/internal/idp"
)

// groupSize is about how many bytes a group takes in a list.
const groupSize = 700

// appendGroup renders a group in the order of members that the service has
// (recorded answers). The profile is passed through as it is stored.
func appendGroup(b []byte, org *idp.Org, g *idp.Group) []byte {
	return appendGroupStats(b, org, g, nil)
}

// appendGroupStats is appendGroup with figures, nil where nobody has asked for
// them.
func appendGroupStats(b []byte, org *idp.Org, g *idp.Group, stats *directory.GroupStats) []byte {
	b = append(b, '{')
	b = appendMember(b, "id", g.ID)
	b = appendInstant(append(b, `,"created":`...), g.Created)
	b = appendInstant(append(b, `,"lastUpdated":`...), g.LastUpdated)
	b = appendInstant(append(b, `,"lastMembershipUpdated":`...), g.LastMembershipUpdated)
	b = idp.AppendJSON(append(b, `,"objectClass":[`...), g.ObjectClass)
	b = appendMember(append(b, `],`...), "type", string(g.Type))
	b = append(b, `,"profile":`...)
	b = append(b, g.Profile...)
	b = append(b, `,"_links":{"logo":[`...)
	for i, l := range groupLogos() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMember(append(b, '{'), "name", l.name)
		b = appendMember(append(b, ','), "href", org.BaseURL+l.path)
		b = appendMember(append(b, ','), "type", logoType)
		b = append(b, '}')
	}
	b = appendHref(append(b, `],`...), "owners", org.BaseURL, "/api/v1/groups/", g.ID, "/owners")
	b = appendHref(append(b, `},`...), "users", org.BaseURL, "/api/v1/groups/", g.ID, "/users")
	b = appendHref(append(b, `},`...), "apps", org.BaseURL, "/api/v1/groups/", g.ID, "/apps")
	b = append(b, `}}`...)
	if stats != nil {
		b = appendStats(b, org, g, *stats)
	}
	return append(b, '}')
}

// appendStats renders what expand=stats asks for. Nothing is pushed to groups of
// applications. (spec: management-extra GroupStats)
func appendStats(b []byte, org *idp.Org, g *idp.Group, stats directory.GroupStats) []byte {
	b = strconv.AppendInt(append(b, `,"_embedded":{"stats":{"usersCount":`...), int64(stats.Users), 10)
	b = strconv.AppendInt(append(b, `,"appsCount":`...), int64(stats.Apps), 10)
	b = strconv.AppendBool(append(b, `,"groupPushMappingsCount":0,"hasAdminPrivilege":`...), stats.Admin)
	b = appendHref(append(b, `,"_links":{`...), "users", org.BaseURL, "/api/v1/groups/", g.ID, "/users")
	b = appendHref(append(b, `},`...), "apps", org.BaseURL, "/api/v1/groups/", g.ID, "/apps")
	return append(b, `}}}}`...)
}
