// Package oauth2 is the wire protocol of authorization servers: OAuth 2.0 and
// OpenID Connect as clients and browsers speak it, for the organisation's own
// server (/oauth2/v1) and the others (/oauth2/{id}/v1). What is decided is
// package oauth's; pages for people are package pages'.
package oauth2
