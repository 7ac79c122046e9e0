package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/internal/agent/alert"
	"github.com/casdoctor/casdoctor/internal/agent/notify"
	"github.com/casdoctor/casdoctor/internal/agent/store"
	"github.com/casdoctor/casdoctor/internal/lab"
)

// databaseVariable holds the connection string of PostgreSQL, here and for the agent.
const databaseVariable = "CASDOCTOR_DATABASE"

// scenarios are what the organisation is like, in turn. They differ in one status of one check.
var scenarios = []string{"healthy", "gmail-no-delegation"}

// changing is that check.
const changing = "GDM-01"

// world is everything around the agent.
type world struct {
	dir, config, page string
	where             store.Settings
	labs              []*lab.Lab
	receiver          *receiver
	tenants           int
	turns             int
}

func newWorld(s soak) (w *world, err error) {
	w = &world{tenants: s.tenants, receiver: newReceiver()}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.dir, err = os.MkdirTemp("", "casdoctor-soak-"); err != nil {
		return w, err
	}
	for _, name := range scenarios {
		if err := w.start(name); err != nil {
			return w, err
		}
	}
	if w.page, err = free(); err != nil {
		return w, err
	}
	w.where = store.Settings{SQLite: filepath.Join(w.dir, "agent.db")}
	database := "sqlite: agent.db"
	if s.database != "" {
		w.where, database = store.Settings{Postgres: s.database}, "postgres: env:"+databaseVariable
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.receiver.Certificate().Raw})
	agent := fmt.Appendf(nil, `version: 1
store: {%s}
schedule: "* * * * *"
jitter: 1m
page: {listen: %q}
network: {ca_file: receiver.pem}
alerts:
  damping: 1
  channels: [{name: soak, webhook: {url: "file:receiver-url", secret: "file:receiver-secret"}, only: [trouble, recovered]}]
tenants:
`, database, w.page)
	for i := range w.tenants {
		agent = fmt.Appendf(agent, "  - {config: %s/casdoctor.yaml}\n", name(i))
	}
	w.config = filepath.Join(w.dir, "agent.yaml")
	for file, text := range map[string][]byte{
		"agent.yaml": agent, "receiver.pem": ca, "receiver-url": []byte(w.receiver.URL + "/"), "receiver-secret": w.receiver.secret,
	} {
		if err := os.WriteFile(filepath.Join(w.dir, file), text, private); err != nil {
			return w, err
		}
	}
	return w, w.point(0)
}

const (
	private       = 0o600
	privateFolder = 0o700
)

func name(i int) string { return fmt.Sprintf("tenant-%02d", i) }

// start starts the organisation of a scenario, and writes its configuration for each tenant.
func (w *world) start(scenario string) error {
	all := lab.Scenarios()
	i := slices.IndexFunc(all, func(s lab.Scenario) bool { return s.Name == scenario })
	if i < 0 {
		return fmt.Errorf("there is no scenario %q", scenario)
	}
	org := all[i].Organisation
	const placeholder = "the-tenant-of-the-soak"
	org.Declared.Tenant = placeholder
	l, err := lab.Start(org)
	if err != nil {
		return err
	}
	w.labs = append(w.labs, l)
	for i := range w.tenants {
		dir := filepath.Join(w.dir, scenario, name(i))
		if err := os.MkdirAll(dir, privateFolder); err != nil {
			return err
		}
		path, err := l.WriteConfig(dir)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		//nolint:gosec // G703: the lab has written it there
		if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte(placeholder), []byte(name(i))), private); err != nil {
			return err
		}
	}
	return nil
}

// turn makes every second tenant as the others were: some get the trouble, the others lose it.
func (w *world) turn() error {
	w.turns++
	return w.point(w.turns)
}

// point sets which scenario each tenant's configuration is: a link, changed at once.
func (w *world) point(turn int) error {
	for i := range w.tenants {
		link, at := filepath.Join(w.dir, name(i)), filepath.Join(w.dir, "next")
		if err := os.Symlink(filepath.Join(scenarios[(i+turn)%len(scenarios)], name(i)), at); err != nil {
			return err
		}
		if err := os.Rename(at, link); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) close() {
	w.receiver.Close()
	for _, l := range w.labs {
		l.Close()
	}
	_ = os.RemoveAll(w.dir)
}

func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// receiver is a channel's other end. It believes nothing that is not signed, and counts what it
// has accepted by idempotency key.
type receiver struct {
	*httptest.Server
	secret []byte
	refuse atomic.Bool // some, at their first attempt

	mu       sync.Mutex
	accepted map[string]int
	refused  map[string]bool
	changes  map[change]int
	forged   int
}

// change is something that is to be told once.
type change struct {
	tenant string
	kind   alert.Kind
}

func newReceiver() *receiver {
	r := &receiver{secret: []byte("sixteen bytes and some more"), accepted: map[string]int{}, refused: map[string]bool{}, changes: map[change]int{}}
	r.refuse.Store(true)
	r.Server = httptest.NewTLSServer(r)
	return r
}

func (r *receiver) messages() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.accepted)
}

// every is which message is refused at its first attempt.
const every = 5

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	var m alert.Message
	err = errors.Join(err, json.Unmarshal(body, &m))
	signature := "v1=" + notify.Sign(r.secret, req.Header.Get("Casdoctor-Timestamp"), body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || req.Header.Get("Casdoctor-Signature") != signature || m.ID == "" || req.Header.Get("Idempotency-Key") != m.ID {
		r.forged++
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if r.refuse.Load() && len(r.accepted)%every == every-1 && !r.refused[m.ID] {
		r.refused[m.ID] = true
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if r.accepted[m.ID]++; r.accepted[m.ID] == 1 {
		r.note(m)
	}
}

// takes counts what a message tells without its having been sent.
func (r *receiver) takes(m alert.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.accepted[m.ID] == 0 { // accepted, and the agent ended before it wrote that down
		r.note(m)
	}
}

func (r *receiver) note(m alert.Message) {
	for _, e := range m.Events {
		if e.Check == changing && (e.Kind == config.Trouble || e.Kind == config.Recovered) {
			r.changes[change{tenant: e.Tenant, kind: e.Kind}]++
		}
	}
}
