package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/store"
)

// TestRefusalsDoNotFillTheDisk: a day of refusals from one address, and from very many, leave a
// bounded number of short rows, and none of them is lost from the count.
func TestRefusalsDoNotFillTheDisk(t *testing.T) {
	rows := func(p fixture) (list []store.Action) {
		t.Helper()
		if err := p.store.View(t.Context(), func(tx store.Tx) (err error) {
			list, err = store.Actions(t.Context(), tx, 10_000)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return list
	}
	refuse := func(p fixture, from string) {
		t.Helper()
		r := request("POST", "/tenants/contoso/waivers/"+strings.Repeat("9", 5000)+"/end", readerToken, url.Values{})
		r.RemoteAddr = from
		if got, _ := ask(p, r); got.StatusCode != http.StatusForbidden {
			t.Fatalf("%d", got.StatusCode)
		}
	}
	t.Run("one address", func(t *testing.T) {
		p := newPage(t, config.Page{Listen: here(), Tokens: tokens()})
		const minutes, each = 30, 20
		for range minutes {
			for port := range each {
				refuse(p, fmt.Sprintf("192.0.2.1:%d", 1000+port))
			}
			*p.now = p.now.Add(time.Minute)
		}
		refuse(p, "192.0.2.1:1")
		list, counted := rows(p), 0
		for _, a := range list {
			more, _ := strconv.Atoi(a.Detail["more"]) // "": none
			counted += 1 + more
			if a.Who != "grafana" || a.Detail["from"] != "192.0.2.1" || len(a.Detail["path"]) > 210 {
				t.Errorf("%s from %s: a path of %d", a.Who, a.Detail["from"], len(a.Detail["path"]))
			}
		}
		if len(list) > 5+minutes {
			t.Errorf("%d rows in %d minutes", len(list), minutes)
		}
		if counted != minutes*each+1 {
			t.Errorf("%d are counted, want %d", counted, minutes*each+1)
		}
	})
	t.Run("many addresses", func(t *testing.T) {
		p := newPage(t, config.Page{Listen: here(), Tokens: tokens()})
		for n := range 200 {
			refuse(p, fmt.Sprintf("192.0.2.%d:1", n))
		}
		if n := len(rows(p)); n != 60 {
			t.Errorf("%d rows, want 60", n)
		}
	})
	t.Run("one network of IPv6", func(t *testing.T) {
		p := newPage(t, config.Page{Listen: here(), Tokens: tokens()})
		for n := range 20 {
			refuse(p, fmt.Sprintf("[2001:db8::%x]:1", n+1))
		}
		list := rows(p)
		if len(list) != 5 || list[0].Detail["from"] != "2001:db8::/64" {
			t.Errorf("%d rows, %v", len(list), list[0].Detail)
		}
	})
}
