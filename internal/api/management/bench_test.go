package management_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/internal/apptest"
	"usher/internal/server"
)

// benchUsers is how many users the benchmarks have.
const benchUsers = 2000

// benchApp is a quiet server with users, called without a network between.
func benchApp(b *testing.B) (handler http.Handler, token string, ids []string) {
	b.Helper()
	app := apptest.New(b, apptest.Random(), apptest.Configure(func(c *server.Config) { c.Log = nil }))
	for i := range benchUsers {
		ids = append(ids, app.Post("/api/v1/users?activate=false", body(fmt.Sprintf("bench%d@example.org", i))).Want(200).Text("id"))
	}
	return app.Server.Handler(), app.Seeded.APIToken, ids
}

func serve(b *testing.B, h http.Handler, token, method, path, content string) {
	r := httptest.NewRequestWithContext(b.Context(), method, path, strings.NewReader(content))
	r.Header.Set("Authorization", "SSWS "+token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatalf("%d %s", w.Code, w.Body)
	}
}

func BenchmarkGetUser(b *testing.B) {
	h, token, ids := benchApp(b)
	i := 0
	for b.Loop() {
		i++
		serve(b, h, token, http.MethodGet, "/api/v1/users/"+ids[i%len(ids)], "")
	}
}

// BenchmarkListUsers reads pages of 200; users/s is what counts.
func BenchmarkListUsers(b *testing.B) {
	h, token, ids := benchApp(b)
	i := 0
	for b.Loop() {
		i++
		serve(b, h, token, http.MethodGet, "/api/v1/users?limit=200&after="+ids[i%(len(ids)-201)], "")
	}
	b.ReportMetric(200*float64(b.N)/b.Elapsed().Seconds(), "users/s")
}

func BenchmarkCreateUser(b *testing.B) {
	for _, query := range []string{"?activate=false", ""} {
		b.Run("query "+query, func(b *testing.B) {
			h, token, _ := benchApp(b)
			i := 0
			for b.Loop() {
				i++
				serve(b, h, token, http.MethodPost, "/api/v1/users"+query, body(fmt.Sprintf("new%d@example.org", i)))
			}
		})
	}
}
