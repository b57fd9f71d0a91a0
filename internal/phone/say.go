package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// base is where the protocol is spoken.
const base = "/device/v1"

// Refused is a server's refusal.
type Refused struct {
	Status  int
	Summary string
}

func (r *Refused) Error() string {
	return fmt.Sprintf("phone: the server answered %d: %s", r.Status, r.Summary)
}

// say signs members for one action and reads the answer into out. Refused when
// the server does not take it.
func (p *Phone) say(ctx context.Context, d Device, action string, members map[string]any, out any) error {
	var nonce struct{ Nonce string }
	if err := p.post(ctx, d.Org+base+"/nonce", struct{}{}, &nonce); err != nil {
		return err
	}
	claims := map[string]any{"aud": d.Org + base, "act": action, "nonce": nonce.Nonce}
	for k, v := range members {
		claims[k] = v
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return fmt.Errorf("phone: write a statement: %w", err)
	}
	options := (&jose.SignerOptions{EmbedJWK: d.ID == ""}).WithType("usher-device+jws")
	key := d.Key
	key.KeyID = d.ID
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	if err != nil {
		return fmt.Errorf("phone: sign: %w", err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return fmt.Errorf("phone: sign: %w", err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		return fmt.Errorf("phone: sign: %w", err)
	}
	return p.post(ctx, d.Org+base+"/"+action, map[string]string{"jws": text}, out)
}

func (p *Phone) post(ctx context.Context, address string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("phone: write a request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := p.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		var e struct{ ErrorSummary string }
		_ = json.Unmarshal(answer, &e) // another body has no summary to tell
		return &Refused{res.StatusCode, e.ErrorSummary}
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("phone: read an answer: %w", err)
	}
	return nil
}
