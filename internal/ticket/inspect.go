package ticket

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/casdoctor/casdoctor/internal/report"
)

// The bounds of what is read. Evidence is at most 64 MB, and a report of a thousand entries three.
const (
	MaxBundle = 64 << 20
	maxMember = 96 << 20
)

// Inspection is what leaves the house with a bundle.
type Inspection struct {
	Manifest Manifest
	Members  []Inspected // with the manifest itself, in their order in the zip
}

// Inspected is one member, and the names that stand in it.
type Inspected struct {
	Member
	Found Found
}

// Found are the names and addresses in a text: those that can be told by their shape. Public hosts
// of the vendor, Microsoft and Google are not among them.
type Found struct {
	Addresses []string // of mail
	Domains   []string // and hosts
	IPs       []string
	IDs       []string // GUIDs: of tenants, accounts and applications
	Others    []string // what findings are about otherwise, from the report: accounts, policies, clients
}

// Inspect looks into a bundle. It refuses what casdoctor did not make, and what has been changed since.
func Inspect(raw []byte) (Inspection, error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return Inspection{}, fmt.Errorf("this is no whole zip: %w", err)
	}
	known := []string{manifestName, ticketEN, ticketJA, reportName, evidenceName}
	contents := map[string][]byte{}
	var order []string
	for _, f := range z.File {
		switch _, twice := contents[f.Name]; {
		case twice:
			return Inspection{}, fmt.Errorf("%s is in it twice", plain(f.Name))
		case !slices.Contains(known, f.Name): // also everything with a path
			return Inspection{}, fmt.Errorf("%q is no member of a bundle of casdoctor", plain(f.Name))
		case f.UncompressedSize64 > maxMember:
			return Inspection{}, fmt.Errorf("%s is larger than any member of a bundle of casdoctor", f.Name)
		}
		if contents[f.Name], err = unpacked(f); err != nil {
			return Inspection{}, fmt.Errorf("%s: %w", f.Name, err)
		}
		order = append(order, f.Name)
	}
	m, err := manifestOf(contents[manifestName])
	if err != nil {
		return Inspection{}, err
	}
	if err := m.matches(contents); err != nil {
		return Inspection{}, err
	}
	out := Inspection{Manifest: m}
	for _, name := range order {
		member := Member{Name: name, Size: int64(len(contents[name])), SHA256: sumOf(contents[name]), About: aboutManifest}
		if i := slices.IndexFunc(m.Members, func(m Member) bool { return m.Name == name }); i >= 0 {
			member.About = aboutMember[name]
		}
		out.Members = append(out.Members, Inspected{Member: member, Found: find(name, contents[name])})
	}
	return out, nil
}

// unpacked reads a member, whatever its header says of its size.
func unpacked(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	raw, err := io.ReadAll(io.LimitReader(r, maxMember+1))
	if err == nil && len(raw) > maxMember {
		err = errors.New("larger than any member of a bundle of casdoctor")
	}
	return raw, err
}

func manifestOf(raw []byte) (m Manifest, err error) {
	if raw == nil {
		return m, fmt.Errorf("it has no %s: casdoctor did not make it", manifestName)
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, fmt.Errorf("%s cannot be read: %w", manifestName, err)
	}
	if m.Schema != SchemaID {
		return m, fmt.Errorf("its schema is %q, and this casdoctor reads %q", plain(m.Schema), SchemaID)
	}
	return m, nil
}

// matches: the members are those of the manifest, byte for byte.
func (m Manifest) matches(contents map[string][]byte) error {
	if len(m.Members) != len(contents)-1 {
		return errors.New("it does not hold what its manifest says: make it anew")
	}
	for _, member := range m.Members {
		raw, ok := contents[member.Name]
		if !ok || member.Name == manifestName || member.SHA256 != sumOf(raw) || member.Size != int64(len(raw)) {
			return fmt.Errorf("%s is not what the manifest says: it was changed, make the bundle anew", plain(member.Name))
		}
	}
	return nil
}

func sumOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

var (
	anyAddress = pattern(`[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+`)
	anyGUID    = pattern(`(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)
	anyIP      = pattern(`(?i)[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}|\b\d{1,3}(\.\d{1,3}){3}\b`)
	anyWord    = pattern(`[A-Za-z0-9_.-]+`)
)

// find tells the names in a member by their shape: in the strings of a JSON document, or in a text.
func find(name string, raw []byte) Found {
	var text strings.Builder
	var doc any
	if strings.HasSuffix(name, ".json") && json.Unmarshal(raw, &doc) == nil {
		var walk func(any)
		walk = func(v any) {
			switch at := v.(type) {
			case map[string]any:
				for _, member := range at {
					walk(member)
				}
			case []any:
				for _, member := range at {
					walk(member)
				}
			case string:
				text.WriteString(at + "\n")
			}
		}
		walk(doc)
	} else {
		text.Write(raw)
	}
	// An address in the path of a call, and those in an SPF policy.
	f := findIn(strings.NewReplacer("%40", "@", "ip4:", " ", "ip6:", " ").Replace(text.String()))
	if name == reportName {
		f.Others = subjects(raw)
	}
	return f
}

func findIn(text string) Found {
	sets := [4]map[string]bool{{}, {}, {}, {}}
	for _, s := range anyAddress().FindAllString(text, -1) {
		sets[0][strings.ToLower(s)] = true
	}
	for _, s := range anyWord().FindAllString(text, -1) {
		if s = strings.ToLower(strings.Trim(s, ".-")); isHost(s) {
			sets[1][s] = true
		}
	}
	for _, s := range anyIP().FindAllString(text, -1) {
		if a, err := netip.ParseAddr(s); err == nil && !a.IsUnspecified() && !a.IsLoopback() {
			sets[2][a.String()] = true
		}
	}
	for _, s := range anyGUID().FindAllString(text, -1) {
		if s = strings.ToLower(s); !vocabulary()[s] {
			sets[3][s] = true
		}
	}
	list := func(i int) []string { return slices.Sorted(maps.Keys(sets[i])) }
	return Found{Addresses: list(0), Domains: list(1), IPs: list(2), IDs: list(3)}
}

// subjects are the names in a report that have no shape.
func subjects(raw []byte) []string {
	var r report.Report
	if json.Unmarshal(raw, &r) != nil {
		return nil
	}
	out := map[string]bool{r.Tenant: true}
	for _, c := range r.Checks {
		for _, e := range c.Causes {
			out[e.Subject] = true
			for _, reason := range e.Reasons {
				for name, v := range reason.Args {
					if _, ok := kinds[name]; ok {
						out[v] = true
					}
				}
			}
		}
	}
	maps.DeleteFunc(out, func(s string, _ bool) bool {
		f := findIn(s)
		return s == "" || stay(s) || len(f.Addresses)+len(f.Domains)+len(f.IPs)+len(f.IDs) > 0
	})
	return slices.Sorted(maps.Keys(out))
}

// isHost tells a host from the other words with dots: members of the configuration, facts, files
// and permissions.
func isHost(s string) bool {
	if !hostName().MatchString(s) || vocabulary()[s] || publicHosts()[s] {
		return false
	}
	for _, section := range []string{"admin.directory.", "microsoft365.", "licensing."} {
		if strings.HasPrefix(s, section) {
			return false
		}
	}
	suffix, icann := publicsuffix.PublicSuffix(s)
	domain, err := publicsuffix.EffectiveTLDPlusOne(s)
	if err == nil && publicDomains()[domain] && (publicDomains()[s] || !slices.Contains(hosting, domain)) {
		return false
	}
	// Names that are reserved, and those that networks use for themselves.
	own := []string{"test", "example", "local", "internal", "lan", "corp", "home", "intra"}
	return err == nil && (icann || strings.Contains(suffix, ".") || slices.Contains(own, suffix))
}

// hosting are the public domains with hosts that belong to somebody.
var hosting = []string{"outlook.com", "sharepoint.com", "gserviceaccount.com"}

// shown is how many names of a kind are listed for a member; -v lists all of them.
const shown = 8

// WriteInspection writes an inspection for people.
func WriteInspection(to io.Writer, i Inspection, lang string, all bool) {
	w := &writer{lang: lang}
	tenant, at := plain(i.Manifest.Tenant), report.Minute(i.Manifest.Taken)
	if i.Manifest.Pseudonyms {
		w.say("The bundle of %s, looked at on %s. Names are replaced by pseudonyms.", "%s の添付ファイル (確認日時 %s)。名前は仮名に置き換えられています。", tenant, at)
	} else {
		w.say("The bundle of %s, looked at on %s. Names are as they are; --pseudonyms replaces them.", "%s の添付ファイル (確認日時 %s)。名前はそのまま含まれます。--pseudonyms で置き換えられます。", tenant, at)
	}
	for _, m := range i.Members {
		w.say("\n%s  %d bytes  sha256 %s", "\n%s  %d バイト  sha256 %s", m.Name, m.Size, m.SHA256)
		w.say("  %s", "  %s", w.in(m.About))
		for _, of := range []struct {
			en, ja string
			list   []string
		}{
			{"mail addresses", "メール アドレス", m.Found.Addresses},
			{"domains and hosts", "ドメインとホスト", m.Found.Domains},
			{"IP addresses", "IP アドレス", m.Found.IPs},
			{"ids", "ID", m.Found.IDs},
			{"other names", "その他の名前", m.Found.Others},
		} {
			if len(of.list) == 0 {
				continue
			}
			list, more := of.list, ""
			if !all && len(list) > shown {
				more = fmt.Sprintf(", … (+%d, -v)", len(list)-shown)
				list = list[:shown]
			}
			w.say("  %[2]s (%[3]d): %[4]s", "  %[1]s (%[3]d): %[4]s", of.ja, of.en, len(of.list), plain(strings.Join(list, ", "))+more)
		}
	}
	if len(i.Manifest.LeftOut) > 0 {
		w.say("\nLeft out:", "\n含めなかった情報:")
		for _, l := range i.Manifest.LeftOut {
			fact := l.Fact
			if fact == "" {
				fact = "-"
			}
			w.say("  %s: %s", "  %s: %s", plain(fact), w.in(l.Why))
		}
	}
	w.say("\nNames of people, policies and companies, and what was typed as a symptom, cannot be told by their shape: read the ticket and the report before you send them.",
		"\n人名、ポリシー名、会社名、および症状として入力された文は、形からは検出できません。送信する前にチケットとレポートを確認してください。")
	_, _ = io.WriteString(to, w.String())
}
