package workspace

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// account is the service account that asks for tokens. A key file and keyless signing
// differ only in how an assertion comes about.
type account struct {
	email    string
	clientID *string // the numeric id, when the key file says it
	// exchange sends one assertion with one scope to the token endpoint. The witness is that
	// of the token endpoint, and nil when it was not asked; the error says why there is no
	// answer. A refusal is an answer.
	exchange func(ctx context.Context, subject, scope string) (*witness, error)
}

func newAccount(ctx context.Context, env *probes.Env) (account, error) {
	if env.Config.Google.Credentials.Impersonate != "" {
		return keyless(ctx, env)
	}
	return keyFile(env)
}

// keyFile is a service account that signs its assertions with the key of its key file.
func keyFile(env *probes.Env) (account, error) {
	g := env.Config.Google
	raw := g.Credentials.ServiceAccountKey.Reveal()
	// The library accepts the type service_account and no other.
	base, err := google.JWTConfigFromJSON(raw)
	if err != nil || base.Email == "" {
		return account{}, &facts.Failure{
			Kind: facts.Unauthenticated, Code: "service_account_key",
			Detail: "google.credentials.service_account_key is not the JSON key file of a service account " +
				`(type "service_account" with client_email): create a key in the Google Cloud console as JSON`,
		}
	}
	var file struct {
		ClientID *string `json:"client_id"`
	}
	_ = json.Unmarshal(raw, &file) // the id is a convenience; tokeninfo names it too
	exchange := func(ctx context.Context, subject, scope string) (*witness, error) {
		conf := *base
		conf.Scopes = []string{scope}
		conf.Subject = subject
		conf.TokenURL = g.Endpoints.Token
		// Google checks the audience against its own address, wherever ours points
		// ("Invalid JWT: Failed audience check.").
		conf.Audience = google.JWTTokenURL
		w, hc := watch(ctx, env)
		// What the library returns is the witness's answer with less in it, so only the case
		// in which nothing was sent is taken from it.
		_, err := conf.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, hc)).Token()
		if err != nil && !w.asked {
			return nil, &facts.Failure{
				Kind: facts.Unauthenticated, Code: "private_key",
				Detail: "the private_key in google.credentials.service_account_key cannot be read: " +
					"use the key file as Google made it",
			}
		}
		return w, w.err
	}
	return account{email: base.Email, clientID: file.ClientID, exchange: exchange}, nil
}

// attempt is one request for a token.
type attempt struct {
	try   facts.Seen[facts.TokenTry]
	clock facts.Seen[facts.Clock]
	token string // set when one was issued; it never leaves this package
}

// issue asks for a token with exactly one scope, on behalf of subject if there is one.
func (a account) issue(ctx context.Context, subject, scope string) attempt {
	w, err := a.exchange(ctx, subject, scope)
	if err != nil {
		f := httpread.Classify(err)
		clock := notAsked[facts.Clock]("the token endpoint was not asked")
		if w != nil {
			clock = facts.Missed[facts.Clock](f)
		}
		return attempt{try: facts.Missed[facts.TokenTry](f), clock: clock}
	}
	got := attempt{clock: w.clock()}
	code, description := oauthError(w.body)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	switch {
	case w.status == http.StatusOK && json.Unmarshal(w.body, &answer) == nil && answer.AccessToken != "":
		got.token = answer.AccessToken
		got.try = facts.Got(facts.TokenTry{Scope: scope, Status: w.status})
	case w.status >= 400 && w.status < 500 && w.status != http.StatusTooManyRequests && code != "":
		got.try = facts.Got(facts.TokenTry{
			Scope: scope, Status: w.status, Granted: granted(code), Error: code, Description: description,
		})
	default:
		got.try = facts.Missed[facts.TokenTry](oauthFailure("the token endpoint", w))
	}
	return got
}

// confirm asks tokeninfo what an issued token may do and whose it is. Google names the
// e-mail only for some scopes; when it names one, it must be the expected one.
func (got *attempt) confirm(ctx context.Context, env *probes.Env, email string) {
	if got.token == "" {
		return
	}
	try := got.try.Value
	try.Info = tokenInfo(ctx, env, got.token)
	info := try.Info.Value
	switch {
	case info == nil:
	case info.Email != nil && !strings.EqualFold(*info.Email, email):
		got.token = ""
		got.try = facts.Missed[facts.TokenTry](&facts.Failure{
			Kind: facts.WrongIdentity,
			Detail: fmt.Sprintf("the token is for %s, not for %s; if one is an alias of the other, "+
				"write the primary address in google.admin", *info.Email, email),
		})
	case slices.Contains(info.Scopes, try.Scope):
		try.Granted = new(true)
	}
}

func tokenInfo(ctx context.Context, env *probes.Env, token string) facts.Seen[facts.TokenInfo] {
	missed := func(err error) facts.Seen[facts.TokenInfo] {
		// Classify, because the error's own text has the URL and with it the token.
		return facts.Missed[facts.TokenInfo](httpread.Classify(err))
	}
	u, err := url.Parse(env.Config.Google.Endpoints.TokenInfo)
	if err != nil {
		return missed(err)
	}
	q := u.Query()
	q.Set("access_token", token)
	u.RawQuery = q.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return missed(err)
	}
	w, _ := watch(ctx, env)
	if err := w.send(r); err != nil {
		return missed(err)
	}
	if w.status != http.StatusOK {
		return missed(oauthFailure("tokeninfo", w))
	}
	var answer struct {
		Scope *string `json:"scope"`
		Email *string `json:"email"`
		Azp   *string `json:"azp"`
		// Seconds since 1970, in a string.
		Expires json.Number `json:"exp"`
	}
	if err := json.Unmarshal(w.body, &answer); err != nil {
		return missed(err)
	}
	info := facts.TokenInfo{Email: answer.Email, Azp: answer.Azp}
	if at, err := answer.Expires.Int64(); err == nil {
		info.Expires = new(time.Unix(at, 0).UTC())
	}
	if answer.Scope == nil {
		return facts.Partly(info, &facts.Failure{
			Kind: facts.Malformed, Status: w.status, Detail: "tokeninfo did not say which scopes the token has",
		})
	}
	info.Scopes = strings.Fields(*answer.Scope)
	return facts.Got(info)
}
