// Package roles owns the standard administrator roles: who holds which, the
// rule that an organisation always keeps an active super administrator, and
// the question whether an actor may do something that needs a role.
//
// Which operation needs which role is data of the operation table; limits of a
// role to certain groups and applications are checked by the service that owns
// these.
package roles
