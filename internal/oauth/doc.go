// Package oauth owns authorization servers: the organisation's own one and the
// custom ones with their scopes, claims and policies, what clients were granted,
// and what stands in tokens. Keys and signatures are package keys', applications
// package apps'; what a browser or a client sends is read in api/oauth2.
package oauth
