package m365_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/casdoctor/casdoctor/internal/lab"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// signIns are entries of the sign-in log in the shape of Graph's example ("List signIns", example 1),
// one an hour, each "browser on system", by a user of its own or by "… by user".
func signIns(list ...string) []json.RawMessage {
	var out []json.RawMessage
	for i, s := range list {
		what, user, ok := strings.Cut(s, " by ")
		if !ok {
			user = fmt.Sprintf("26be570a-ae82-4189-b4e2-%012d", i)
		}
		browser, system, _ := strings.Cut(what, " on ")
		out = append(out, json.RawMessage(fmt.Sprintf(`{"id":"66ea54eb-6301-4ee5-be62-%012d","createdDateTime":%q,
			"userDisplayName":"Test Contoso","userPrincipalName":"testaccount1@contoso.com","userId":%q,
			"appDisplayName":"Graph explorer","ipAddress":"131.107.159.37","clientAppUsed":"Browser",
			"conditionalAccessStatus":"notApplied","isInteractive":true,
			"status":{"errorCode":0,"failureReason":null,"additionalDetails":null},
			"deviceDetail":{"deviceId":"","displayName":null,"operatingSystem":%q,"browser":%q,"isCompliant":null,
			"isManaged":null,"trustType":null}}`, i, time.Now().Add(-time.Duration(i+1)*time.Hour).UTC().Format(time.RFC3339), user, system, browser)))
	}
	return out
}

// clientsOf is what is counted of a log.
func clientsOf(t *testing.T, log []json.RawMessage, more ...func(*lab.Organisation)) (facts.SignInClients, *tenant) {
	t.Helper()
	p := start(t, func(o *lab.Organisation) {
		o.Microsoft.SignIns = log
		for _, change := range more {
			change(o)
		}
	})
	return get(t, p.collect("m365.sign_in_clients"), facts.M365SignInClients), p
}

// People are counted once for each browser and system, whatever build of it they have; both
// spellings of a system are one.
func TestPeopleAreCounted(t *testing.T) {
	got, _ := clientsOf(t, signIns(
		"IE 11.0 on Windows 7 by anna", "IE 11.0 on Windows7 by anna", "IE 11.0 on Windows 7 by ben",
		"Chrome 142.0.7444.59 on Windows 10 by anna", "Chrome 142.0.7444.176 on Windows10 by carla",
		"Mobile Safari 18.1 on Ios 18.1.1 by carla",
	))
	equal(t, facts.Got([]facts.SignInClient{
		{Browser: "IE 11.0", System: "Windows 7", People: 2, SignIns: 3},
		{Browser: "Chrome 142.0", System: "Windows 10", People: 2, SignIns: 2},
		{Browser: "Mobile Safari 18.1", System: "Ios 18.1", People: 1, SignIns: 1},
	}), got.Clients)
	if got.To.Sub(got.From) != 7*24*time.Hour {
		t.Errorf("from %v to %v", got.From, got.To)
	}
}

// Who failed to sign in, who has no browser, and what is older than the window is not counted; an
// entry that cannot be read leaves the others.
func TestWhatIsNotCounted(t *testing.T) {
	log := signIns("Edge 80.0.361 on Windows 10", "IE 11.0 on Windows 7", "Edge 80.0.361 on Windows 10", " on Windows 7", "IE 9.0 on Windows 7")
	log[1] = json.RawMessage(strings.Replace(string(log[1]), `"errorCode":0`, `"errorCode":50126`, 1))
	log[2] = json.RawMessage(strings.Replace(string(log[2]), `"userId"`, `"user"`, 1))
	log[4] = json.RawMessage(strings.Replace(string(log[4]), `"createdDateTime":"20`, `"createdDateTime":"19`, 1))
	got, _ := clientsOf(t, log)
	want := []facts.SignInClient{{Browser: "Edge 80.0", System: "Windows 10", People: 1, SignIns: 1}}
	if got.Clients.Value == nil || got.Clients.Failure == nil || got.Clients.Failure.Kind != facts.Malformed {
		t.Fatalf("%+v", got.Clients)
	}
	equal(t, want, *got.Clients.Value)
}

// Nobody is recognisable in the evidence.
func TestNobodyIsKept(t *testing.T) {
	_, p := clientsOf(t, signIns("IE 11.0 on Windows 7", "Edge 80.0.361 on Windows 10"))
	raw, err := p.collect("m365.sign_in_clients").Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"testaccount1", "26be570a", "Test Contoso", "131.107.159.37", "66ea54eb"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the evidence has %q", secret)
		}
	}
	if !strings.Contains(string(raw), `"browser": "IE 11.0"`) {
		t.Errorf("nothing was counted: %s", raw)
	}
}

// A log without an end is read for ten pages of a thousand, and the list says that it is cut.
func TestTheLogIsCut(t *testing.T) {
	log := make([]json.RawMessage, 10_100)
	for i := range log {
		log[i] = json.RawMessage(fmt.Sprintf(`{"id":"%d","userId":"anna","clientAppUsed":"Browser","createdDateTime":%q,
			"status":{"errorCode":0},"deviceDetail":{"operatingSystem":"Windows 10","browser":"Edge 80.0.361"}}`,
			i, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)))
	}
	got, p := clientsOf(t, log)
	if got.Clients.Failure == nil || got.Clients.Failure.Kind != facts.NotCollected {
		t.Fatalf("not said to be cut: %+v", got.Clients)
	}
	equal(t, []facts.SignInClient{{Browser: "Edge 80.0", System: "Windows 10", People: 1, SignIns: 10_000}}, *got.Clients.Value)
	for _, r := range p.graph() {
		if strings.Contains(r.Path, "signIns") && strings.Contains(r.Query, "select") {
			t.Errorf("$select is not documented for the log: %s", r.Query)
		}
	}
}

// An empty log is an answer, and a tenant without the licence is told apart from a missing permission.
func TestTheLogThatIsNotThere(t *testing.T) {
	got, _ := clientsOf(t, nil)
	equal(t, facts.Got([]facts.SignInClient{}), got.Clients)
	got, _ = clientsOf(t, nil, func(o *lab.Organisation) { o.Microsoft.Premium = lab.Free })
	if f := got.Clients.Failure; f == nil || f.Kind != facts.Unlicensed {
		t.Errorf("without a licence: %v", f)
	}
	got, _ = clientsOf(t, nil, func(o *lab.Organisation) { o.Microsoft.App.Permissions = without("AuditLog.Read.All") })
	if f := got.Clients.Failure; f == nil || f.Kind != facts.Forbidden || f.Permission != "AuditLog.Read.All" {
		t.Errorf("without the permission: %v", f)
	}
}
