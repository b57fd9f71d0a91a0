package management

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"usher/internal/api/httpkit"
	"usher/internal/factor"
	"usher/internal/idp"
)

const yubiKeysPath = "/api/v1/org/factors/yubikey_token/tokens"

// yubiKeyView is a hardware token that an administrator has made known.
// (spec: management-extra UserFactorYubikeyOtpToken)
type yubiKeyView struct {
	ID           string            `json:"id"`
	Status       string            `json:"status"`
	Created      *string           `json:"created"`
	Activated    *string           `json:"activated,omitempty"`
	LastUpdated  *string           `json:"lastUpdated"`
	LastVerified *string           `json:"lastVerified,omitempty"`
	Profile      map[string]string `json:"profile"`
	Embedded     map[string]any    `json:"_embedded,omitempty"`
	Links        yubiKeyLinks      `json:"_links"`
}

type yubiKeyLinks struct {
	Self       *httpkit.Href `json:"self"`
	User       *httpkit.Href `json:"user,omitempty"`
	Deactivate *httpkit.Href `json:"deactivate,omitempty"`
}

func viewYubiKey(r *httpkit.Request, k factor.YubiKey) yubiKeyView {
	v := yubiKeyView{
		ID: k.ID, Status: string(k.Status), Created: httpkit.Time(k.Created), LastUpdated: httpkit.Time(k.LastUpdated),
		Profile: map[string]string{"serial": k.Serial, "publicId": k.PublicID},
	}
	if !k.LastVerified.IsZero() {
		v.LastVerified = httpkit.Time(k.LastVerified)
	}
	self := r.Link(yubiKeysPath + "/" + k.ID)
	if k.Status != factor.YubiKeyActive {
		v.Links.Self = allowed(self, "GET", "DELETE")
		return v
	}
	v.Activated = httpkit.Time(k.Activated)
	v.Links = yubiKeyLinks{
		Self: allowed(self, "GET"), User: allowed(r.Link("/api/v1/users/"+k.UserID), "GET"),
		Deactivate: allowed(r.Link(factorsPath(k.UserID)+"/"+k.FactorID), "DELETE"),
	}
	return v
}

// uploadYubiKey makes a token known by its secrets, which no answer shows.
// (spec: management-extra#uploadYubikeyOtpTokenSeed)
func (a *PoliciesAPI) uploadYubiKey(r *httpkit.Request) error {
	var body struct {
		Serial  string `json:"serialNumber"`
		Public  string `json:"publicId"`
		Private string `json:"privateId"`
		Key     string `json:"aesKey"`
	}
	if err := r.Decode(&body); err != nil {
		return err
	}
	k, err := a.YubiKeys.Upload(r.Context(), r.Actor, factor.YubiKeySeed{Serial: body.Serial, Public: body.Public, Private: body.Private, Key: body.Key})
	if err != nil {
		return err
	}
	return r.OK(viewYubiKey(r, k))
}

// getYubiKey reads one. (spec: management-extra#getYubikeyOtpTokenById)
func (a *PoliciesAPI) getYubiKey(r *httpkit.Request) error {
	if err := a.Directory.PermitAll(r.Context(), r.Actor); err != nil {
		return err
	}
	k, err := a.YubiKeys.Get(r.Context(), r.Actor, r.Param("tokenId"))
	if err != nil {
		return err
	}
	return r.OK(viewYubiKey(r, k))
}

// deleteYubiKey forgets one that nobody has.
// (spec: management-extra#deleteYubikeyOtpToken)
func (a *PoliciesAPI) deleteYubiKey(r *httpkit.Request) error {
	if err := a.YubiKeys.Delete(r.Context(), r.Actor, r.Param("tokenId")); err != nil {
		return err
	}
	return r.NoContent()
}

// Bounds of lists of tokens. (spec: management-extra#listYubikeyOtpTokens)
const (
	yubiKeysUsual    = 20
	yubiKeysMost     = 200
	yubiKeysDownload = 1000
)

// listYubiKeys lists tokens: those that the filter wants, in the order that is
// asked for, page by page, as JSON or as a table to keep.
// (spec: management-extra#listYubikeyOtpTokens)
func (a *PoliciesAPI) listYubiKeys(r *httpkit.Request) error {
	download, err := r.Bool("forDownload", false)
	if err != nil {
		return err
	}
	usual, most := yubiKeysUsual, yubiKeysMost
	if download {
		usual, most = yubiKeysDownload, yubiKeysDownload
	}
	page, err := r.Page(usual, most)
	if err != nil {
		return err
	}
	wanted, err := filterOf(r, "profile.serial", "user.id", "status")
	if err != nil {
		return err
	}
	order, err := yubiKeyOrder(r)
	if err != nil {
		return err
	}
	if err := a.Directory.PermitAll(r.Context(), r.Actor); err != nil {
		return err
	}
	list, err := a.YubiKeys.List(r.Context(), r.Actor)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(k factor.YubiKey) bool {
		return !wanted(map[string]any{
			"profile": map[string]any{"serial": k.Serial}, "user": map[string]any{"id": k.UserID}, "status": string(k.Status),
		})
	})
	slices.SortStableFunc(list, order)
	list, next, err := yubiKeyPage(list, page)
	if err != nil {
		return err
	}
	if r.Links(next); download {
		return yubiKeyTable(r, list)
	}
	return a.yubiKeysOf(r, list)
}

// yubiKeyOrder reads in which order tokens are wanted; by their upload where
// nothing is said.
func yubiKeyOrder(r *httpkit.Request) (func(x, y factor.YubiKey) int, error) {
	instant := func(of func(factor.YubiKey) time.Time) func(x, y factor.YubiKey) int {
		return func(x, y factor.YubiKey) int { return of(x).Compare(of(y)) }
	}
	text := func(of func(factor.YubiKey) string) func(x, y factor.YubiKey) int {
		return func(x, y factor.YubiKey) int { return cmp.Compare(of(x), of(y)) }
	}
	known := map[string]func(x, y factor.YubiKey) int{
		"":               text(func(k factor.YubiKey) string { return k.ID }),
		"created":        text(func(k factor.YubiKey) string { return k.ID }),
		"profile.serial": text(func(k factor.YubiKey) string { return k.Serial }),
		"user.id":        text(func(k factor.YubiKey) string { return k.UserID }),
		"status":         text(func(k factor.YubiKey) string { return string(k.Status) }),
		"activated":      instant(func(k factor.YubiKey) time.Time { return k.Activated }),
		"lastVerified":   instant(func(k factor.YubiKey) time.Time { return k.LastVerified }),
	}
	by, ok := known[r.Q().Get("sortBy")]
	if !ok {
		return nil, &idp.Error{Kind: idp.KindBadRequest, Object: "sortBy"}
	}
	switch strings.ToUpper(r.Q().Get("sortOrder")) {
	case "", "ASC":
		return by, nil
	case "DESC":
		return func(x, y factor.YubiKey) int { return by(y, x) }, nil
	}
	return nil, &idp.Error{Kind: idp.KindBadRequest, Object: "sortOrder"}
}

// yubiKeyPage cuts a page. A cursor is the identifier of the last token before it.
func yubiKeyPage(list []factor.YubiKey, page idp.Page) (part []factor.YubiKey, next string, err error) {
	if page.After != "" {
		i := slices.IndexFunc(list, func(k factor.YubiKey) bool { return k.ID == page.After })
		if i < 0 {
			return nil, "", &idp.Error{Kind: idp.KindBadPaging, Object: "after"}
		}
		list = list[i+1:]
	}
	if len(list) <= page.Limit {
		return list, "", nil
	}
	return list[:page.Limit], list[page.Limit-1].ID, nil
}

// yubiKeysOf answers with tokens, with their users if expand asks for them.
func (a *PoliciesAPI) yubiKeysOf(r *httpkit.Request, list []factor.YubiKey) error {
	out := make([]yubiKeyView, len(list))
	for i, k := range list {
		out[i] = viewYubiKey(r, k)
		if r.Q().Get("expand") != "user" || k.Status != factor.YubiKeyActive {
			continue
		}
		u, err := a.Directory.User(r.Context(), r.Actor, k.UserID)
		if kind := idp.KindOf(err); kind == idp.KindNotFound || kind == idp.KindForbidden {
			continue // gone, or out of the caller's reach
		}
		if err != nil {
			return err
		}
		out[i].Embedded = map[string]any{"user": json.RawMessage(appendUser(nil, r.Org, u, userOptions{inList: true}))}
	}
	return r.OK(out)
}

// yubiKeyTable answers with tokens as a table.
func yubiKeyTable(r *httpkit.Request, list []factor.YubiKey) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"id", "serial", "publicId", "status", "userId", "created", "activated", "lastVerified"}}
	for _, k := range list {
		row := []string{k.ID, plainCell(k.Serial), k.PublicID, string(k.Status), k.UserID, "", "", ""}
		for i, t := range []time.Time{k.Created, k.Activated, k.LastVerified} {
			if !t.IsZero() {
				row[5+i] = *httpkit.Time(t)
			}
		}
		rows = append(rows, row)
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("write a table of tokens: %w", err)
	}
	r.W.Header().Set("Content-Disposition", `attachment; filename="yubikeys.csv"`)
	return r.Bytes(http.StatusOK, "text/csv; charset=utf-8", b.Bytes())
}

// plainCell keeps a text from being taken for a formula by whoever opens a table.
func plainCell(text string) string {
	if text != "" && strings.ContainsAny(text[:1], "=+-@\t\r") {
		return "'" + text
	}
	return text
}
