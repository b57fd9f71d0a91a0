package archtest

import (
	"strings"
)

// height is a folder's place in the house. Imports go from a greater number to
// a smaller one only.
type height int

// Heights that rules name. The services end at heightServices: what stands
// above them speaks a protocol.
const (
	heightServices height = 8
	heightAPI      height = 10
	heightTop      height = 13
)

// heights is the whole table. A folder below a listed one belongs to it: both
// have its height and may import each other, unless they are plug-ins or
// protocols, which have rules of their own. Anything else must be added here.
var heights = map[string]height{
	"openapi":      0,
	"web":          0,
	"internal/idp": 0, "internal/env": 0, "internal/egress": 0, "internal/scim": 0, "internal/el": 0, "internal/e164": 0,
	"internal/archtest": 0,
	"internal/fresh":    1,
	"internal/store":    1, "internal/phone": 1,
	"internal/eventlog": 2, "internal/notify": 2, "internal/keys": 2, "internal/jobs": 2, "internal/decision": 2, "internal/saml": 2,
	"internal/credential": 3,
	"internal/hook":       4,
	"internal/directory":  4,
	"internal/factor":     5, "internal/apps": 5, "internal/roles": 5, "internal/policy": 5, "internal/federation": 5,
	"internal/session": 6, "internal/tokens": 6,
	"internal/signin": 7,
	"internal/signon": heightServices, "internal/oauth": heightServices,
	"internal/api/httpkit": 9,
	"internal/api":         heightAPI,
	"internal/server":      11,
	"internal/apptest":     12,
	"cmd":                  heightTop,
	"internal/bench":       heightTop,
}

// pluginParents are the folders whose children are plug-ins, known to the
// registry alone.
var pluginParents = []string{"internal/factor", "internal/signon"}

// registryFile is the only file that may import plug-ins.
const registryFile = "internal/server/registry.go"

// place gives the listed folder that dir belongs to and its height.
func place(dir string) (string, height, bool) {
	for d := dir; d != ""; {
		if h, ok := heights[d]; ok {
			return d, h, true
		}
		cut := strings.LastIndexByte(d, '/')
		if cut < 0 {
			break
		}
		d = d[:cut]
	}
	return "", 0, false
}

// plugin gives the plug-in folder that dir belongs to: internal/factor/totp for
// that folder and those below it.
func plugin(dir string) (string, bool) {
	for _, parent := range pluginParents {
		if rest, ok := strings.CutPrefix(dir, parent+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			return parent + "/" + name, true
		}
	}
	return "", false
}

// protocol gives the name of the wire protocol package that dir belongs to:
// "authn" for internal/api/authn. The kit that all protocols share is none.
func protocol(dir string) (string, bool) {
	rest, ok := strings.CutPrefix(dir, "internal/api/")
	if !ok {
		return "", false
	}
	name, _, _ := strings.Cut(rest, "/")
	return name, name != "httpkit"
}

// Heights checks that imports only go down, and that each package has a place.
// Test files may look anywhere: they drive a package from above.
func Heights(m *Module) []Finding {
	var out []Finding
	for dir, files := range m.packages() {
		home, own, ok := place(dir)
		if !ok {
			out = append(out, Finding{files[0].Path, "package has no height: add its folder to the table in archtest"})
			continue
		}
		for _, f := range files {
			for spec, p := range f.imports() {
				target, ours := ownDir(p)
				if !ours {
					continue
				}
				there, h, known := place(target)
				if known && (h < own || there == home) {
					continue
				}
				out = append(out, f.at(spec, "imports %s (height %d) from height %d: imports only go down", target, h, own))
			}
		}
	}
	return sorted(out)
}

// testSupport says whether a folder holds code for tests alone, by its name or
// that of one above it: storetest, apptest and what is in it.
func testSupport(dir string) bool {
	for part := range strings.SplitSeq(dir, "/") {
		if strings.HasSuffix(part, "test") {
			return true
		}
	}
	return false
}

// TestSupport checks that code for tests stays out of the product.
func TestSupport(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		if f.Test || testSupport(f.Dir) {
			continue
		}
		for spec, p := range f.imports() {
			if target, ours := ownDir(p); ours && testSupport(target) {
				out = append(out, f.at(spec, "imports %s, which is for tests alone", target))
			}
		}
	}
	return sorted(out)
}

// Plugins checks that only the registry, and tests, know the plug-in folders.
func Plugins(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		if f.Test || testSupport(f.Dir) || f.Path == registryFile {
			continue
		}
		for spec, p := range f.imports() {
			target, ours := ownDir(p)
			if !ours {
				continue
			}
			if folder, is := plugin(target); is && !within(f.Dir, folder) {
				out = append(out, f.at(spec, "imports the plug-in %s: only %s does", folder, registryFile))
			}
		}
	}
	return sorted(out)
}

// Protocols checks that a protocol package imports neither the store nor
// another protocol. Tests are held to it too, but may take a database to test on.
func Protocols(m *Module) []Finding {
	var out []Finding
	for _, f := range m.Files {
		name, is := protocol(f.Dir)
		if !is && !within(f.Dir, "internal/api") {
			continue
		}
		for spec, p := range f.imports() {
			target, ours := ownDir(p)
			if !ours {
				continue
			}
			if within(target, "internal/store") && !(f.Test && testSupport(target)) {
				out = append(out, f.at(spec, "a protocol package imports the store: go through a service"))
			}
			if other, isAPI := protocol(target); isAPI && is && other != name {
				out = append(out, f.at(spec, "protocol %s imports protocol %s", name, other))
			}
		}
	}
	return sorted(out)
}
