package checks

import (
	"github.com/casdoctor/casdoctor/internal/tlsclient"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// PredictClient says what a client of the table meets at a console that was looked at, whoever
// it is that answers: TLS-01 asks first whether that is the console.
func PredictClient(c tlsclient.Client, con facts.Console) tlsclient.Result {
	r, _ := predict(c, con)
	return r
}
