package checks

import (
	"slices"

	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// versionColumns are the versions of the table. SSL 3.0 has no column: no client of today offers it.
var versionColumns = []string{"1.0", "1.1", "1.2", "1.3"}

// tabulateClients sets the console, this machine and the declared clients beside the versions of
// TLS, and says of each client whether it connects.
func tabulateClients(x *Exam) *Table {
	con := consoleOf(x)
	if con.Value == nil {
		return nil
	}
	t, spoken := &Table{About: because("table_clients")}, spokenBy(*con.Value)
	for _, v := range versionColumns {
		t.Columns = append(t.Columns, because("column_version", "version", v))
	}
	t.Columns = append(t.Columns, because("column_connects"))
	t.Rows = append(t.Rows, consoleRow(*con.Value, spoken), ownRow(con, spoken))
	cas := Read(x, facts.DeclaredCAS)
	if cas.Value == nil || cas.Value.Clients == nil {
		return t
	}
	for i, name := range *cas.Value.Clients {
		if !slices.Contains((*cas.Value.Clients)[:i], name) {
			t.Rows = append(t.Rows, clientRow(name, con, spoken))
		}
	}
	return t
}

// consoleRow is what the console answers at each version.
func consoleRow(con facts.Console, spoken map[string]Verdict) Row {
	r := Row{Subject: con.Host, About: because("row_console")}
	for _, v := range versionColumns {
		r.Cells = append(r.Cells, spokenCell(v, spoken[v]))
	}
	if proven(con).Verdict != Confirmed {
		return Row{r.Subject, r.About, append(r.Cells, cell(StateUnknown, "cell_not_proven"))}
	}
	return Row{r.Subject, r.About, append(r.Cells, cell(StateFine, "cell_proven"))}
}

func spokenCell(version string, spoken Verdict) Cell {
	switch old := tlsVersions[version] < tlsclient.TLS12; spoken {
	case Confirmed:
		if old {
			return cell(StatePerhaps, "cell_still_accepted")
		}
		return cell(StateFine, "cell_accepted")
	case Refuted:
		return cell(StateNone, "cell_refused")
	default:
		return cell(StateUnknown, "cell_no_answer")
	}
}

// spokenBy says of each version whether the console accepted it, or refused it in so many words, as
// serverOf judges it for the causes. Silence, a reset, an alert that may mean the suites, and answers
// that contradict each other leave it unknown.
func spokenBy(con facts.Console) map[string]Verdict {
	s, spoken := serverOf(con, false), map[string]Verdict{}
	for _, version := range versionColumns {
		v := tlsVersions[version]
		accepts, refuses := slices.Contains(s.Accepted, v), slices.Contains(s.Refused, v)
		switch {
		case accepts && !refuses && answeredAt(con, version):
			spoken[version] = Confirmed
		case refuses && !accepts:
			spoken[version] = Refuted
		}
	}
	return spoken
}

// answeredAt: the console answered an offer at this version, and did not only refuse its suites.
func answeredAt(con facts.Console, version string) bool {
	return slices.ContainsFunc(con.Handshakes, func(h facts.Handshake) bool { return h.Version == version && h.Outcome == facts.OutcomeOK }) ||
		slices.ContainsFunc(con.Hellos, func(h facts.Hello) bool { return h.Version == version && oldAnswered(h) })
}

// ownRow is this machine: it offers every version, so that its cells are those of the handshakes.
func ownRow(con facts.Seen[facts.Console], spoken map[string]Verdict) Row {
	r := Row{Subject: thisMachine, About: because("row_machine")}
	for _, v := range versionColumns {
		one := spokenCell(v, spoken[v])
		if one.State == StateFine || one.State == StatePerhaps {
			one = cell(StateFine, "cell_common")
		}
		r.Cells = append(r.Cells, one)
	}
	r.Cells = append(r.Cells, connectsCell(ownObstacles(con)))
	return r
}

func clientRow(name string, con facts.Seen[facts.Console], spoken map[string]Verdict) Row {
	r := Row{Subject: name}
	o := clientObstacles(name, con)
	c, known := tlsclient.Find(name)
	if known && c.Name != name { // a User-Agent string
		r.About = because("row_client", "client", c.Name)
	}
	for _, v := range versionColumns {
		if !known {
			r.Cells = append(r.Cells, cell(StateUnknown, "cell_offer_unknown"))
			continue
		}
		r.Cells = append(r.Cells, offerCell(c, *con.Value, v, spoken[v], o.suites))
	}
	r.Cells = append(r.Cells, connectsCell(o))
	return r
}

// offerCell is one version between a client and the console.
func offerCell(c tlsclient.Client, con facts.Console, version string, spoken Verdict, suites Claim) Cell {
	v := tlsVersions[version]
	switch {
	case slices.Contains(c.Perhaps.Versions, v) && spoken == Refuted:
		return cell(StateNone, "cell_refused")
	case slices.Contains(c.Perhaps.Versions, v):
		return cell(StateUnknown, "cell_offers_perhaps")
	case slices.Contains(c.OffByDefault, v):
		return cell(StateNone, "cell_off_by_default")
	case !slices.Contains(c.Versions, v):
		return cell(StateNone, "cell_not_offered")
	case spoken == Refuted:
		return cell(StateNone, "cell_offer_refused")
	case spoken == Unknown:
		return cell(StateUnknown, "cell_no_answer")
	}
	// The suites count at the highest version that both speak (RFC 5246 appendix E.1).
	if yes, _ := highest(c, con); yes != v {
		return cell(StateFine, "cell_common")
	}
	s := stateOfTrouble(suites.Verdict)
	if s == StateFine {
		return cell(s, "cell_common")
	}
	return cell(s, "cell_suites_"+string(s))
}

// connectsCell is what both obstacles together make of a client.
func connectsCell(o obstacles) Cell { return claimCell(anyOf(o.version, o.suites), "connects") }

// tlsTableWords are the words of the table.
var tlsTableWords = map[string]Text{
	"table_clients": {
		"Which client reaches the console, and at which version of TLS",
		"各クライアントの接続可否と TLS のバージョン",
	},
	"column_version":  {"TLS {version}", "TLS {version}"},
	"column_connects": {"Connects", "接続"},
	"row_console":     {"the console", "管理コンソール"},
	"row_machine":     {"where casdoctor ran", "casdoctor の実行環境"},
	"row_client":      {"taken as {client}", "{client} として判定"},

	"cell_accepted":         {"accepted", "受付"},
	"cell_still_accepted":   {"still accepted", "まだ受付"},
	"cell_refused":          {"refused", "拒否"},
	"cell_no_answer":        {"no clear answer", "明確な応答なし"},
	"cell_proven":           {"proven by its certificate", "証明書で確認済み"},
	"cell_not_proven":       {"not proven to be the console", "管理コンソールと確認できず"},
	"cell_common":           {"both speak it", "双方が対応"},
	"cell_offers_perhaps":   {"some releases offer it", "一部の版のみ対応"},
	"cell_off_by_default":   {"off by default", "既定で無効"},
	"cell_not_offered":      {"not offered", "非対応"},
	"cell_offer_refused":    {"offered, refused", "管理コンソールが拒否"},
	"cell_offer_unknown":    {"client not known", "未知のクライアント"},
	"cell_suites_trouble":   {"no suite in common", "共通の暗号化スイートなし"},
	"cell_suites_perhaps":   {"likely no suite in common", "共通のスイートなしの可能性"},
	"cell_suites_unknown":   {"suites not decided", "スイート未判定"},
	"cell_connects_fine":    {"yes", "可"},
	"cell_connects_trouble": {"no", "不可"},
	"cell_connects_perhaps": {"likely not", "不可の可能性"},
	"cell_connects_unknown": {"not known", "不明"},
}
