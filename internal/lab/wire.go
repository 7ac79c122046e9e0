package lab

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"
)

// writeJSON sends an answer. What is sent is built from maps, slices and plain values, which
// json never refuses.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, _ := json.Marshal(v)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// newID is what the services put into their answers to be quoted to their support.
func newID() string { return uuid.NewString() }

// numbered is the id of the n-th object of a kind that the organisation gives no ids.
func numbered(prefix string, n int) string { return fmt.Sprintf("%s-0000-4000-8000-%012d", prefix, n) }
