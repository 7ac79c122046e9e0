// Package cas asks the REST API of Cloud App Security, which is optional: whether the host
// answers and takes the token, and which messages Advanced Spam Protection detected although
// their sender looks internal.
//
// What belongs here: how the API is asked, and what its answers and refusals mean. What does
// not: what a detected message amounts to (package checks), and how its headers are read
// (internal/mailtrace). Only Log Retrieval and Threat Investigation are asked, which read; the
// API also has calls that change things, and none of them is here.
//
// Source: Cloud App Security Integration API Online Help, "Get Security Logs", "Sweep for Email
// Messages", "API Responses", "Generating an Authentication Token", "Understanding the URI".
package cas

import (
	"context"
	"net/url"
	"time"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	// pause is the time between two calls: the service allows 20 in a minute, and refuses after
	// that until the minute is over.
	pause = time.Minute / 20
	// tokenLife is how long a token works after it was made.
	tokenLife = 365 * 24 * time.Hour
	// callTimeout bounds one call with the wait for its turn and its repetitions.
	callTimeout = 20 * time.Second
)

// family spreads the calls evenly: a call that had to wait for a minute to be over would outlast its
// own deadline.
var family = httpread.Family{Name: "cas.api", Units: 1, Per: pause}

// The APIs, as the console lists them when a token is made for an external application.
const (
	logRetrieval  = "Log Retrieval"
	investigation = "Threat Investigation"
)

// Probes lists the probes of this package.
func Probes() []probes.Probe {
	return []probes.Probe{
		probes.New(facts.CASAPI, probes.Probe{
			Doc:     "Makes one cheap call of the Cloud App Security REST API (cas.api), which shows that the host answers and takes the token.",
			Section: "cas", Timeout: callTimeout + pause,
			Permissions: []probes.Permission{{
				Service: "cas", Name: logRetrieval, Optional: true,
				Why: "a token of cas.api for it lets casdoctor find the messages that Advanced Spam Protection detected",
			}},
		}, access),
		detections(),
	}
}

// sites are the hosts that the vendor names ("Understanding the URI").
var sites = map[string]string{
	"api.tmcas.trendmicro.com": "us", "api-eu.tmcas.trendmicro.com": "eu", "api.tmcas.trendmicro.co.jp": "jp",
	"api-au.tmcas.trendmicro.com": "au", "api.tmcas.trendmicro.co.uk": "uk", "api-ca.tmcas.trendmicro.com": "ca",
	"api.tmcas.trendmicro.com.sg": "sg", "api-in.tmcas.trendmicro.com": "in",
}

// access is the cheapest call there is: the events of the last five minutes, one at most.
func access(ctx context.Context, env *probes.Env) (facts.CASAccess, error) {
	c, err := newClient(env)
	if err != nil {
		return facts.CASAccess{}, err
	}
	if _, err := c.events(ctx, c.address(eventsPath, url.Values{
		"service": {"exchange"}, "event": {"securityrisk"}, "limit": {"1"},
	})); err != nil {
		return facts.CASAccess{}, err
	}
	host := c.base.Hostname()
	a := facts.CASAccess{Host: host, Site: sites[host]}
	if made := env.Config.CAS.API.TokenCreated; !made.IsZero() {
		a.TokenCreated, a.TokenEnds = made.String(), made.Add(tokenLife).Format(time.DateOnly)
	}
	return a, nil
}
