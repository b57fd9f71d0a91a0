// Package policy owns the organisation's policies and their rules: the model of
// their documents with every default filled in, their order, the default
// policies of a new organisation, and the evaluation that picks the rule for a
// user, with the trace that tells an administrator why. It owns the network
// zones too, which conditions name, and the trusted web origins.
//
// Evaluate is a pure function over loaded policies. What a decision leads to is
// the business of those who ask: package signin, session and directory. The
// documents are kept in the shape in which the management interface shows them,
// so that a member that Usher does not evaluate is still given back.
package policy
