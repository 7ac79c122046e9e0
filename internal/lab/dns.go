package lab

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// attempts bounds the search for a port that is free for both UDP and TCP.
const attempts = 20

// ttl is short: nobody should remember what a lab said.
const ttl = 5

// startDNS starts the resolver that network.resolver names.
func (l *Lab) startDNS() error {
	zone, err := l.zone()
	if err != nil {
		return err
	}
	packets, listener, err := samePort()
	if err != nil {
		return err
	}
	l.resolver = portOf(listener.Addr())
	ctx, end := context.WithCancel(context.Background())
	l.closers = append(l.closers, end)
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		if wait(ctx, l.org.Latency) {
			_ = w.WriteMsg(lookup(zone, r))
		}
	})
	for _, s := range []*dns.Server{{PacketConn: packets, Handler: handler}, {Listener: listener, Handler: handler}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		failed := make(chan error, 1)
		l.running.Go(func() { failed <- s.ActivateAndServe() })
		select {
		case <-started: // before that, Shutdown would not end it
		case err := <-failed:
			return fmt.Errorf("start the DNS server: %w", err)
		}
		l.closers = append(l.closers, func() { _ = s.Shutdown() })
	}
	return nil
}

func samePort() (net.PacketConn, net.Listener, error) {
	var err error
	for range attempts {
		var listener net.Listener
		if listener, err = listen(); err != nil {
			break
		}
		var packets net.PacketConn
		if packets, err = net.ListenPacket("udp", listener.Addr().String()); err == nil {
			return packets, listener, nil
		}
		_ = listener.Close()
	}
	return nil, nil, fmt.Errorf("no port for the DNS server: %w", err)
}

// zone are the records by name.
func (l *Lab) zone() (map[string][]dns.RR, error) {
	zone := map[string][]dns.RR{}
	add := func(record string) error {
		rr, err := dns.NewRR(record)
		if err != nil || rr == nil {
			return fmt.Errorf("not a DNS record: %q: %w", record, err)
		}
		name := dns.CanonicalName(rr.Header().Name)
		zone[name] = append(zone[name], rr)
		return nil
	}
	for _, record := range l.org.Zone {
		if err := add(record); err != nil {
			return nil, err
		}
	}
	if c := l.org.Console; net.ParseIP(c.Host) == nil && c.Behaviour != NoName {
		if err := add(fmt.Sprintf("%s. %d IN A 127.0.0.1", strings.TrimSuffix(c.Host, "."), ttl)); err != nil {
			return nil, err
		}
	}
	return zone, nil
}

// lookup answers from the zone: a name that is not in it does not exist.
func lookup(zone map[string][]dns.RR, r *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(r)
	m.Authoritative, m.RecursionAvailable = true, true
	if len(r.Question) != 1 {
		return m.SetRcode(r, dns.RcodeFormatError)
	}
	records, exists := zone[dns.CanonicalName(r.Question[0].Name)]
	if !exists {
		return m.SetRcode(r, dns.RcodeNameError)
	}
	for _, rr := range records {
		if rr.Header().Rrtype == r.Question[0].Qtype {
			m.Answer = append(m.Answer, rr)
		}
	}
	return m
}
