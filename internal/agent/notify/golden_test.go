package notify

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/report"
)

var update = flag.Bool("update", false, "write testdata/messages anew; then read all of it")

// life is an agent with one channel, and what that channel was told.
type life struct {
	channel alert.Channel
	policy  alert.Policy
	memory  map[string]alert.Memory
	at      time.Time
	told    []alert.Message
}

func (l *life) tell(tenant string, m alert.Memory, events []alert.Event) {
	l.memory[tenant] = m
	l.told = append(l.told, alert.Plan(events, []alert.Channel{l.channel}, l.policy, 4711, l.at)...)
	l.at = l.at.Add(time.Hour)
}

func (l *life) run(tenant string, fill func(*report.Report) []alert.Expiry) {
	r := report.Report{Tenant: tenant, Now: l.at}
	expiries := fill(&r)
	m, events := alert.Changes(l.memory[tenant], r, expiries, l.policy)
	l.tell(tenant, m, events)
}

func (l *life) fail(tenant string, why alert.Failure) {
	m, events := alert.Failed(l.memory[tenant], tenant, l.at, why, l.policy)
	l.tell(tenant, m, events)
}

// mfa is a report with MFA-01, its cause C1 as it is judged, for an account.
func mfa(v checks.Verdict, subject string) func(*report.Report) []alert.Expiry {
	return func(r *report.Report) []alert.Expiry {
		e := checks.Entry{
			ID: "MFA-01.C1", Subject: subject, Verdict: v.String(),
			Text: checks.Text{EN: "Per-user MFA is on for the account.", JA: "アカウントのユーザーごとの MFA が有効です。"},
			Reasons: []checks.Reason{{Code: "forbidden", Text: checks.Text{
				EN: "Microsoft Graph refuses to show it: grant Policy.Read.All.", JA: "Microsoft Graph が参照を拒否しています。Policy.Read.All を付与してください。",
			}}},
		}
		res := checks.Result{ID: "MFA-01", Status: checks.StatusPass, Causes: []checks.Entry{e}}
		res.Fixes = []checks.FixResult{{
			ID: "MFA-01.F2", Text: checks.Text{EN: "Provision with an authorized account.", JA: "認証アカウントでプロビジョニングする。"},
			For: []checks.FixFor{{Ref: e.Ref(), Recommended: true}},
		}}
		r.Checks = []checks.Result{res}
		return nil
	}
}

func ending(e alert.Expiry) func(*report.Report) []alert.Expiry {
	return func(*report.Report) []alert.Expiry { return []alert.Expiry{e} }
}

const account = "admin@contoso.com"

func lastDay(what alert.What, subject, check, cause, last string) alert.Expiry {
	d, err := time.Parse(time.DateOnly, last)
	if err != nil {
		panic(err)
	}
	return alert.Expiry{What: what, Subject: subject, Check: check, Cause: cause, Ends: d.AddDate(0, 0, 1), Last: last}
}

// Each case is a life whose last messages are shown.
var cases = map[string]func(*life){
	"trouble": func(l *life) { l.run("contoso", mfa(checks.Confirmed, account)) },
	"worse": func(l *life) {
		l.run("contoso", mfa(checks.Supported, account))
		l.run("contoso", mfa(checks.Confirmed, account))
	},
	"better": func(l *life) {
		l.run("contoso", mfa(checks.Confirmed, account))
		l.run("contoso", mfa(checks.Supported, account))
	},
	"recovered": func(l *life) {
		l.run("contoso", mfa(checks.Confirmed, account))
		l.run("contoso", mfa(checks.Refuted, account))
	},
	"accepted": func(l *life) {
		l.run("contoso", mfa(checks.Confirmed, account))
		l.run("contoso", func(r *report.Report) []alert.Expiry {
			mfa(checks.Confirmed, account)(r)
			r.Checks[0].Causes[0].Waived = &checks.Waived{Reason: "ticket 4711", Until: "2026-12-31"}
			return nil
		})
	},
	"no_fix": func(l *life) {
		l.run("contoso", func(r *report.Report) []alert.Expiry {
			mfa(checks.Confirmed, account)(r)
			r.Checks[0].Fixes = nil
			return nil
		})
	},
	"blind": func(l *life) { l.run("contoso", mfa(checks.Unknown, "")) },
	"sees_again": func(l *life) {
		l.run("contoso", mfa(checks.Unknown, ""))
		l.run("contoso", mfa(checks.Refuted, ""))
	},
	"domain_missing": func(l *life) {
		l.run("contoso", func(r *report.Report) []alert.Expiry {
			e := checks.Entry{ID: "GDM-01.C2", Subject: "sub.contoso.com", Verdict: checks.Confirmed.String()}
			r.Checks = []checks.Result{{ID: "GDM-01", Causes: []checks.Entry{e}, Fixes: []checks.FixResult{{
				ID: "GDM-01.F2", Text: checks.Text{EN: "Add the domain to the internal domains.", JA: "ドメインを内部ドメインに追加する。"},
				For: []checks.FixFor{{Ref: e.Ref(), Recommended: true}},
			}}}}
			return nil
		})
	},
	"run_failed_timeout":       func(l *life) { l.fail("contoso", alert.TookTooLong) },
	"run_failed_configuration": func(l *life) { l.fail("contoso", alert.Misconfigured) },
	"run_failed_internal":      func(l *life) { l.fail("contoso", alert.Crashed) },
	"runs_again": func(l *life) {
		l.fail("contoso", alert.Crashed)
		l.run("contoso", mfa(checks.Refuted, account))
	},
	"waiver_ends": func(l *life) {
		l.run("contoso", func(r *report.Report) []alert.Expiry {
			mfa(checks.Confirmed, account)(r)
			r.Checks[0].Causes[0].Waived = &checks.Waived{Until: "2026-11-26"}
			return []alert.Expiry{lastDay(alert.Waiver, account, "MFA-01", "MFA-01.C1", "2026-11-26")}
		})
	},
	"waiver_ended": func(l *life) {
		l.run("contoso", func(r *report.Report) []alert.Expiry {
			r.Notices = []checks.Reason{{
				Code: "waiver_ended", Args: map[string]string{"cause": "MFA-01.C1", "subject": account, "until": "2026-11-20"},
				Text: checks.Text{EN: "The waiver of MFA-01.C1 for admin@contoso.com ended on 2026-11-20.", JA: "MFA-01.C1 (admin@contoso.com) の免除は 2026-11-20 に終了しました。"},
			}}
			return nil
		})
	},
	"expires_licence": func(l *life) {
		l.run("contoso", ending(lastDay(alert.Licence, "CLP-4711", "LIC-01", "", "2026-11-30")))
	},
	"expires_token": func(l *life) {
		l.run("contoso", ending(lastDay(alert.APIToken, "api.tmcas.trendmicro.co.jp", "", "", "2026-11-30")))
	},
	"expired_token": func(l *life) {
		l.run("contoso", ending(lastDay(alert.APIToken, "api.tmcas.trendmicro.co.jp", "", "", "2026-11-20")))
	},
	"expires_certificate": func(l *life) {
		l.run("contoso", ending(lastDay(alert.Certificate, "admin.tmcas.trendmicro.co.jp", "TLS-01", "", "2026-11-30")))
	},
	"expires_client_secret": func(l *life) {
		l.run("contoso", ending(lastDay(alert.ClientSecret, "84841066-274d-4ec0-a5c1-276be684bdd3", "", "", "2026-11-30")))
	},
	"expires_client_certificate": func(l *life) {
		l.run("contoso", ending(lastDay(alert.ClientCertificate, "84841066-274d-4ec0-a5c1-276be684bdd3", "", "", "2026-11-30")))
	},
	"renewed": func(l *life) {
		l.run("contoso", ending(lastDay(alert.Licence, "CLP-4711", "LIC-01", "", "2026-11-30")))
		l.run("contoso", ending(lastDay(alert.Licence, "CLP-4711", "LIC-01", "", "2027-11-30")))
	},
	"retirement": func(l *life) {
		l.at = time.Date(2027, 3, 25, 6, 0, 0, 0, time.UTC)
		l.run("contoso", func(r *report.Report) []alert.Expiry {
			r.Retirements = []checks.Retirement{{ID: "exchange_ews", On: "2027-04-01", Text: checks.Text{
				EN: "Exchange Web Services, for good. Ask Trend Micro what the Exchange Online connection uses then.",
				JA: "Exchange Web Services の完全な廃止。Exchange Online の接続が代わりに使う方式をトレンドマイクロに確認してください。",
			}}}
			return nil
		})
	},
	"hostile": func(l *life) {
		l.run("<b>contoso</b>\r\nBcc: all@example.com", mfa(checks.Confirmed, evil+" @everyone <img src=x onerror=alert(1)> \u202e\x1b[31m"))
	},
	"digest": func(l *life) {
		l.run("contoso", mfa(checks.Confirmed, account))
		l.run("fabrikam", mfa(checks.Unknown, ""))
		l.digest(
			alert.Standing{Tenant: "contoso", Verdict: checks.NotReady, Report: &now},
			alert.Standing{Tenant: "fabrikam", Verdict: checks.Undetermined, Report: &now, Failed: true},
			alert.Standing{Tenant: "northwind", Verdict: checks.Ready, Report: &now},
			alert.Standing{Tenant: "adatum", Verdict: checks.Ready, Report: &now},
			alert.Standing{Tenant: "tailspin"},
		)
	},
	"digest_all_quiet": func(l *life) {
		l.digest(alert.Standing{Tenant: "contoso", Verdict: checks.Ready, Report: &now}, alert.Standing{Tenant: "northwind", Verdict: checks.Ready, Report: &now})
	},
	"after_the_quiet_hours": func(l *life) {
		l.run("contoso", mfa(checks.Confirmed, account))
		l.run("contoso", mfa(checks.Refuted, account))
		l.run("fabrikam", mfa(checks.Confirmed, "admin@fabrikam.com"))
		l.told = alert.Join(l.told, nil, l.channel, l.policy)
	},
	"test": func(l *life) { l.told = alert.Test(l.channel, l.policy, l.at) },
}

func (l *life) digest(standings ...alert.Standing) {
	for i, s := range standings {
		standings[i].Memory = l.memory[s.Tenant]
	}
	l.told = alert.Digest(standings, []alert.Channel{l.channel}, l.policy, l.at)
}

// kept is a transport that keeps what is posted.
type kept struct{ bodies [][]byte }

func (k *kept) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	k.bodies = append(k.bodies, body)
	return &http.Response{StatusCode: http.StatusAccepted, Body: http.NoBody, Request: r}, err
}

// shown is what a channel of each type is sent in a case, by the name of its file.
func shown(t *testing.T, one func(*life), lang string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, kind := range []string{"slack", "teams", "pagerduty", "webhook", "mail"} {
		k := &kept{}
		client := &http.Client{Transport: k}
		var to channel
		l := &life{
			channel: alert.Channel{Name: "ops", Lang: lang, Changes: true, Digest: true}, memory: map[string]alert.Memory{}, at: now,
			policy: alert.Policy{Damping: 1, RemindBefore: []time.Duration{30 * 24 * time.Hour}, Link: "https://casdoctor.example.com"},
		}
		switch kind {
		case "slack":
			to = slack{client, "https://slack.example"}
		case "teams":
			to = teams{client, "https://teams.example"}
		case "pagerduty":
			to = pagerDuty{client, "https://pagerduty.example", "KEY"}
			l.channel.Single, l.channel.Digest = true, false
		case "webhook":
			to = webhook{client, "https://hook.example", []byte("secret"), clock}
		case "mail":
			l.channel.To = []string{"it@example.com"}
		}
		one(l)
		if kind == "pagerduty" && len(l.told) == 0 {
			continue // no digest
		}
		m := l.told[len(l.told)-1]
		if kind == "mail" {
			msg, err := email{Email: config.Email{From: "casdoctor@example.com", To: l.channel.To}, clock: clock}.compose(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			var raw bytes.Buffer
			if _, err := msg.WriteTo(&raw); err != nil {
				t.Fatal(err)
			}
			text, page := parts(t, raw.String())
			subject := title(m)
			out["mail."+lang+".txt"] = "Subject: " + subject + "\n\n" + text + "\n"
			out["mail."+lang+".html"] = strings.ReplaceAll(page, "><", ">\n<") + "\n"
			continue
		}
		if err := to.send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		for _, body := range k.bodies {
			var v any
			if err := json.Unmarshal(body, &v); err != nil {
				t.Fatal(err)
			}
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", " ")
			if err := e.Encode(v); err != nil {
				t.Fatal(err)
			}
		}
		out[kind+"."+lang+".json"] = b.String()
	}
	return out
}

// TestMessages holds every kind of message for every type of channel, in both languages, to what
// somebody has read.
func TestMessages(t *testing.T) {
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			got := shown(t, one, "en")
			maps.Copy(got, shown(t, one, "ja"))
			file := filepath.Join("testdata", "messages", name+".txtar")
			if *update {
				var a txtar.Archive
				for _, n := range slices.Sorted(maps.Keys(got)) {
					a.Files = append(a.Files, txtar.File{Name: n, Data: []byte(got[n])})
				}
				if err := os.WriteFile(file, txtar.Format(&a), 0o644); err != nil { //nolint:gosec // a test's data
					t.Fatal(err)
				}
			}
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for _, f := range a.Files {
				want[f.Name] = string(f.Data)
			}
			if !maps.Equal(got, want) {
				for n := range got {
					if got[n] != want[n] {
						t.Errorf("%s is\n%s\nand was\n%s", n, got[n], want[n])
					}
				}
				t.Error("if that is what it is to be: go test ./internal/agent/notify -run TestMessages -update, and read it")
			}
		})
	}
}
