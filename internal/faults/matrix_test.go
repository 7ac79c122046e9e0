package faults_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/miekg/dns"
	"github.com/rs/zerolog"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/internal/preflight"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	// short is the deadline of a probe where the fault waits for it, and shortPhase that of one
	// phase of the console's. Elsewhere nothing waits, and long is what a machine that has much
	// else to do may take.
	short, shortPhase, long = 600 * time.Millisecond, 150 * time.Millisecond, time.Minute
	// deepest is the longest chain of probes that need each other; slack is what a run may take
	// besides its deadlines.
	deepest, slack = 5, 10 * time.Second
	// part is how many cells `make test` runs, about.
	part = 500
)

// organisation is a running practice organisation and its run without a fault.
type organisation struct {
	name    string
	lab     *lab.Lab
	cfg     *config.Config
	now     time.Time
	only    []string
	secrets *secrets

	good      report.Report
	places    []place
	questions []dns.Question
	console   bool
}

// place is a request of the run without a fault, as often as it is sent.
type place struct {
	service      lab.Service
	method, path string
	first        int // its number among the requests of its service
	times        int
}

// organisations: one in order and one with every trouble, with everything configured that can be
// asked, and those in which one answer alone shows the trouble.
func organisations() map[string]func(*lab.Organisation) {
	complete := func(o *lab.Organisation) {
		if o.CAS == nil {
			o.CAS = &lab.CAS{Token: "practice-token-of-the-lab"}
		}
		o.LMP = &lab.LMP{ //nolint:gosec // G101: of the practice organisation
			AccessToken: "975f9ce9-1234-5678-8c2e-9f0b1f27e1b3", SecretKey: "practice-secret-key-of-the-partner",
			CustomerID: "bd369fc5-61ad-4d40-8d68-11a757369a8f", SubscriptionID: "050c20ca-033d-412e-94f3-cfcfc3d61cb7", Plan: "Cloud App Security",
			Licences: []lab.Licence{{
				ProductID: "CASXXE3X", Version: "full", Starts: time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC), Expires: time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC),
			}},
		}
	}
	troubled := func(o *lab.Organisation) {
		complete(o)
		// As it is declared: the trial is over.
		o.LMP.Licences[0].Version, o.LMP.Licences[0].Expires = "trial", time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	// After manual provisioning: the trouble is at a delegate that only a search can find.
	found := func(o *lab.Organisation) {
		o.Microsoft.Policies, o.Declared.Phase = nil, config.After
		o.Microsoft.Users = append(slices.Clone(o.Microsoft.Users), lab.User{
			ID: "e6b3f092-4cb8-4f2d-8c3e-7f8091ab2c34", UserPrincipalName: "cas-service@contoso.onmicrosoft.com",
			DisplayName: "Cloud App Security Service Account for SharePoint", PerUserMFA: "enforced", PasswordPolicies: "DisablePasswordExpiration",
		})
	}
	asItIs := func(*lab.Organisation) {}
	return map[string]func(*lab.Organisation){
		"healthy": complete, "all-troubles": troubled,
		"mfa-per-user MFA-01": asItIs, "mfa-conditional-access MFA-01": asItIs, "mfa-conditional-access MFA-01 found": found,
		"mfa-per-user-retired MFA-01": asItIs, "mfa-security-defaults MFA-01": asItIs, "legacy-switch-off MFA-01": asItIs, "blocked-account MFA-01": asItIs,
		"mfa-still-off MFA-01":        asItIs,
		"gmail-domain-missing GDM-01": asItIs, "gmail-preview-grant GDM-01": asItIs, "spam-detected SPM-01": asItIs, "spam-domain-missing SPM-01": asItIs,
		"licence-contradicted LIC-01": asItIs, "earlier-provisioning BND-01": asItIs, "tls-old-client TLS-01": asItIs, "tls-people TLS-01": asItIs,
	}
}

var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func start(t *testing.T, name string, change func(*lab.Organisation)) *organisation {
	t.Helper()
	words := strings.Fields(name)
	all := lab.Scenarios()
	sc := all[slices.IndexFunc(all, func(s lab.Scenario) bool { return s.Name == words[0] })]
	change(&sc.Organisation)
	sc.Organisation.Key = key()
	l, err := lab.Start(sc.Organisation)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	dir := t.TempDir()
	o := &organisation{name: name, lab: l, now: sc.Now, secrets: &secrets{all: map[string]bool{}}}
	if o.cfg, err = l.Config(dir); err != nil {
		t.Fatal(err)
	}
	if len(words) > 1 {
		o.only = words[1:2]
	}
	o.console = len(o.only) == 0 || o.only[0] == "TLS-01"
	o.secrets.files(t, dir)
	good := o.run(t.Context(), cell{org: o, mark: "without a fault"})
	if good.err != "" {
		t.Fatalf("%s, without a fault: %s", name, good.err)
	}
	o.good, o.questions = good.report, good.questions
	counts := map[lab.Service]int{}
	for _, q := range l.Requests() {
		if q.Header.Get(lab.Mark) != "without a fault" {
			continue
		}
		at := place{service: q.Service, method: q.Method, path: q.Path, first: counts[q.Service]}
		counts[q.Service]++
		if i := slices.IndexFunc(o.places, func(p place) bool { return p.service == at.service && p.method == at.method && p.path == at.path }); i >= 0 {
			o.places[i].times++
			continue
		}
		at.times = 1
		o.places = append(o.places, at)
	}
	slices.SortFunc(o.places, func(a, b place) int { return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.path, b.path)) })
	return o
}

// files adds the secrets of a configuration's folder, a private key line by line.
func (s *secrets) files(t *testing.T, dir string) {
	t.Helper()
	// What every token of the practice organisation begins with: signed ones, and Google's.
	s.add("eyJhbGciOiJIUzI1NiIs", "ya29.c.")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "casdoctor.yaml" || e.Name() == "ca.pem" || strings.HasSuffix(e.Name(), ".eml") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Key string `json:"private_key"`
		}
		if json.Unmarshal(raw, &file) == nil && file.Key != "" {
			raw = []byte(file.Key)
		}
		for line := range strings.Lines(string(raw)) {
			if !strings.HasPrefix(line, "-----") {
				s.add(strings.TrimSpace(line))
			}
		}
	}
}

// cell is one request with one fault.
type cell struct {
	org   *organisation
	fault fault
	at    place // of a request; its zero value for none
	only  int   // the fault hits the request of that number only; 0: all
	asked dns.Question
	conn  int // the console's connection of that number only; -1: all
	clock time.Duration
	mark  string
}

func (c cell) String() string {
	at := string(c.at.service) + " " + c.at.method + " " + c.at.path
	switch {
	case c.fault.dns != nil:
		at = "DNS " + c.asked.Name + " " + dns.TypeToString[c.asked.Qtype]
	case c.fault.tcp != nil && c.conn < 0:
		at = "console, every connection"
	case c.fault.tcp != nil:
		at = "console, connection " + strconv.Itoa(c.conn)
	case c.only > 0:
		at += " #" + strconv.Itoa(c.only)
	}
	return c.org.name + ": " + at + ": " + c.fault.name
}

// run is what came of a run.
type run struct {
	report    report.Report
	evidence  *facts.Evidence
	questions []dns.Question
	outputs   map[string][]byte
	took      time.Duration
	err       string
}

// locked is a buffer that several probes log into.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// run looks and judges as casdoctor check does, with the fault on the way.
func (o *organisation) run(ctx context.Context, c cell) (out run) {
	cfg := *o.cfg
	if c.fault.lab.Path = c.at.path; c.at.path != "" && c.fault.way == nil {
		f := c.fault.lab
		f.Service, f.Method, f.Mark = c.at.service, c.at.method, c.mark
		switch {
		case c.fault.after:
			f.Path, f.Method, f.After = "", "", c.at.first
		case c.only > 0:
			f.After, f.Times = c.only-1, 1
		}
		defer o.lab.Faulty(f)()
	}
	w := &way{mark: c.mark, secrets: o.secrets, does: c.fault.way, hits: func(s sighting) bool { return s.method == c.at.method && s.path == c.at.path }}

	res := &resolver{to: cfg.Network.Resolver.String()}
	if c.fault.dns != nil {
		res.fault = func(q dns.Question, m *dns.Msg) []byte {
			if q == c.asked {
				return c.fault.dns(q, m)
			}
			raw, _ := m.Pack()
			return raw
		}
	}
	if c.fault.dns != nil || c.fault.name == "" {
		addr, stop, err := res.start()
		if err != nil {
			out.err = err.Error()
			return out
		}
		defer stop()
		cfg.Network.Resolver = addr
	}
	if c.fault.tcp != nil {
		line := &wire{to: net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.CAS.Console.Port)), fault: func(n int, conn net.Conn, dial func() (net.Conn, error)) bool {
			return (c.conn < 0 || n == c.conn) && c.fault.tcp(n, conn, dial)
		}}
		port, stop, err := line.start()
		if err != nil {
			out.err = err.Error()
			return out
		}
		defer stop()
		cas := *cfg.CAS
		cas.Console.Port = port
		cfg.CAS = &cas
	}
	log := &locked{}
	look := preflight.Look{
		Only: o.only, Log: zerolog.New(log).Level(zerolog.TraceLevel),
		Transport: []httpread.Option{httpread.WithBackoff(time.Microsecond), httpread.Below(w.over)},
		Now:       func() time.Time { return time.Now().Add(c.clock) },
	}
	if c.fault.waits {
		look.Limits = probes.Limits{Probe: short, Phase: shortPhase}
	}
	begun := time.Now()
	ev, err := preflight.Collect(ctx, &cfg, look)
	out.took = time.Since(begun)
	if err != nil {
		out.err = err.Error()
		return out
	}
	out.evidence = ev
	if out.report, err = preflight.Judge(ev, checks.Options{Now: o.now, Only: o.only}, report.Options{Version: "test", FailOn: checks.StatusWarn}); err != nil {
		out.err = err.Error()
		return out
	}
	res.mu.Lock()
	for _, q := range res.seen {
		if !slices.Contains(out.questions, q) {
			out.questions = append(out.questions, q)
		}
	}
	res.mu.Unlock()
	out.outputs = map[string][]byte{"log": log.b.Bytes()}
	if out.outputs["evidence"], err = ev.Encode(); err != nil {
		out.err = err.Error()
	}
	for _, f := range report.Formats() {
		for _, lang := range []string{"en", "ja"} {
			if f.Binary || lang == "ja" && f.Name != "text" {
				continue
			}
			var b bytes.Buffer
			if err := f.Write(&b, out.report, report.View{Lang: lang, Verbose: true}); err != nil {
				out.err = f.Name + ": " + err.Error()
			}
			out.outputs[f.Name+" "+lang] = b.Bytes()
		}
	}
	return out
}

// limit is how long a cell may take.
func (c cell) limit() time.Duration {
	if c.fault.waits {
		return deepest*short + slack
	}
	return long + slack
}

// failing are the ways in which a cell can be wrong, in the order of the table.
var failing = []string{"false passes", "false alarms", "false fixes", "unsaid", "hangs", "panics", "leaks"}

// examine says what is wrong with a run, by way of failing.
func (c cell) examine(r run) map[string]string {
	wrong := map[string]string{}
	if r.err != "" {
		wrong["panics"] = "no report: " + r.err
		return wrong
	}
	for name, out := range r.outputs {
		if s := c.org.secrets.in(out); s != "" {
			wrong["leaks"] = s + " in " + name
		}
	}
	if i := bytes.Index(r.outputs["log"], []byte("panicked")); i >= 0 {
		wrong["panics"] = string(r.outputs["log"][max(0, i-400):min(len(r.outputs["log"]), i+3000)])
	}
	if r.took > c.limit() {
		wrong["hangs"] = r.took.String()
	}
	compare(c.org.good, r.report, c.says(), wrong)
	if c.fault.blinds && c.only == 0 {
		for name, f := range r.evidence.Facts {
			if f.Source != facts.Observed || !slices.ContainsFunc(f.Requests, c.at.is) {
				continue
			}
			i := slices.IndexFunc(r.report.Facts, func(f report.Fact) bool { return f.Name == name })
			if s := r.report.Facts[i].Status; s != report.FactPartial && s != report.FactFailed {
				wrong["unsaid"] = name + " is " + string(s)
			}
		}
	}
	return wrong
}

// says are the causes of which the fault itself is evidence.
func (c cell) says() []string {
	says := slices.Clone(c.fault.says)
	if c.fault.waits || c.fault.dns != nil && c.asked.Name == c.org.cfg.CAS.Console.Host+"." {
		// A console that has no name, or does not answer in the little time that a cell has.
		says = append(says, "TLS-01.X1", "TLS-01.X2")
	}
	if c.at.path == "/tokeninfo" {
		// What tokeninfo does not say of the token, Google then says itself when it is used.
		says = append(says, "GDM-01.X1")
	}
	return says
}

func (p place) is(q facts.Request) bool {
	u, err := url.Parse(q.URL)
	return err == nil && q.Method == p.method && u.Path == p.path
}

// bad: the entry says that the trouble is there; good: that it is not.
func bad(e checks.Entry) bool  { return e.Verdict == "confirmed" || e.Verdict == "supported" }
func good(e checks.Entry) bool { return e.Verdict == "refuted" || e.Verdict == "not_applicable" }

// compare holds a report against that of the same organisation without the fault: a verdict may
// only move towards unknown, and what is not there any more has to be unknown.
func compare(before, after report.Report, says []string, wrong map[string]string) {
	for _, b := range before.Checks {
		i := slices.IndexFunc(after.Checks, func(c checks.Result) bool { return c.ID == b.ID })
		if i < 0 {
			wrong["false passes"] = b.ID + " is not in the report"
			continue
		}
		a := after.Checks[i]
		if a.Status == checks.StatusPass && b.Status != checks.StatusPass || a.Status == checks.StatusSkip && b.Status != checks.StatusSkip {
			wrong["false passes"] = fmt.Sprintf("%s: %s, was %s", b.ID, a.Status, b.Status)
		}
		same := func(of checks.Entry) func(checks.Entry) bool {
			return func(e checks.Entry) bool { return e.ID == of.ID && e.Subject == of.Subject }
		}
		for _, was := range b.Causes {
			i := slices.IndexFunc(a.Causes, same(was))
			switch {
			case i >= 0 && good(a.Causes[i]) && !good(was):
				wrong["false passes"] = fmt.Sprintf("%s %q: %s, was %s", was.ID, was.Subject, a.Causes[i].Verdict, was.Verdict)
			case i < 0 && !slices.ContainsFunc(a.Causes, func(e checks.Entry) bool { return !good(e) && (e.ID == was.ID || e.Subject == "") }):
				wrong["false passes"] = fmt.Sprintf("%s %q is gone, was %s", was.ID, was.Subject, was.Verdict)
			}
		}
		for _, is := range a.Causes {
			i := slices.IndexFunc(b.Causes, same(is))
			if bad(is) && !slices.Contains(says, is.ID) && (i < 0 || !bad(b.Causes[i]) || is.Verdict == "confirmed" && b.Causes[i].Verdict != "confirmed") {
				was := "not there"
				if i >= 0 {
					was = b.Causes[i].Verdict
				}
				wrong["false alarms"] = fmt.Sprintf("%s %q: %s, was %s", is.ID, is.Subject, is.Verdict, was)
			}
		}
		for _, is := range a.Fixes {
			i := slices.IndexFunc(b.Fixes, func(f checks.FixResult) bool { return f.ID == is.ID })
			if i < 0 {
				continue
			}
			// A fix for what the fault itself says is not wrong.
			named := func(f checks.FixFor) bool { return slices.Contains(says, f.Cause) }
			if was := b.Fixes[i]; is.Applies == "yes" && was.Applies != "yes" && !slices.ContainsFunc(is.For, named) {
				wrong["false fixes"] = fmt.Sprintf("%s applies, was %s", is.ID, was.Applies)
			}
		}
	}
}

// lost reports whether something was known and is not any more.
func lost(before, after report.Report) bool {
	for i, b := range before.Checks {
		for _, was := range b.Causes {
			for _, is := range after.Checks[i].Causes {
				if is.ID == was.ID && is.Subject == was.Subject && is.Verdict == "unknown" && was.Verdict != "unknown" {
					return true
				}
			}
		}
	}
	return false
}

// cells are all of them.
func cells(orgs []*organisation, closed string, elsewhere string) []cell {
	var all []cell
	for _, o := range orgs {
		inside := ""
		if o.cfg.Microsoft365 != nil {
			inside = o.cfg.Microsoft365.Endpoints.Graph + "/v1.0/domains?redirected=1"
		}
		list := httpFaults(closed, func() string { return elsewhere }, func() string { return inside })
		for _, p := range o.places {
			for _, f := range list {
				if f.service != "" && f.service != p.service {
					continue
				}
				all = append(all, cell{org: o, fault: f, at: p, conn: -1})
				// Of requests that are sent several times, each by itself.
				for n := 1; p.times > 1 && n <= p.times && f.way == nil && !f.after && f.service == ""; n++ {
					all = append(all, cell{org: o, fault: f, at: p, only: n, conn: -1})
				}
			}
		}
		for _, q := range o.questions {
			for _, f := range dnsFaults() {
				all = append(all, cell{org: o, fault: f, asked: q, conn: -1})
			}
		}
		if o.console {
			for _, f := range tcpFaults() {
				for _, n := range []int{-1, 0, 1, 2, 4, 7} {
					all = append(all, cell{org: o, fault: f, conn: n})
				}
			}
		}
		for _, d := range []time.Duration{time.Hour, -time.Hour} {
			all = append(all, cell{org: o, fault: fault{name: "clock " + d.String(), row: "clock of this machine off by 1 h"}, clock: d, conn: -1})
		}
	}
	for i := range all {
		all[i].mark = strconv.Itoa(i)
	}
	return all
}

// some is a part of the cells that is spread over all faults and all requests.
func some(all []cell, n int) []cell {
	stride := max(1, len(all)/n)
	for stride%2 == 0 || stride%3 == 0 || stride%5 == 0 || stride%7 == 0 { // no common rhythm with the lists
		stride++
	}
	var out []cell
	for i := 0; i < len(all); i += stride {
		out = append(out, all[i])
	}
	return out
}

// TestMatrix: whatever goes wrong with an answer, nothing is claimed that the answers do not carry.
func TestMatrix(t *testing.T) {
	whole, wanted := os.Getenv("CASDOCTOR_FAULTS") == "all", part
	if n, err := strconv.Atoi(os.Getenv("CASDOCTOR_FAULTS")); err == nil {
		wanted = n
	}
	var away atomic.Int64
	stranger, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stranger.Close() })
	go func() {
		for {
			conn, err := stranger.Accept()
			if err != nil {
				return
			}
			away.Add(1)
			_ = conn.Close()
		}
	}()
	var orgs []*organisation
	defined := organisations()
	for _, name := range sorted(defined) {
		if pick := os.Getenv("CASDOCTOR_FAULTS_ORGANISATION"); pick == "" || strings.Contains(name, pick) {
			orgs = append(orgs, start(t, name, defined[name]))
		}
	}
	all := cells(orgs, closed(t), "https://"+stranger.Addr().String()+"/v1.0/elsewhere")
	total := len(all)
	if pick := os.Getenv("CASDOCTOR_FAULTS_CELL"); pick != "" {
		all = slices.DeleteFunc(all, func(c cell) bool { return !strings.Contains(c.String(), pick) })
	} else if !whole {
		all = some(all, wanted)
	}
	rows := map[string]*row{}
	var order []string
	var mu sync.Mutex
	queue := make(chan cell)
	var workers sync.WaitGroup
	begun := time.Now()
	for range 4 * runtime.GOMAXPROCS(0) { // most of a cell is waiting
		workers.Go(func() {
			for c := range queue {
				r, finished := c.bounded(t.Context())
				wrong := map[string]string{"hangs": "no end after " + c.limit().String()}
				if finished {
					wrong = c.examine(r)
				}
				mu.Lock()
				rows[cmp.Or(c.fault.row, c.fault.name)].add(wrong, r.took, finished && r.err == "" && lost(c.org.good, r.report))
				mu.Unlock()
				for _, way := range failing {
					if what, ok := wrong[way]; ok {
						if os.Getenv("CASDOCTOR_FAULTS_CELL") != "" {
							t.Logf("%s\n%s", r.outputs["text en"], r.outputs["evidence"])
						}
						t.Errorf("%s: %s: %s", way, c, what)
					}
				}
			}
		})
	}
	for i, c := range all {
		if end, ok := t.Deadline(); ok && time.Until(end) < 2*time.Minute { // for a table of what there was time for
			t.Errorf("no time for %d of %d cells: give -timeout more", len(all)-i, len(all))
			all = all[:i]
			break
		}
		name := cmp.Or(c.fault.row, c.fault.name)
		mu.Lock()
		if rows[name] == nil {
			rows[name] = &row{wrong: map[string]int{}}
			order = append(order, name)
		}
		mu.Unlock()
		queue <- c
	}
	close(queue)
	workers.Wait()
	if n := away.Load(); n > 0 {
		t.Errorf("%d connections to a host that nobody configured", n)
	}
	for _, o := range orgs {
		for _, q := range o.lab.Requests() {
			if strings.Contains(q.Query, "redirected") {
				t.Errorf("%s: a redirect was followed: %s %s", o.name, q.Method, q.Path)
			}
		}
	}
	table(order, rows)
	fmt.Printf("%d of %d cells in %d organisations, %s\n", len(all), total, len(orgs), time.Since(begun).Round(time.Second))
	if whole && os.Getenv("CASDOCTOR_FAULTS_ORGANISATION") == "" && total < 5000 {
		t.Errorf("only %d cells", total)
	}
}

// bounded runs a cell, and gives it up when it does not end.
func (c cell) bounded(ctx context.Context) (run, bool) {
	done := make(chan run, 1)
	go func() { done <- c.org.run(ctx, c) }()
	timer := time.NewTimer(c.limit() + slack)
	defer timer.Stop()
	select {
	case r := <-done:
		return r, true
	case <-timer.C:
		return run{}, false
	}
}

// row is a line of the table.
type row struct {
	cells, unknown int
	longest        time.Duration
	wrong          map[string]int
}

func (r *row) add(wrong map[string]string, took time.Duration, unknown bool) {
	r.cells++
	if unknown {
		r.unknown++
	}
	r.longest = max(r.longest, took)
	for _, way := range failing {
		if _, ok := wrong[way]; ok {
			r.wrong[way]++
		}
	}
}

func table(order []string, rows map[string]*row) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	line := func(cells ...string) { _, _ = fmt.Fprintln(w, "| "+strings.Join(cells, "\t| ")+"\t|") }
	line(append([]string{"Fault", "Cells", "Made unknown"}, append(slices.Clone(failing), "Longest")...)...)
	line(append([]string{"---", "---", "---"}, append(strings.Fields(strings.Repeat("--- ", len(failing))), "---")...)...)
	sum := row{wrong: map[string]int{}}
	show := func(name string, r *row) {
		cells := []string{name, strconv.Itoa(r.cells), strconv.Itoa(r.unknown)}
		for _, way := range failing {
			cells = append(cells, strconv.Itoa(r.wrong[way]))
		}
		line(append(cells, fmt.Sprintf("%.1f s", r.longest.Seconds()))...)
	}
	for _, name := range order {
		r := rows[name]
		sum.cells, sum.unknown, sum.longest = sum.cells+r.cells, sum.unknown+r.unknown, max(sum.longest, r.longest)
		for _, way := range failing {
			sum.wrong[way] += r.wrong[way]
		}
		show(name, r)
	}
	show("all", &sum)
	_ = w.Flush()
	fmt.Print(b.String())
}

var _ http.RoundTripper = (*way)(nil)
