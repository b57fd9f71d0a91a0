// Package openapi holds the interface documents of Usher and the operation table made from them.
//
// It owns the YAML files beside it (structure of the wire interface: operation ids, parameters, schemas, members,
// enumerations; every sentence is our own) and the generated table in operations_gen.go. It does not own behaviour:
// the packages under internal/api register a handler for an operation, and what has none answers 501.
//
// # Documents
//
//   - management: users, groups, applications, policies, roles, sessions, factors, system log.
//   - authn: the classic authentication interface under /api/v1/authn.
//   - idx: the identity engine interface under /idp/idx, with the browser addresses that belong to it.
//   - myaccount: what a signed-in user may do with the own account.
//   - oauth2: OAuth 2.0 and OpenID Connect, the interact endpoints of the identity engine included.
//   - management-extra: an inventory of further management operations, most of them without schemas.
//
// A method and path appears once over all documents; the names of path parameters do not count for that. Where two
// sources describe the same operation, management wins. CORS preflights (OPTIONS) are answered for every path by the
// router and are no operations.
//
// # Operation ids
//
// Ids are unique over all documents. Where an id of management-extra is already taken by another document, it gets
// the prefix "management." (management.listAuthenticators beside the account interface's listAuthenticators).
// Operations of the identity engine have no ids of their own: theirs begin with idx. The Go constant of an id is the
// id in camel case with a capital: listUsers is [ListUsers], oob-authenticate is [OobAuthenticate],
// management.listAuthenticators is [ManagementListAuthenticators].
//
// # Members of an operation
//
//   - x-usher-auth: none (the handler checks what the request carries, if anything), token (API token or OAuth access
//     token), session-or-token (also the session cookie), session (the cookie only).
//   - x-usher-roles: standard admin roles that may call it besides SUPER_ADMIN, which may call everything. SELF lets a
//     user without a role call it on the own record. None at all with a caller required: SUPER_ADMIN only.
//   - x-usher-scopes: an OAuth access token needs any one of them. A manage scope also counts as its read scope; a
//     scope that ends in .self reaches the own record only.
//   - x-usher-bucket: the rate-limit bucket it counts in, see the Bucket constants.
//   - x-usher-cors: true where a trusted origin may call it from a browser.
//
// # Reading the schemas
//
// An object that lists its members and says nothing of additionalProperties is closed by intention: a contract check
// may report a member that is not listed. Objects that are open by nature (profiles, debug data) say
// additionalProperties: true. A schema with a discriminator is the base of the schemas in its mapping; each of those
// is an allOf of the base and its own members, so the members allowed at any level are the union over the allOf
// branches. Where a branch narrows a member of its base (settings of an application), both apply.
//
// Security schemes are left out: x-usher-auth says it in a form the router can use.
package openapi

//go:generate go -C ../tools run ./opsgen -dir ../openapi
