package management

import (
	"encoding/json"
	"net/http"

	"usher/internal/api/httpkit"
	"usher/internal/hook"
	"usher/internal/idp"
	"usher/openapi"
)

// HooksAPI is the part of the management interface about inline hooks.
type HooksAPI struct{ Hooks *hook.Service }

// Mount registers the operations that are built.
func (a *HooksAPI) Mount(r *httpkit.Router) {
	r.Op(openapi.ListInlineHooks, a.list)
	r.Op(openapi.CreateInlineHook, a.create)
	r.Op(openapi.GetInlineHook, a.get)
	r.Op(openapi.UpdateInlineHook, a.change(false))
	r.Op(openapi.ReplaceInlineHook, a.change(true))
	r.Op(openapi.DeleteInlineHook, a.remove)
	r.Op(openapi.ExecuteInlineHook, a.execute)
	r.Op(openapi.ActivateInlineHook, a.setActive(true))
	r.Op(openapi.DeactivateInlineHook, a.setActive(false))
}

// inlineHookBody is a hook in a request. (spec: management InlineHookCreate)
type inlineHookBody struct {
	Name    *string `json:"name"`
	Type    string  `json:"type"`
	Version string  `json:"version"`
	Channel *struct {
		Type    string `json:"type"`
		Version string `json:"version"`
		Config  *struct {
			URI     *string       `json:"uri"`
			Method  *string       `json:"method"`
			Headers []hook.Header `json:"headers"`
			Auth    *struct {
				Type  string  `json:"type"`
				Key   string  `json:"key"`
				Value *string `json:"value"`
			} `json:"authScheme"`
		} `json:"config"`
	} `json:"channel"`
}

func (b *inlineHookBody) input() hook.Input {
	in := hook.Input{Name: b.Name, Type: b.Type, Version: b.Version}
	if b.Channel == nil {
		return in
	}
	in.Channel = &hook.ChannelInput{Type: b.Channel.Type, Version: b.Channel.Version}
	if c := b.Channel.Config; c != nil {
		in.Channel.URI, in.Channel.Method, in.Channel.Headers = c.URI, c.Method, c.Headers
		if c.Auth != nil {
			in.Channel.Auth = &hook.Auth{Type: c.Auth.Type, Key: c.Auth.Key, Value: c.Auth.Value}
		}
	}
	return in
}

// inlineHookView is a hook in an answer; the secret is in none.
// (spec: management InlineHook)
type inlineHookView struct {
	ID          string            `json:"id"`
	Status      string            `json:"status"`
	Name        string            `json:"name"`
	Type        string            `json:"type"`
	Version     string            `json:"version"`
	Created     *string           `json:"created"`
	LastUpdated *string           `json:"lastUpdated"`
	Channel     inlineHookChannel `json:"channel"`
	Links       inlineHookLinks   `json:"_links"`
}

type inlineHookChannel struct {
	Type    string `json:"type"`
	Version string `json:"version"`
	Config  struct {
		URI     string          `json:"uri"`
		Method  string          `json:"method"`
		Headers []hook.Header   `json:"headers"`
		Auth    *inlineHookAuth `json:"authScheme"`
	} `json:"config"`
}

type inlineHookAuth struct {
	Type string `json:"type"`
	Key  string `json:"key"`
}

type inlineHookLinks struct {
	Self       httpkit.Href  `json:"self"`
	Execute    *httpkit.Href `json:"execute,omitempty"`
	Activate   *httpkit.Href `json:"activate,omitempty"`
	Deactivate *httpkit.Href `json:"deactivate,omitempty"`
	Delete     *httpkit.Href `json:"delete,omitempty"`
}

func viewInlineHook(org *idp.Org, h *hook.Hook) inlineHookView {
	const inlineHookVersion = "1.0.0"
	at := org.BaseURL + "/api/v1/inlineHooks/" + h.ID
	v := inlineHookView{
		ID: h.ID, Status: "INACTIVE", Name: h.Name, Type: h.Type, Version: inlineHookVersion, Created: httpkit.Seconds(h.Created), LastUpdated: httpkit.Seconds(h.LastUpdated),
		Channel: inlineHookChannel{Type: "HTTP", Version: inlineHookVersion}, Links: inlineHookLinks{Self: httpkit.Href{Href: at}},
	}
	c := &v.Channel.Config
	c.URI, c.Method, c.Headers = h.Channel.URI, http.MethodPost, append([]hook.Header{}, h.Channel.Headers...)
	if h.Channel.AuthKey != "" {
		c.Auth = &inlineHookAuth{Type: "HEADER", Key: h.Channel.AuthKey}
	}
	if !h.Active {
		v.Links.Activate = &httpkit.Href{Href: at + "/lifecycle/activate", Hints: httpkit.Allow("POST")}
		v.Links.Delete = &httpkit.Href{Href: at, Hints: httpkit.Allow("DELETE")}
		return v
	}
	v.Status = "ACTIVE"
	v.Links.Execute = &httpkit.Href{Href: at + "/execute", Hints: httpkit.Allow("POST")}
	v.Links.Deactivate = &httpkit.Href{Href: at + "/lifecycle/deactivate", Hints: httpkit.Allow("POST")}
	return v
}

// list lists the hooks, of one type where the query names one.
// (spec: management#listInlineHooks)
func (a *HooksAPI) list(r *httpkit.Request) error {
	all, err := a.Hooks.List(r.Context(), r.Actor, r.Q().Get("type"))
	if err != nil {
		return err
	}
	out := make([]inlineHookView, 0, len(all))
	for _, h := range all {
		out = append(out, viewInlineHook(r.Org, h))
	}
	return r.OK(out)
}

// create adds a hook. (spec: management#createInlineHook)
func (a *HooksAPI) create(r *httpkit.Request) error {
	var body inlineHookBody
	if err := r.Decode(&body); err != nil {
		return err
	}
	return a.answer(r)(a.Hooks.Create(r.Context(), r.Actor, body.input()))
}

// get reads a hook. (spec: management#getInlineHook)
func (a *HooksAPI) get(r *httpkit.Request) error {
	return a.answer(r)(a.Hooks.Get(r.Context(), r.Actor, r.Param("inlineHookId")))
}

// answer shows a hook.
func (a *HooksAPI) answer(r *httpkit.Request) func(*hook.Hook, error) error {
	return func(h *hook.Hook, err error) error {
		if err != nil {
			return err
		}
		return r.OK(viewInlineHook(r.Org, h))
	}
}

// change changes what the body names, or with whole all of a hook.
// (spec: management#updateInlineHook, management#replaceInlineHook)
func (a *HooksAPI) change(whole bool) httpkit.Handler {
	return func(r *httpkit.Request) error {
		var body inlineHookBody
		if err := r.Decode(&body); err != nil {
			return err
		}
		return a.answer(r)(a.Hooks.Change(r.Context(), r.Actor, r.Param("inlineHookId"), body.input(), whole))
	}
}

// setActive lets a hook be asked or not. (spec: management#activateInlineHook,
// management#deactivateInlineHook)
func (a *HooksAPI) setActive(active bool) httpkit.Handler {
	return func(r *httpkit.Request) error {
		return a.answer(r)(a.Hooks.SetActive(r.Context(), r.Actor, r.Param("inlineHookId"), active))
	}
}

// remove deletes a hook. (spec: management#deleteInlineHook)
func (a *HooksAPI) remove(r *httpkit.Request) error {
	if err := a.Hooks.Delete(r.Context(), r.Actor, r.Param("inlineHookId")); err != nil {
		return err
	}
	return r.NoContent()
}

// execute asks a hook with the request's body and shows what it answers.
// (spec: management#executeInlineHook)
func (a *HooksAPI) execute(r *httpkit.Request) error {
	var body map[string]json.RawMessage
	if err := r.Decode(&body); err != nil {
		return err
	}
	if body == nil {
		body = map[string]json.RawMessage{}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	reply, err := a.Hooks.Execute(r.Context(), r.Actor, r.Param("inlineHookId"), text)
	if err != nil {
		return err
	}
	if reply.Commands == nil {
		reply.Commands = []hook.Command{}
	}
	return r.OK(reply)
}
