package oauth

// Codes of client registration. (RFC 7591 section 3.2.2)
const (
	InvalidClientMetadata Code = "invalid_client_metadata"
	InvalidRedirectURI    Code = "invalid_redirect_uri"
)
