package main

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// operation is what a document says of one method on one path.
type operation struct {
	document string
	method   string
	path     string
	pathVars []string // declared path parameters
	query    []param
	success  []int
	extras   []string // members that start with x- and are unknown

	ID      string     `yaml:"operationId"`
	Summary string     `yaml:"summary"`
	Tags    []string   `yaml:"tags"`
	Auth    string     `yaml:"x-usher-auth"`
	Roles   []string   `yaml:"x-usher-roles"`
	Scopes  []string   `yaml:"x-usher-scopes"`
	Bucket  string     `yaml:"x-usher-bucket"`
	CORS    bool       `yaml:"x-usher-cors"`
	Params  []rawParam `yaml:"parameters"`
}

type param struct {
	name, kind, def string
	required        bool
}

type rawParam struct {
	In       string `yaml:"in"`
	Name     string `yaml:"name"`
	Required bool   `yaml:"required"`
	Schema   struct {
		Ref     string    `yaml:"$ref"`
		Type    string    `yaml:"type"`
		Default yaml.Node `yaml:"default"`
	} `yaml:"schema"`
}

type schema struct {
	Type string `yaml:"type"`
}

type document struct {
	Paths      yaml.Node `yaml:"paths"`
	Components struct {
		Schemas map[string]schema `yaml:"schemas"`
	} `yaml:"components"`
}

func methods() []string { return []string{"get", "put", "post", "delete", "patch"} }

// parse returns the operations of one document in the order of its text.
func parse(name string, text []byte) ([]operation, error) {
	var doc document
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if doc.Paths.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: no paths", name)
	}
	var ops []operation
	seen := map[string]bool{}
	for i := 0; i < len(doc.Paths.Content); i += 2 {
		path, item := doc.Paths.Content[i].Value, doc.Paths.Content[i+1]
		if seen[path] {
			return nil, fmt.Errorf("%s: path %s twice", name, path)
		}
		seen[path] = true
		for j := 0; j < len(item.Content); j += 2 {
			method := item.Content[j].Value
			if !slices.Contains(methods(), method) {
				return nil, fmt.Errorf("%s: %s: member %s is no method", name, path, method)
			}
			op, err := parseOperation(item.Content[j+1], &doc)
			if err != nil {
				return nil, fmt.Errorf("%s: %s %s: %w", name, method, path, err)
			}
			op.document, op.method, op.path = name, strings.ToUpper(method), path
			ops = append(ops, op)
		}
	}
	return ops, nil
}

func parseOperation(node *yaml.Node, doc *document) (operation, error) {
	var op operation
	if err := node.Decode(&op); err != nil {
		return op, fmt.Errorf("decode: %w", err)
	}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i].Value, node.Content[i+1]
		switch {
		case key == "responses":
			if err := op.readResponses(value); err != nil {
				return op, err
			}
		case strings.HasPrefix(key, "x-") && !slices.Contains(members(), key):
			op.extras = append(op.extras, key)
		}
	}
	return op, op.readParams(doc)
}

func (op *operation) readResponses(node *yaml.Node) error {
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i].Value
		if key == "default" {
			continue
		}
		status, err := strconv.Atoi(key)
		if err != nil {
			return fmt.Errorf("response %q is no status", key)
		}
		if status >= 200 && status < 400 {
			op.success = append(op.success, status)
		}
	}
	sort.Ints(op.success)
	return nil
}

func (op *operation) readParams(doc *document) error {
	for _, p := range op.Params {
		switch p.In {
		case "path":
			if !p.Required {
				return fmt.Errorf("path parameter %s is not required", p.Name)
			}
			op.pathVars = append(op.pathVars, p.Name)
		case "query":
			kind := p.Schema.Type
			if ref := p.Schema.Ref; ref != "" {
				kind = doc.Components.Schemas[ref[strings.LastIndex(ref, "/")+1:]].Type
			}
			if kind == "" {
				return fmt.Errorf("query parameter %s has no type", p.Name)
			}
			op.query = append(op.query, param{name: p.Name, kind: kind, def: p.Schema.Default.Value, required: p.Required})
		default:
			return errors.New("parameter " + p.Name + " is neither in path nor in query")
		}
	}
	return nil
}
