package m365

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/auditlogs"

	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// signInClientsTimeout covers ten pages at one every two seconds, and their back-off.
const signInClientsTimeout = 60 * time.Second

const (
	// clientsWindow is short enough for most logs to be read to their end, and long enough for
	// whoever works one day a week; the log is kept for 30 days at most.
	clientsWindow = 7 * 24 * time.Hour
	// clientsPages are ten of Graph's ("List signIns": 1,000 entries at most, newest first).
	clientsPages = 10
)

// Graph's reference asks for Directory.Read.All beside this one ("List signIns", known issue
// "License check errors for Microsoft Entra activity reports").
var signInClientsCall = call{what: "the sign-in log", permission: "AuditLog.Read.All", pace: reportsPace, pages: clientsPages}

func signInClientsProbe() probes.Probe {
	return probes.New(facts.M365SignInClients, probes.Probe{
		Doc: "which browsers and systems people signed in with in the last 7 days, counted, without names " +
			"(GET /auditLogs/signIns, 10,000 sign-ins at most)",
		Section: section,
		Needs:   []string{facts.M365Tenant.Name},
		Timeout: signInClientsTimeout,
		Permissions: []probes.Permission{
			{
				Service: "graph", Name: signInClientsCall.permission, Optional: true, Members: []string{"clients"},
				Why: "shows how many people still use a browser that the console refuses",
			},
			{
				Service: "graph", Name: "Directory.Read.All", Optional: true, Members: []string{"clients"},
				Why: "is asked for by the sign-in log's licence check",
			},
		},
	}, signInClients)
}

func signInClients(ctx context.Context, env *probes.Env) (facts.SignInClients, error) {
	s, err := open(env)
	if err != nil {
		return facts.SignInClients{}, err
	}
	ctx, cancel := inTime(ctx)
	defer cancel()

	to := env.Now().UTC().Truncate(time.Second)
	from := to.Add(-clientsWindow)
	return facts.SignInClients{From: from, To: to, Clients: s.countClients(ctx, from)}, nil
}

// browserEntry is what is read of an entry; nothing of it but the counts is kept.
type browserEntry struct {
	ID     string `json:"id"`
	UserID string `json:"userId"`
	Status *struct {
		ErrorCode *int `json:"errorCode"`
	} `json:"status"`
	DeviceDetail *struct {
		Browser         *string `json:"browser"`
		OperatingSystem *string `json:"operatingSystem"`
	} `json:"deviceDetail"`
}

// countClients counts the people of each browser and system: their ids live as long as this call. Graph documents $filter, $top and $skiptoken for the log, and no $select.
func (s *session) countClients(ctx context.Context, from time.Time) facts.Seen[[]facts.SignInClient] {
	filter := "createdDateTime ge " + from.Format(time.RFC3339) + " and clientAppUsed eq 'Browser'"
	q := signInClientsCall.ask(auditlogs.NewSignInsRequestBuilderInternal(s.base(), s.adapter).ToGetRequestInformation(ctx,
		&auditlogs.SignInsRequestBuilderGetRequestConfiguration{
			QueryParameters: &auditlogs.SignInsRequestBuilderGetQueryParameters{Filter: &filter},
		}))
	all := list(ctx, s, q, known(func(e browserEntry) string { return e.ID }))
	if all.Value == nil {
		return with[[]facts.SignInClient](all, nil)
	}
	counts := clientCounts{}
	for _, e := range *all.Value {
		if !counts.add(e) && all.Failure == nil {
			all.Failure = q.malformed(nil)
		}
	}
	found := counts.list()
	return with(all, &found)
}

// clientCounts are the people and sign-ins of each browser and system.
type clientCounts map[[2]string]*struct {
	people  map[string]bool
	signIns int
}

// add counts one entry, and reports whether it could be read. A sign-in that failed shows nobody who
// works, and one without a browser is a program's.
func (c clientCounts) add(e browserEntry) bool {
	switch {
	case e.UserID == "":
		return false
	case e.Status == nil || e.Status.ErrorCode == nil || *e.Status.ErrorCode != 0:
		return true
	case e.DeviceDetail == nil || e.DeviceDetail.Browser == nil || *e.DeviceDetail.Browser == "":
		return true
	}
	key := [2]string{shortVersion(*e.DeviceDetail.Browser), ""}
	if system := e.DeviceDetail.OperatingSystem; system != nil {
		key[1] = shortVersion(spaced().ReplaceAllString(*system, "Windows $1")) // both spellings occur
	}
	if c[key] == nil {
		c[key] = &struct {
			people  map[string]bool
			signIns int
		}{people: map[string]bool{}}
	}
	c[key].people[e.UserID] = true
	c[key].signIns++
	return true
}

var (
	spaced = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^Windows(\d)`) })
	// version is a name with two numbers, as far as a table of clients goes by them.
	version = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\D*\d{1,4}(?:\.\d{1,4})?)[\d.]*$`) })
)

// shortVersion cuts "Chrome 142.0.7444.59" to "Chrome 142.0": every build of a release would otherwise
// be a line of its own. What is longer than a name is none.
func shortVersion(s string) string {
	s = strings.TrimSpace(s)
	if m := version().FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	return s[:min(len(s), 64)]
}

// list is in the order of people, most first.
func (c clientCounts) list() []facts.SignInClient {
	list := []facts.SignInClient{}
	for key, n := range c {
		list = append(list, facts.SignInClient{Browser: key[0], System: key[1], People: len(n.people), SignIns: n.signIns})
	}
	slices.SortFunc(list, func(a, b facts.SignInClient) int {
		return cmp.Or(cmp.Compare(b.People, a.People), cmp.Compare(b.SignIns, a.SignIns),
			cmp.Compare(a.Browser, b.Browser), cmp.Compare(a.System, b.System))
	})
	return list
}
