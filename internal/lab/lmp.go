package lab

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// lmpOffset is how far the time of a request may be off (LMPI, "Invoking LMPI").
const lmpOffset = 15 * time.Minute

// lmp is the Licensing Management Platform's API for partners, as far as it is read: one
// subscription. Its words for refusals are not published in full; the statuses are those that
// its pages name.
type lmp struct {
	partner LMP
	mux     *http.ServeMux
}

func newLMP(p LMP) *lmp {
	s := &lmp{partner: p, mux: http.NewServeMux()}
	s.mux.HandleFunc("/LMPI/v3/customers/{customer}/subscriptions/{subscription}", s.subscription)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { lmpRefusal(w, http.StatusNotFound, "resource_not_found") })
	return s
}

// ServeHTTP answers one request.
func (s *lmp) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func lmpRefusal(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, map[string]any{"code": code, "message": http.StatusText(status)})
}

// denied is why a request is not taken: every header is compulsory, and the signature is over
// the time, the method and the path with its query.
func (s *lmp) denied(r *http.Request) string {
	posix := r.Header.Get("x-posix-time")
	seconds, err := strconv.ParseInt(posix, 10, 64)
	mac := hmac.New(sha256.New, []byte(s.partner.SecretKey))
	mac.Write([]byte(posix + r.Method + r.RequestURI))
	signature, decodeErr := base64.StdEncoding.DecodeString(r.Header.Get("x-signature"))
	switch {
	case !strings.HasPrefix(r.Header.Get("content-type"), "application/json"):
		return "invalid_content_type"
	case r.Header.Get("x-access-token") != s.partner.AccessToken:
		return "invalid_access_token"
	case err != nil || time.Since(time.Unix(seconds, 0)).Abs() > lmpOffset:
		return "invalid_posix_time"
	case decodeErr != nil || !hmac.Equal(signature, mac.Sum(nil)):
		return "invalid_signature"
	}
	return ""
}

func (s *lmp) subscription(w http.ResponseWriter, r *http.Request) {
	if code := s.denied(r); code != "" {
		lmpRefusal(w, http.StatusUnauthorized, code)
		return
	}
	p := s.partner
	switch {
	case r.Method != http.MethodGet:
		lmpRefusal(w, http.StatusMethodNotAllowed, "method_not_allowed")
		return
	case !strings.EqualFold(r.PathValue("customer"), p.CustomerID) || !strings.EqualFold(r.PathValue("subscription"), p.SubscriptionID):
		lmpRefusal(w, http.StatusNotFound, "subscription_not_found")
		return
	}
	licences := []map[string]any{}
	for i, l := range p.Licences {
		entry := map[string]any{
			"ac_code": "CA-PRACT-ICE00-CODE" + strconv.Itoa(i), "product_id": l.ProductID,
			"license_start_date": l.Starts.UTC().Format(time.RFC3339), "license_expiration_date": l.Expires.UTC().Format(time.RFC3339),
			"start_charge_date": l.Starts.UTC().Format(time.RFC3339), "grace_period": l.Grace, "units": 50, "enabled": !l.Disabled,
		}
		if l.Version != "" {
			entry["version"] = l.Version
		}
		licences = append(licences, entry)
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"subscription_id": p.SubscriptionID, "name": p.Plan, "enabled": !p.Disabled, "is_auto_renewal": false, "auto_renewal_month": 0,
		"service_url": "https://clp.trendmicro.com/Dashboard?T=practice-sign-in-token", "expiration_notification": 30, "licenses": licences,
	})
}
