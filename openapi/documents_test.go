package openapi_test

import (
	"context"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"usher/openapi"
)

// load reads a document with kin-openapi, as the contract checks do.
func load(t *testing.T, name string) *openapi3.T {
	t.Helper()
	text, err := openapi.Document(name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatalf("load %s: %v", name, err)
	}
	return doc
}

func TestDocumentsAreValid(t *testing.T) {
	t.Parallel()
	for _, name := range openapi.DocumentNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := load(t, name).Validate(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}
