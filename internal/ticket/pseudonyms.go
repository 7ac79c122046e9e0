package ticket

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/report"
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// names puts pseudonyms in the place of names, the same one everywhere in a bundle.
//
// The world is closed: a value stays when it is a word of the protocols or of casdoctor (words.go),
// a date or a version, and anything else is a name. So a name of a kind that nobody has thought of
// is replaced too. Sentences are not searched for names: they are made anew from their codes and
// arguments, and what is free text stays at home.
//
// Without pseudonyms only the names of message files are replaced: people save a message under
// its subject.
type names struct {
	all    bool
	files  map[string]bool   // of messages
	stands map[string]string // by what it stands for
	counts map[string]int
	order  []Mapping
}

func newNames(in Input) *names {
	n := &names{all: in.Pseudonyms, files: map[string]bool{}, stands: map[string]string{}, counts: map[string]int{}}
	if in.Evidence != nil {
		if list := facts.Get(in.Evidence, facts.MailMessages).Value; list != nil {
			for _, m := range *list {
				n.files[m.File] = true
			}
		}
	}
	for _, c := range in.Report.Checks {
		for _, e := range c.Causes {
			if s := strings.ToLower(e.Subject); strings.HasSuffix(s, ".eml") || strings.HasSuffix(s, ".msg") {
				n.files[e.Subject] = true
			}
		}
	}
	return n
}

// mapping is which pseudonym stands for what, in the order in which they were given.
func (n *names) mapping() []Mapping { return n.order }

// number gives the next pseudonym of a kind.
func (n *names) number(stands, format, kind string) string {
	n.counts[kind]++
	p := fmt.Sprintf(format, n.counts[kind])
	n.stands[stands] = p
	n.order = append(n.order, Mapping{Pseudonym: p, Stands: stands})
	return p
}

// value is what stands for a value. hint says what kind of name it is when its shape does not.
func (n *names) value(s, hint string) string {
	switch {
	case s == "":
		return s
	case n.files[s]:
		if p, ok := n.stands[s]; ok {
			return p
		}
		return n.number(s, "message-%d.eml", "message")
	case !n.all, stay(s):
		return s
	}
	if c, ok := tlsclient.Find(s); ok {
		return c.Name // the row of the table, and none of what else a User-Agent says
	}
	for _, sep := range []string{", ", " and ", " or "} { // a list, as reasons have them
		if parts := strings.Split(s, sep); len(parts) > 1 {
			for i := range parts {
				parts[i] = n.value(parts[i], hint)
			}
			return strings.Join(parts, sep)
		}
	}
	return n.name(s, hint)
}

var (
	mailAddress = pattern(`^[^\s<>@/]+@[^\s<>@/]+$`)
	messageID   = pattern(`^<[^<>]*>$`)
	guid        = pattern(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	hostName    = pattern(`^[\p{L}\p{N}_*-]+(\.[\p{L}\p{N}_-]+)*\.[\p{L}][\p{L}\p{N}-]*\.?$`)
	hostPort    = pattern(`^(.+):(\d{1,5})$`)
)

// name is what stands for a name, by its shape.
func (n *names) name(s, hint string) string {
	if p, ok := n.stands[s]; ok {
		return p
	}
	low := strings.ToLower(s)
	if p, ok := n.stands[low]; ok && low != s {
		return p
	}
	if messageID().MatchString(s) {
		return n.number(s, "<message-%d@mail.example>", "message")
	}
	if mailAddress().MatchString(s) {
		_, domain, _ := strings.Cut(low, "@")
		return n.number(low, "user-%d@"+n.host(domain), "user")
	}
	if guid().MatchString(s) {
		return n.number(low, "00000000-0000-4000-8000-%012d", "id")
	}
	if a, err := netip.ParseAddr(s); err == nil {
		if a.IsLoopback() || a.IsUnspecified() { // of every machine
			return a.String()
		}
		return n.number(s, "ip-%d", "ip")
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		return fmt.Sprintf("%s/%d", n.name(p.Addr().String(), ""), p.Bits())
	}
	if u, err := url.Parse(s); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" {
		return u.Scheme + "://" + n.name(u.Hostname(), "") + "/" // a path can be anybody's
	}
	if m := hostPort().FindStringSubmatch(s); m != nil {
		return n.name(m[1], "host") + ":" + m[2]
	}
	if hostName().MatchString(s) {
		return n.host(strings.TrimSuffix(low, "."))
	}
	if rest, ok := strings.CutPrefix(s, "CN="); ok && !strings.Contains(rest, ",") {
		return "CN=" + n.value(rest, "certificate")
	}
	kind, ok := kinds[hint]
	if !ok {
		kind = "name"
	}
	return n.number(s, kind+"-%d", kind)
}

// host is what stands for a host or a domain: hosts of one domain stay together, and what belongs to
// the vendor, Microsoft or Google stays under its own name.
func (n *names) host(s string) string {
	if p, ok := n.stands[s]; ok {
		return p
	}
	if publicHosts()[s] || vendorHost().MatchString(s) {
		return s
	}
	domain := publicDomain(s)
	p := domain
	if domain == "" {
		var err error
		if domain, err = publicsuffix.EffectiveTLDPlusOne(s); err != nil {
			domain = s
		}
		var ok bool
		if p, ok = n.stands[domain]; !ok {
			p = n.number(domain, "domain-%d.example", "domain")
		}
	}
	if domain == s {
		return p
	}
	return n.number(s, "host-%d."+p, "host")
}

// publicDomain is the longest of the publicDomains that a host is in, or "".
func publicDomain(s string) string {
	for rest, ok := s, true; ok; _, rest, ok = strings.Cut(rest, ".") {
		if publicDomains()[rest] {
			return rest
		}
	}
	return ""
}

// report is a report with pseudonyms.
func (n *names) report(from report.Report) (report.Report, error) {
	r, err := copyOf(from)
	if err != nil {
		return r, err
	}
	r.Tenant = n.value(r.Tenant, "tenant")
	for i := range r.Checks {
		c := &r.Checks[i]
		for j := range c.Causes {
			e := &c.Causes[j]
			e.Subject = n.subject(e.ID, e.Subject)
			n.reasons(c.ID, e.Reasons)
			if e.Waived != nil { // who accepted what, and why, is of the house
				e.Waived.Reason, e.Waived.Owner = "", ""
			}
		}
		for j := range c.Fixes {
			f := &c.Fixes[j]
			n.reasons(c.ID, f.Why)
			for k := range f.For {
				f.For[k].Subject = n.subject(f.For[k].Cause, f.For[k].Subject)
				n.reasons(c.ID, f.For[k].Why)
			}
			if n.all { // instructions for the organisation, with its names in them
				f.Steps = []checks.Text{}
			}
			for k := range f.Steps {
				f.Steps[k] = n.withoutFiles(f.Steps[k])
			}
		}
		for j := range c.Symptoms {
			c.Symptoms[j].Text = n.symptom(c.ID, c.Symptoms[j].Text)
		}
		n.reasons(c.ID, c.Remarks)
		for j := range c.Chains {
			c.Chains[j].Subject = n.value(c.Chains[j].Subject, "subject")
			n.statements(c.ID, c.Chains[j].Statements)
		}
		n.table(c.ID, c.Table)
	}
	n.reasons("", r.Notices)
	for i := range r.Facts {
		r.Facts[i].Name = n.value(r.Facts[i].Name, "fact")
		n.failure(r.Facts[i].Failure)
	}
	if r.Baseline != nil {
		for _, list := range [][]checks.Ref{r.Baseline.Known, r.Baseline.New} {
			for i := range list {
				list[i].Subject = n.subject(list[i].Cause, list[i].Subject)
			}
		}
	}
	return r, nil
}

// subject is what stands for what an entry is about; its cause says what kind of name it is.
func (n *names) subject(cause, s string) string {
	hint := "subject"
	switch {
	case strings.HasPrefix(cause, "SPM-01"):
		hint = "policy"
	case strings.HasPrefix(cause, "TLS-01"):
		hint = "client"
	case strings.HasPrefix(cause, "LIC-01"), strings.HasPrefix(cause, "ACC-01"), strings.HasPrefix(cause, "BND-01"):
		hint = "account"
	}
	return n.value(s, hint)
}

// reason gives a reason other arguments, and the words that follow from them.
func (n *names) reason(check string, r *checks.Reason) {
	changed := n.all
	for _, name := range slices.Sorted(maps.Keys(r.Args)) {
		was := r.Args[name]
		switch {
		case name == "reason" && strings.HasPrefix(r.Code, "waiver_"), n.all && freeText[name]:
			r.Args[name] = ""
		case counted[name] && digits(was):
		default:
			r.Args[name] = n.value(was, name)
		}
		changed = changed || r.Args[name] != was
	}
	if changed {
		r.Text = checks.Sentence(check, *r)
	}
	if n.all && r.Text == (checks.Text{EN: r.Code, JA: r.Code}) { // no code of casdoctor
		r.Code = n.value(r.Code, "code")
		r.Text = checks.Text{EN: r.Code, JA: r.Code}
	}
}

func (n *names) reasons(check string, list []checks.Reason) {
	for i := range list {
		n.reason(check, &list[i])
	}
}

// table is a table with pseudonyms: its rows are the subjects, and their cells can name them.
func (n *names) table(check string, t *checks.Table) {
	if t == nil {
		return
	}
	reason := func(r *checks.Reason) {
		if r.Code != "" {
			n.reason(check, r)
		}
	}
	reason(&t.About)
	n.reasons(check, t.Columns)
	for i := range t.Rows {
		row := &t.Rows[i]
		row.Subject = n.value(row.Subject, "subject")
		reason(&row.About)
		for j := range row.Cells {
			reason(&row.Cells[j].About)
		}
	}
}

func (n *names) statements(check string, list []checks.Statement) {
	for i := range list {
		s := &list[i]
		n.reason(check, &s.About)
		n.reasons(check, s.Reasons)
		for j := range s.Seen {
			s.Seen[j].Call = n.call(s.Seen[j].Call)
		}
		n.statements(check, s.Because)
	}
}

// call is a call without the names in its path.
func (n *names) call(s string) string {
	if !n.all {
		return s
	}
	method, path, _ := strings.Cut(s, " ")
	if method != "GET" && method != "POST" {
		method = "GET"
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if plain, err := url.PathUnescape(p); err == nil && !pathWords()[p] {
			parts[i] = n.value(plain, "id")
		}
	}
	return method + " " + strings.Join(parts, "/")
}

// failure leaves of a failure what is a word of the service.
func (n *names) failure(f *facts.Failure) {
	if f == nil || !n.all {
		return
	}
	f.Detail = ""
	if !slices.Contains(facts.Kinds(), f.Kind) {
		f.Kind = facts.Internal
	}
	if f.Code = n.value(f.Code, "code"); !stay(f.Code) {
		f.Code = ""
	}
	if !stay(f.Permission) {
		f.Permission = ""
	}
}

// symptom leaves a message that was seen when it is one of the vendor's.
func (n *names) symptom(check, s string) string {
	if !n.all {
		return s
	}
	for _, c := range checks.All() {
		if c.ID == check && len(s) > 20 && (strings.Contains(c.Symptom.EN, s) || strings.Contains(c.Symptom.JA, s)) {
			return s
		}
	}
	return ""
}

func (n *names) withoutFiles(t checks.Text) checks.Text {
	for _, f := range slices.SortedFunc(maps.Keys(n.files), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) // a name can be part of a longer one
	}) {
		p := n.value(f, "file")
		t = checks.Text{EN: strings.ReplaceAll(t.EN, f, p), JA: strings.ReplaceAll(t.JA, f, p)}
	}
	return t
}

// evidence is evidence with pseudonyms.
func (n *names) evidence(ev *facts.Evidence) (*facts.Evidence, error) {
	out := &facts.Evidence{Schema: ev.Schema, Taken: ev.Taken, Tenant: n.value(ev.Tenant, "tenant"), Facts: map[string]facts.Fact{}}
	for _, name := range slices.Sorted(maps.Keys(ev.Facts)) {
		f, err := copyOf(ev.Facts[name])
		if err != nil {
			return nil, err
		}
		n.failure(f.Failure)
		if len(f.Value) > 0 {
			d := json.NewDecoder(bytes.NewReader(f.Value))
			d.UseNumber() // identifiers can be larger than a float is exact
			var v any
			if err := d.Decode(&v); err != nil {
				return nil, err
			}
			if f.Value, err = json.Marshal(n.walk(v, "")); err != nil {
				return nil, err
			}
		}
		out.Facts[name] = f
	}
	return out, nil
}

// walk replaces the strings of a value; member is the name of the one that they stand in.
func (n *names) walk(v any, member string) any {
	switch at := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(at)) {
			if n.all && freeText[k] {
				delete(at, k)
				continue
			}
			at[k] = n.walk(at[k], k)
		}
	case []any:
		for i := range at {
			at[i] = n.walk(at[i], member)
		}
	case string:
		if member == "call" {
			return n.call(at)
		}
		return n.value(at, member)
	}
	return v
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
