package web

import (
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// tries bounds how often somebody may be wrong: five at once, then one in twelve seconds, from
// each address, and twenty a second from all.
type tries struct {
	mu  sync.Mutex
	of  map[string]*rate.Limiter
	all *rate.Limiter
}

const (
	triesAtOnce   = 5
	tryEvery      = 12 * time.Second
	triesOfAll    = 20
	mostAddresses = 10_000
)

func (t *tries) allow(r *http.Request, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.limiter(r)
	return l.AllowN(now, 1) && t.all.AllowN(now, 1)
}

// left reports whether one more would be allowed.
func (t *tries) left(r *http.Request, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.limiter(r).TokensAt(now) >= 1 && t.all.TokensAt(now) >= 1
}

func (t *tries) limiter(r *http.Request) *rate.Limiter {
	host := addressOf(r)
	if t.of == nil || len(t.of) >= mostAddresses {
		t.of = map[string]*rate.Limiter{}
	}
	if t.all == nil {
		t.all = rate.NewLimiter(triesOfAll, triesOfAll)
	}
	l := t.of[host]
	if l == nil {
		l = rate.NewLimiter(rate.Every(tryEvery), triesAtOnce)
		t.of[host] = l
	}
	return l
}

// addressOf is where a request comes from. Whoever has one address of an IPv6 network has all
// of its /64 (RFC 4291, 2.5.4).
func addressOf(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	const network = 64
	if a := at.Addr().Unmap(); !a.Is6() {
		return a.String()
	}
	whole, err := at.Addr().WithZone("").Prefix(network)
	if err != nil {
		return r.RemoteAddr
	}
	return whole.String()
}

// refusals bounds what those who are refused can write into the audit log, which has a disk
// under it: of each address and person five rows at once and then one a minute, of all together
// sixty and then one a minute. What is left out is counted, and stands in the next row.
type refusals struct {
	mu   sync.Mutex
	of   map[string]*refusal
	all  *rate.Limiter
	lost int
}

type refusal struct {
	*rate.Limiter
	more int
}

const (
	refusalEvery   = time.Minute
	refusalsAtOnce = 5
	refusalsOfAll  = 60
	longestPath    = 200
)

// note reports whether a row is written, and how many were not since the last one.
func (f *refusals) note(who string, now time.Time) (write bool, more int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = rate.NewLimiter(rate.Every(refusalEvery), refusalsOfAll)
	}
	if f.of == nil || len(f.of) >= mostAddresses {
		for _, l := range f.of {
			f.lost += l.more
		}
		f.of = map[string]*refusal{}
	}
	l := f.of[who]
	if l == nil {
		l = &refusal{Limiter: rate.NewLimiter(rate.Every(refusalEvery), refusalsAtOnce)}
		f.of[who] = l
	}
	if !l.AllowN(now, 1) || !f.all.AllowN(now, 1) {
		l.more++
		return false, 0
	}
	more, l.more = l.more+f.lost, 0
	f.lost = 0
	return true, more
}

// refused records that somebody was refused, as far as refusals allows.
func (p *Page) refused(r *http.Request, what string, detail map[string]string) {
	from := addressOf(r)
	write, more := p.refusals.note(from+" "+who(r).name, p.Now())
	if !write {
		return
	}
	all := map[string]string{"from": from}
	for k, v := range detail {
		if r := []rune(v); len(r) > longestPath {
			v = string(r[:longestPath]) + "…"
		}
		all[k] = v
	}
	if more > 0 {
		all["more"] = strconv.Itoa(more)
	}
	p.record(r, what, all)
}
