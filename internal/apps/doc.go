// Package apps owns applications: what is kept about each sign-on mode with its
// defaults and rules, the names under which users are known to them, who is
// assigned to what, and the keys, secrets and logos that belong to them.
//
// Users who come to an application by a group are not written down one by one:
// who they are follows from the groups, and their names and profiles from the
// templates and the groups' profiles at the moment of asking. Only what was set
// for a single user is stored. So an application of a million people costs one
// row, and nothing lags behind a change of membership or priority.
//
// It does not own how users sign on (package signon and the protocols), nor the
// users and groups themselves (package directory). Settings are kept in the
// shape in which the management interface shows them.
package apps
