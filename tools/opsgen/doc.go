// Command opsgen makes the operation table of package openapi from its YAML documents.
//
// It owns the rules for the documents' paths, operation ids and x-usher-* members, and the form of the generated file.
// It does not look at schemas: the tests of package openapi validate those.
//
//	opsgen -dir ../openapi          writes operations_gen.go
//	opsgen -dir ../openapi -check   fails when the file is stale
package main
