package oauth

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"usher/internal/idp"
)

// payload writes the JSON of a token, claim by claim. What most tokens are made
// of, short texts and numbers, is written without encoding/json, which would need
// them in a map first. The first failure stays. (RFC 7519 section 3)
type payload struct {
	json  []byte
	names []string // of the claims that are written
	err   error
}

func newPayload() *payload {
	return &payload{json: append(make([]byte, 0, 512), '{'), names: make([]string, 0, 16)}
}

// name begins a claim.
func (p *payload) name(name string) {
	if len(p.names) > 0 {
		p.json = append(p.json, ',')
	}
	p.names = append(p.names, name)
	p.json = append(idp.AppendJSON(p.json, name), ':')
}

func (p *payload) text(name, v string) {
	p.name(name)
	p.json = idp.AppendJSON(p.json, v)
}

func (p *payload) number(name string, v int64) {
	p.name(name)
	p.json = strconv.AppendInt(p.json, v, 10)
}

func (p *payload) texts(name string, list []string) {
	if list == nil {
		p.value(name, nil)
		return
	}
	p.name(name)
	p.json = append(p.json, '[')
	for i, v := range list {
		if i > 0 {
			p.json = append(p.json, ',')
		}
		p.json = idp.AppendJSON(p.json, v)
	}
	p.json = append(p.json, ']')
}

// value writes a claim of any kind.
func (p *payload) value(name string, v any) {
	switch v := v.(type) {
	case string:
		p.text(name, v)
		return
	case []string:
		if v != nil {
			p.texts(name, v)
			return
		}
	}
	p.name(name)
	p.marshal(v)
}

// rest writes those claims of which there is none yet, in the order of their
// names.
func (p *payload) rest(claims map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if !slices.Contains(p.names, name) {
			p.value(name, claims[name])
		}
	}
}

// end returns the whole.
func (p *payload) end() ([]byte, error) {
	if p.err != nil {
		return nil, fmt.Errorf("write token: %w", p.err)
	}
	return append(p.json, '}'), nil
}

func (p *payload) marshal(v any) {
	text, err := json.Marshal(v)
	if err != nil && p.err == nil {
		p.err = err
	}
	p.json = append(p.json, text...)
}
