package checks

import (
	"slices"

	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// PredictClient says what a client of the table meets at a console that was looked at, whoever
// it is that answers: PredictionDoubts say whether that is the console. A refusal that rests only on
// dropped connections or on inferred suites is undecided.
func PredictClient(c tlsclient.Client, con facts.Console) tlsclient.Result {
	return certainly(c, con)
}

// RestsOnInferred says whether a prediction would be another one without the suites that were inferred,
// or if they had been tried.
func RestsOnInferred(c tlsclient.Client, con facts.Console) bool {
	if con.Suites.Value == nil {
		return false
	}
	without := slices.DeleteFunc(slices.Clone(*con.Suites.Value), func(s facts.SuiteSeen) bool { return s.Inferred })
	tried := slices.Clone(*con.Suites.Value)
	for i := range tried {
		tried[i].Inferred = false
	}
	now := certainly(c, con)
	return slices.ContainsFunc([][]facts.SuiteSeen{without, tried}, func(list []facts.SuiteSeen) bool {
		con.Suites.Value = &list
		r := certainly(c, con)
		return r.Verdict != now.Verdict || r.Reason != now.Reason || r.Version != now.Version || r.Suite != now.Suite
	})
}

// NeedsName says whether the console was seen to answer only those who send its name (SNI).
func NeedsName(con facts.Console) bool { return needOfName(con) == tlsclient.Needed }

// OutcomeText says how a connection or a hello ended.
func OutcomeText(o facts.Outcome) Text { return pathWords[outcomeTerm(o)] }

// ProblemText says why a certificate does not verify.
func ProblemText(c facts.Certificate) Text { return pathWords[problemTerm(c)] }

// PredictionDoubts are what keeps the predictions from being about the console itself, or from being
// as sure as they look: nil when nothing does.
func PredictionDoubts(con facts.Console) []Text {
	var codes []string
	switch {
	case proven(con).Verdict != Confirmed:
		codes = append(codes, "console_not_proven")
	case inspected(con):
		codes = append(codes, "seen_through_inspection")
	case !seenAtFirstHand(con):
		codes = append(codes, "inspection_not_excluded")
	}
	if con.Suites.Value != nil {
		for _, s := range *con.Suites.Value {
			if s.Inferred {
				codes = append(codes, "some_suites_inferred")
				break
			}
		}
	}
	var out []Text
	for _, code := range codes {
		out = append(out, tlsWords[code])
	}
	return out
}
