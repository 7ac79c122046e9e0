// Package lab is the practice organisation: a Microsoft 365 tenant, a Google Workspace
// customer and a management console on loopback, speaking the real protocols with the real
// refusals, so that a wrong request fails here as it would fail there.
//
// What belongs here: the services that the probes ask, the faults that can be put into
// them, and scenarios as data. What does not: anything that judges, and anything that a
// probe could import. The product runs its demo on the lab, and the tests of the probes use
// it as the other side.
package lab

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// loopback is the only address that a lab is on.
const loopback = "127.0.0.1"

// Lab is a running practice organisation.
type Lab struct {
	org    Organisation // with its key
	ca     *authority
	entra  *entra
	google *google

	entraURL, graphURL, googleURL, casURL, lmpURL string
	console, resolver                             netip.AddrPort

	closers []func()
	running sync.WaitGroup // accept loops, connections, DNS servers

	mu       sync.Mutex
	faults   []*fault
	requests []Request
}

// Start starts every service of the organisation on loopback. Close must be called.
func Start(o Organisation) (*Lab, error) {
	if o.Console.Host == "" {
		o.Console.Host = loopback
	}
	l := &Lab{org: o}
	for _, f := range o.Faults {
		l.Fault(f)
	}
	if err := l.start(); err != nil {
		l.Close()
		return nil, fmt.Errorf("lab: %w", err)
	}
	return l, nil
}

func (l *Lab) start() error {
	var err error
	if l.org.Key == nil {
		if l.org.Key, err = rsa.GenerateKey(rand.Reader, rsaBits); err != nil {
			return fmt.Errorf("make a key: %w", err)
		}
	}
	if l.ca, err = newAuthority("casdoctor practice CA"); err != nil {
		return err
	}
	certificate, err := l.ca.issue(leaf{hosts: []string{loopback}})
	if err != nil {
		return err
	}
	addresses := []*string{&l.entraURL, &l.graphURL, &l.googleURL}
	if l.org.CAS != nil {
		addresses = append(addresses, &l.casURL)
	}
	if l.org.LMP != nil {
		addresses = append(addresses, &l.lmpURL)
	}
	listeners := make([]net.Listener, len(addresses))
	for i, address := range addresses {
		if listeners[i], err = listen(); err != nil {
			return err
		}
		l.closers = append(l.closers, func() { _ = listeners[i].Close() })
		*address = "https://" + listeners[i].Addr().String()
	}
	l.entra = newEntra(l.org.Microsoft, l.entraURL, l.org.Key)
	graph := newGraph(l.org, l.entra, l.graphURL)
	graph.inside = l.faulty(GraphService, true, graph)
	l.google = newGoogle(l.org.Google, l.org.Key, l.googleURL)
	type handler struct {
		service Service
		http.Handler
	}
	handlers := []handler{
		{EntraService, l.entra},
		{GraphService, graph},
		{GoogleService, l.google},
	}
	if l.org.CAS != nil {
		handlers = append(handlers, handler{CASService, newCAS(*l.org.CAS, l.casURL)})
	}
	if l.org.LMP != nil {
		handlers = append(handlers, handler{LMPService, newLMP(*l.org.LMP)})
	}
	for i, h := range handlers {
		// HTTP/1.1 only: a fault then hits exactly one request, not all that share a connection.
		l.serve(tls.NewListener(listeners[i], &tls.Config{
			Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		}), l.faulty(h.service, false, h.Handler))
	}
	if err := l.startConsole(); err != nil {
		return err
	}
	return l.startDNS()
}

func listen() (net.Listener, error) { return net.Listen("tcp", net.JoinHostPort(loopback, "0")) }

// portOf is the address of a TCP socket on loopback.
func portOf(a net.Addr) netip.AddrPort { return a.(*net.TCPAddr).AddrPort() }

// serve answers on a listener until the lab closes.
func (l *Lab) serve(listener net.Listener, h http.Handler) {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: time.Minute,
		// Handshakes that fail are what some scenarios are about.
		ErrorLog: log.New(io.Discard, "", 0),
		// A connection is counted from its acceptance to its end, so that Close can wait for it.
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				l.running.Add(1)
			case http.StateClosed, http.StateHijacked:
				l.running.Done()
			}
		},
	}
	l.closers = append(l.closers, func() { _ = s.Close() })
	l.running.Go(func() { _ = s.Serve(listener) })
}

// Close ends every service and waits until all of them are gone.
func (l *Lab) Close() {
	for _, c := range slices.Backward(l.closers) {
		c()
	}
	l.running.Wait()
}
