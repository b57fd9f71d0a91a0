// Package httpkit is what all protocols share of HTTP: the router made from
// the operation table, callers' authentication and the coarse role check,
// decoding with limits, paging by Link headers, error bodies, rate limits,
// CORS and request ids. It decides no business rule and renders no resource.
//
// An operation that no package has registered answers 501 with its id in the
// header X-Usher-Gap, so that nobody takes a gap for a missing object.
package httpkit
