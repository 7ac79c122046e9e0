package alert

import (
	"net/url"
	"strconv"

	"github.com/casdoctor/casdoctor/config"
)

// Where on the page something is shown. The paths are those of package web.

// pageOf is the page about an event: what ends, the check of the tenant, or the tenant.
func (p Policy) pageOf(e Event) string {
	switch {
	case p.Link == "":
		return ""
	case e.Kind == config.Expires || e.Kind == config.Retirement:
		return p.Link + "/ends"
	case e.Check != "":
		return p.Link + "/tenants/" + url.PathEscape(e.Tenant) + "/checks/" + url.PathEscape(e.Check)
	}
	return p.pageOfTenant(e.Tenant)
}

func (p Policy) pageOfTenant(tenant string) string {
	if p.Link == "" {
		return ""
	}
	return p.Link + "/tenants/" + url.PathEscape(tenant)
}

// pageAbout is the page about everything in a message: that of its only event, of the run, of
// the tenant, or of all tenants. run is 0 when the events are not of one.
func (p Policy) pageAbout(m Message, run int64) string {
	switch {
	case p.Link == "":
		return ""
	case len(m.Events) == 1:
		return m.Events[0].Link
	case m.Tenant == "":
		return p.Link + "/"
	case run != 0:
		return p.Link + "/runs/" + strconv.FormatInt(run, 10)
	}
	return p.pageOfTenant(m.Tenant)
}
