package checks

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// Who is affected. The sign-in log of Microsoft 365 shows which browsers people use, not which of
// them open the console: what it says is a remark beside the causes, and convicts nobody.

// peopleNotes are the clients of the sign-in log that the console refuses, or may refuse, with
// the number of people who use them. Without a sign-in log in the evidence there is nothing to say.
func peopleNotes(x *Exam, con facts.Seen[facts.Console]) []Reason {
	log := Read(x, facts.M365SignInClients)
	if log.Value == nil {
		if f := log.Why(); f.Kind != facts.NotCollected {
			return []Reason{failed("sign_in_log", f), because("people_not_counted")}
		}
		return nil
	}
	clients := log.Value.Clients
	if clients.Value == nil {
		return []Reason{failed("sign_in_log", orMalformed(clients.Why())), because("people_not_counted")}
	}
	days := strconv.Itoa(max(1, int(log.Value.To.Sub(log.Value.From).Hours()+12)/24))

	var out []Reason
	for _, p := range byClient(*clients.Value) {
		code, why := fate(p.client, con)
		if code == "" {
			continue
		}
		if p.people == 1 {
			code = "one_person_" + code
		} else {
			code = "people_" + code
		}
		out = append(out, because(code, "people", strconv.Itoa(p.people), "client", p.client.Name, "days", days, "why", why))
	}
	if len(out) == 0 && len(*clients.Value) > 0 {
		out = append(out, because("people_all_fine", "days", days))
	}
	if clients.Failure != nil {
		out = append(out, because("people_partly", "detail", clients.Failure.Detail))
	}
	return out
}

// used is a row of the table and how many people signed in with it.
type used struct {
	client tlsclient.Client
	people int
}

// byClient maps what the log says to rows, most people first. What has no row is left out: nothing
// is known of it. Somebody who used two versions of a row that the log keeps apart is counted for each.
func byClient(list []facts.SignInClient) []used {
	found := map[string]used{}
	for _, s := range list {
		c, ok := tlsclient.FindSignIn(s.Browser, s.System)
		if !ok {
			continue
		}
		u := found[c.Name]
		found[c.Name] = used{c, u.people + s.People}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b used) int {
		return cmp.Or(cmp.Compare(b.people, a.people), cmp.Compare(a.client.Name, b.client.Name))
	})
}

// fate is what a client meets at the console: refused, open (it hangs on something that was not
// looked at), or "" when it connects.
func fate(c tlsclient.Client, con facts.Seen[facts.Console]) (code, why string) {
	if con.Value == nil || proven(*con.Value).Verdict != Confirmed || accepted(*con.Value) == "" {
		if c.Family == tlsclient.IE { // the document names it; of the others nothing is known
			return "open", ""
		}
		return "", ""
	}
	switch r := certainly(c, *con.Value); {
	case r.Verdict == tlsclient.Connects:
		return "", ""
	case r.Verdict == tlsclient.Refused && seenAtFirstHand(*con.Value):
		return "refused", "refused_by_" + string(r.Reason)
	default:
		return "open", ""
	}
}

// peopleWords are the sentences of the remarks, and their terms.
var peopleWords = map[string]Text{
	"sign_in_log":            {"The sign-in log of Microsoft 365", "Microsoft 365 のサインイン ログ"},
	"refused_by_version":     {"no TLS version in common", "共通の TLS のバージョンがない"},
	"refused_by_suites":      {"no cipher suite in common", "共通の暗号化スイートがない"},
	"refused_by_groups":      {"no elliptic curve in common", "共通の楕円曲線がない"},
	"refused_by_name":        {"it does not name the host (SNI)", "ホスト名 (SNI) を送らない"},
	"refused_by_certificate": {"it cannot verify the certificate", "証明書を検証できない"},

	"people_refused": {
		"{people} people still sign in to Microsoft 365 with {client} (last {days} days), which the console refuses: {why!}. Whoever of them opens the console needs another browser.",
		"直近 {days} 日間に {people} 人が {client} で Microsoft 365 にサインインしていますが、管理コンソールはこれを受け付けません: {why!}。管理コンソールを使う人には別のブラウザが必要です。",
	},
	"one_person_refused": {
		"One person still signs in to Microsoft 365 with {client} (last {days} days), which the console refuses: {why!}. To open the console, another browser is needed.",
		"直近 {days} 日間に 1 人が {client} で Microsoft 365 にサインインしていますが、管理コンソールはこれを受け付けません: {why!}。管理コンソールを使うには別のブラウザが必要です。",
	},
	"people_open": {
		"{people} people still sign in to Microsoft 365 with {client} (last {days} days). Whether the console accepts it is not known: add it to cas.clients and run again.",
		"直近 {days} 日間に {people} 人が {client} で Microsoft 365 にサインインしています。管理コンソールが受け付けるかどうかは未確認です。cas.clients に追加して再実行してください。",
	},
	"one_person_open": {
		"One person still signs in to Microsoft 365 with {client} (last {days} days). Whether the console accepts it is not known: add it to cas.clients and run again.",
		"直近 {days} 日間に 1 人が {client} で Microsoft 365 にサインインしています。管理コンソールが受け付けるかどうかは未確認です。cas.clients に追加して再実行してください。",
	},
	"people_all_fine": {
		"No browser in the sign-in log of Microsoft 365 (last {days} days) is known to be refused by the console.",
		"Microsoft 365 のサインイン ログ (直近 {days} 日間) に、管理コンソールが受け付けないと分かっているブラウザはありません。",
	},
	"people_partly": {
		"The sign-in log was not read to its end, so there may be more of them: {detail}.",
		"サインイン ログを最後まで読み取っていないため、他にもいる可能性があります: {detail}。",
	},
	"people_not_counted": {
		"Without it nobody can be counted who still uses a browser that the console refuses. The causes below do not need it.",
		"これがないと、管理コンソールが受け付けないブラウザの利用者を数えられません。以下の原因の判定には不要です。",
	},
}
