package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// identify begins a sign-in, asks for its state and gives the login: the first
// half of what a sign-in widget does.
func identify(t *target) operation {
	return func(c *client, _ int, n int64) error {
		handle, err := t.begin(c)
		if err != nil {
			return err
		}
		body, err := want(c, 200, call("POST", t.address, "/idp/idx/introspect", `{"stateToken":"`+handle+`"}`))
		if err != nil {
			return err
		}
		var state struct {
			StateHandle string `json:"stateHandle"`
		}
		if err := json.Unmarshal(body, &state); err != nil {
			return err
		}
		body, err = want(c, 200, call("POST", t.address, "/idp/idx/identify", `{"identifier":"`+pick(t.signers, n)+`","stateHandle":"`+state.StateHandle+`"}`))
		if err == nil && !bytes.Contains(body, []byte("challenge-authenticator")) {
			return fmt.Errorf("identify asks for no authenticator: %.300s", body)
		}
		return err
	}
}

// begin opens the sign-in page and takes the handle of its transaction.
func (t *target) begin(c *client) (string, error) {
	body, err := want(c, 200, call("GET", t.address, "/login/login.htm", ""))
	if err != nil {
		return "", err
	}
	const mark = `name="stateToken" value="`
	i := bytes.Index(body, []byte(mark))
	if i < 0 {
		return "", errors.New("the sign-in page holds no handle")
	}
	value, _, _ := bytes.Cut(body[i+len(mark):], []byte(`"`))
	return string(value), nil
}
