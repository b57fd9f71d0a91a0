package idx

import (
	"mime"
	"strings"

	"usher/internal/api/httpkit"
	"usher/internal/signin"
)

// protocolVersion is the version of every body. (idx reference: transport)
const protocolVersion = "1.0.0"

// dialect is one of the two ways in which the same answer is written. Clients
// of today name the version that they speak; callers who do not get the first
// form that the interface had. (idx reference: two dialects of the same answer)
type dialect string

const (
	modern dialect = "modern"
	seed   dialect = "seed"
)

// noteDialect is where a transaction remembers its dialect.
const noteDialect = "idx.dialect"

// accepts is the media type in which forms want to be sent back.
func (d dialect) accepts() string {
	if d == modern {
		return "application/json; okta-version=" + protocolVersion
	}
	return "application/vnd.okta.v1+json"
}

// produces is the media type of answers, as forms tell it; "" for none.
func (d dialect) produces() string {
	if d == modern {
		return mediaModern
	}
	return ""
}

// Media types of answers. Errors are plain JSON in both dialects: clients do
// not parse them otherwise. (idx reference: response headers)
const (
	mediaModern = "application/ion+json; okta-version=" + protocolVersion
	mediaSeed   = "application/json"
	mediaError  = "application/json; okta-version=" + protocolVersion
)

func (d dialect) media() string {
	if d == modern {
		return mediaModern
	}
	return mediaSeed
}

// asked finds the dialect that a request's headers ask for, and fails for a
// version that is not spoken.
func asked(r *httpkit.Request) (dialect, error) {
	d := seed
	for _, name := range []string{"Content-Type", "Accept", "Accepts"} {
		for part := range strings.SplitSeq(r.Header.Get(name), ",") {
			_, parameters, err := mime.ParseMediaType(part)
			v, ok := parameters["okta-version"]
			if err != nil || !ok {
				continue
			}
			if v != protocolVersion {
				return "", problem{status: 400, key: "api.error.version_unsupported", text: "This version of the protocol is not supported: " + protocolVersion + " is.", params: []string{v}}
			}
			d = modern
		}
	}
	return d, nil
}

// spoken is the dialect of a transaction: the one it remembers, or, before any,
// the one that the request asks for. What clients send back tells it too: they
// take over what a form accepts.
func spoken(r *httpkit.Request, t *signin.Transaction) dialect {
	if d := dialect(t.Notes[noteDialect]); d == modern || d == seed {
		return d
	}
	d, err := asked(r)
	if err != nil {
		return seed
	}
	return d
}
