// Package web carries the web applications that npm builds into dist: the
// dashboard, the console and the sign-in widget, where they were built. A
// clean clone has none of them and still makes a whole program. It owns no
// page of its own: the pages that need no build are in internal/api/pages.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Built returns the built files, by their path below dist. Built on a clean
// clone it holds nothing but the file that keeps the folder.
func Built() (fs.FS, error) { return fs.Sub(dist, "dist") }
