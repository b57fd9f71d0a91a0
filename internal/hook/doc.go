// Package hook keeps an organisation's inline hooks and asks them: other
// systems that are asked something in the middle of what goes on, and whose
// answer decides. It owns their settings, the request, its bounds (one request,
// three seconds, no redirects, addresses as package egress allows them) and the
// events about both.
//
// Where a hook is asked, and what its answer means there, is the business of
// whoever asks: package credential asks about passwords that another system
// keeps. A hook that does not answer never passes for a yes.
package hook
