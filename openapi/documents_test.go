package openapi_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"usher/openapi"
)

// TestDocuments loads every document once, as loading is the slow part, and looks at them from several sides.
func TestDocuments(t *testing.T) {
	t.Parallel()
	docs := map[string]*openapi3.T{}
	for _, name := range openapi.DocumentNames() {
		text, err := openapi.Document(name)
		if err != nil {
			t.Fatal(err)
		}
		if docs[name], err = openapi3.NewLoader().LoadFromData(text); err != nil {
			t.Fatalf("load %s: %v", name, err)
		}
	}
	t.Run("valid", func(t *testing.T) { testValid(t, docs) })
	t.Run("responses", func(t *testing.T) { testResponses(t, docs) })
	t.Run("open or closed", func(t *testing.T) { testObjects(t, docs) })
	t.Run("discriminators", func(t *testing.T) { testDiscriminators(t, docs) })
	t.Run("table", func(t *testing.T) { testTable(t, docs) })
}

// testValid reads the documents as the contract checks do.
func testValid(t *testing.T, docs map[string]*openapi3.T) {
	t.Helper()
	for name, doc := range docs {
		if err := doc.Validate(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := gorillamux.NewRouter(doc); err != nil {
			t.Errorf("%s: the router of the contract checks: %v", name, err)
		}
	}
}

func TestDocumentUnknown(t *testing.T) {
	t.Parallel()
	if _, err := openapi.Document("nowhere"); err == nil {
		t.Error("an unknown document has a text")
	}
}

// testResponses: every answer of a document with schemas has a body of a known shape or none, and every error has the one of the document.
func testResponses(t *testing.T, docs map[string]*openapi3.T) {
	t.Helper()
	words := []string{"OK", "Created", "Accepted", "No content", "Redirect", "Not modified", "Error"}
	for name, doc := range docs {
		for path, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				if op.Responses.Default() == nil {
					if name == openapi.DocumentManagementExtra {
						continue // known by name only
					}
					t.Errorf("%s: %s %s has no default response", name, method, path)
				}
				for status, response := range op.Responses.Map() {
					if !slices.Contains(words, *response.Value.Description) {
						t.Errorf("%s: %s %s %s: description %q", name, method, path, status, *response.Value.Description)
					}
					for media, content := range response.Value.Content {
						if content.Schema == nil {
							t.Errorf("%s: %s %s %s: no schema for %s", name, method, path, status, media)
						}
					}
				}
			}
		}
	}
}

// testObjects: an object either lists its members or says that it is open: a contract check relies on it to find unknown members.
func testObjects(t *testing.T, docs map[string]*openapi3.T) {
	t.Helper()
	bases := []string{"FactorProfile"} // closed, its members are those of the schemas made from it
	for name, doc := range docs {
		for title, ref := range schemas(doc) {
			walk(ref, func(s *openapi3.Schema) {
				silent := s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil &&
					len(s.AllOf)+len(s.AnyOf)+len(s.OneOf) == 0
				if s.Type.Is("object") && len(s.Properties) == 0 && silent && !slices.Contains(bases, title) {
					t.Errorf("%s: %s has an object without members that does not say whether it is open", name, title)
				}
			})
		}
	}
}

// testDiscriminators: a discriminator names schemas that are made from its own schema, and values that its member can have.
func testDiscriminators(t *testing.T, docs map[string]*openapi3.T) {
	t.Helper()
	seen := 0
	for name, doc := range docs {
		for title, ref := range schemas(doc) {
			if ref.Value.Discriminator == nil {
				continue
			}
			seen++
			for value, target := range ref.Value.Discriminator.Mapping {
				child := doc.Components.Schemas[strings.TrimPrefix(target.Ref, "#/components/schemas/")]
				if child == nil {
					t.Errorf("%s: %s: %s leads to %s, which is not there", name, title, value, target.Ref)
					continue
				}
				property := ref.Value.Properties[ref.Value.Discriminator.PropertyName]
				if property != nil && len(property.Value.Enum) > 0 && !slices.Contains(property.Value.Enum, any(value)) {
					t.Errorf("%s: %s: %s is no value of %s", name, title, value, ref.Value.Discriminator.PropertyName)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no schema has a discriminator: the loader lost them")
	}
}

// schemas returns the named schemas of a document.
func schemas(doc *openapi3.T) openapi3.Schemas {
	if doc.Components == nil {
		return nil
	}
	return doc.Components.Schemas
}

// walk calls visit for the schema and what stands in it; it does not follow references.
func walk(ref *openapi3.SchemaRef, visit func(*openapi3.Schema)) {
	if ref == nil || ref.Value == nil {
		return
	}
	visit(ref.Value)
	var inner []*openapi3.SchemaRef
	for _, property := range ref.Value.Properties {
		inner = append(inner, property)
	}
	inner = append(inner, ref.Value.Items, ref.Value.AdditionalProperties.Schema)
	for _, list := range []openapi3.SchemaRefs{ref.Value.AllOf, ref.Value.AnyOf, ref.Value.OneOf} {
		inner = append(inner, list...)
	}
	for _, next := range inner {
		if next != nil && next.Ref == "" {
			walk(next, visit)
		}
	}
}
