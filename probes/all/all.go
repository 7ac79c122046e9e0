// Package all is the list of probes: adding one means one file in its folder and one line here.
package all

import (
	"slices"

	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/cas"
	"github.com/casdoctor/casdoctor/probes/console"
	"github.com/casdoctor/casdoctor/probes/declared"
	"github.com/casdoctor/casdoctor/probes/lmp"
	"github.com/casdoctor/casdoctor/probes/m365"
	"github.com/casdoctor/casdoctor/probes/mail"
	"github.com/casdoctor/casdoctor/probes/workspace"
)

// Probes are all probes, the declared facts first.
func Probes() []probes.Probe {
	return slices.Concat(declared.Probes(), m365.Probes(), workspace.Probes(), console.Probes(), mail.Probes(),
		cas.Probes(), lmp.Probes())
}
