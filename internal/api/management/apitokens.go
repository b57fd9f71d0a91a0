package management

import (
	"usher/internal/api/httpkit"
	"usher/internal/directory"
	bearer "usher/internal/tokens"
	"usher/openapi"
)

// TokensAPI is the part of the management interface about the API tokens of
// administrators. Their secrets are shown by nothing. All members are required.
type TokensAPI struct {
	Tokens    *bearer.Service
	Directory *directory.Service
}

// Mount registers the operations that are built.
func (a *TokensAPI) Mount(r *httpkit.Router) {
	r.Op(openapi.ListApiTokens, a.list)
	r.Op(openapi.GetApiToken, a.get)
	r.Op(openapi.RevokeApiToken, a.revoke)
}

const (
	apiTokensPath = "/api/v1/api-tokens/"
	// apiTokenPage is how many tokens an answer has at most.
	apiTokenPage = 200
	// apiTokenWindow is how long a token lives without use, as ISO 8601 has it.
	apiTokenWindow = "P30D"
	// apiTokenClient is what all of them are made for. (spec: management, example
	// ApiTokenMetadataResponse)
	apiTokenClient = "Okta API"
)

// apiTokenView is a token in an answer. (spec: management ApiToken)
type apiTokenView struct {
	Name        string            `json:"name"`
	UserID      string            `json:"userId"`
	Window      string            `json:"tokenWindow"`
	Network     apiTokenNetwork   `json:"network"`
	ID          string            `json:"id"`
	ClientName  string            `json:"clientName"`
	ExpiresAt   *string           `json:"expiresAt"`
	Created     *string           `json:"created"`
	LastUpdated *string           `json:"lastUpdated"` // when it was used last
	Links       apiTokenLinksView `json:"_links"`
}

// apiTokenNetwork says from where a token may be used: from anywhere.
type apiTokenNetwork struct {
	Connection string `json:"connection"`
}

type apiTokenLinksView struct {
	Self httpkit.Href `json:"self"`
	User httpkit.Href `json:"user"`
}

func viewAPIToken(r *httpkit.Request, t bearer.Token) apiTokenView {
	return apiTokenView{
		Name: t.Name, UserID: t.UserID, Window: apiTokenWindow, Network: apiTokenNetwork{"ANYWHERE"}, ID: t.ID, ClientName: apiTokenClient,
		ExpiresAt: httpkit.Time(bearer.Expires(t)), Created: httpkit.Time(t.Created), LastUpdated: httpkit.Time(t.LastUsed),
		Links: apiTokenLinksView{
			Self: httpkit.Href{Href: r.Link(apiTokensPath + t.ID), Hints: httpkit.Allow("GET", "DELETE")},
			User: httpkit.Href{Href: r.Link("/api/v1/users/" + t.UserID), Hints: httpkit.Allow("GET")},
		},
	}
}

// list lists the tokens of the organisation that have not ended.
// (spec: management#listApiTokens)
func (a *TokensAPI) list(r *httpkit.Request) error {
	page, err := r.Page(apiTokenPage, apiTokenPage)
	if err != nil {
		return err
	}
	found, err := a.Tokens.Active(r.Context(), r.Org.ID, page.After, page.Limit+1)
	if err != nil {
		return err
	}
	next := ""
	if len(found) > page.Limit {
		found = found[:page.Limit]
		next = found[page.Limit-1].ID
	}
	out := make([]apiTokenView, 0, len(found))
	for _, t := range found {
		out = append(out, viewAPIToken(r, t))
	}
	r.Links(next)
	return r.OK(out)
}

// get reads a token. (spec: management#getApiToken)
func (a *TokensAPI) get(r *httpkit.Request) error {
	t, err := a.Tokens.Find(r.Context(), r.Org.ID, r.Param("apiTokenId"))
	if err != nil {
		return err
	}
	return r.OK(viewAPIToken(r, *t))
}

// revoke ends a token. (spec: management#revokeApiToken)
func (a *TokensAPI) revoke(r *httpkit.Request) error {
	if err := a.Tokens.RevokeOf(r.Context(), a.Directory, r.Actor, r.Param("apiTokenId")); err != nil {
		return err
	}
	return r.NoContent()
}
