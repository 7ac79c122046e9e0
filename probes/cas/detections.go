package cas

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/internal/httpread"
	"github.com/casdoctor/casdoctor/internal/maildns"
	"github.com/casdoctor/casdoctor/internal/mailtrace"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

const (
	eventsPath = "/v1/siem/security_events"
	mailsPath  = "/v1/sweeping/mails"

	// window is how far back events are given; the service counts from its own clock, so that a
	// clock that is a little behind must not ask for more.
	window = 72*time.Hour - 5*time.Minute
	// pageSize is the most that one answer holds.
	pageSize = 500
	// maxPages and maxMessages bound the calls: with 20 a minute, these take about a minute.
	maxPages    = 5
	maxMessages = 12
)

func detections() probes.Probe {
	return probes.New(facts.CASDetections, probes.Probe{
		Doc: "Reads the security events of Exchange Online of the last 72 hours, keeps those that Advanced Spam Protection " +
			"raised for a sender that looks internal, and asks Threat Investigation for the headers of these messages.",
		Section: "cas",
		Needs:   []string{facts.CASAPI.Name},
		Permissions: []probes.Permission{
			{
				Service: "cas", Name: logRetrieval, Optional: true,
				Why: "a token of cas.api for it lets casdoctor find the messages that Advanced Spam Protection detected",
			},
			{
				Service: "cas", Name: investigation, Optional: true,
				Why: "a token of cas.api for it lets casdoctor look at the headers of the detected messages",
			},
		},
		// Room for calls that hang, so that they do not take with them what was seen.
		Timeout: (maxPages+maxMessages)*pause + 3*callTimeout,
	}, detect)
}

func detect(ctx context.Context, env *probes.Env) (facts.DetectionSet, error) {
	if a := probes.Fact(env, facts.CASAPI); a.Value == nil {
		return facts.DetectionSet{}, a.Why()
	}
	c, err := newClient(env)
	if err != nil {
		return facts.DetectionSet{}, err
	}
	end := c.now.UTC().Truncate(time.Second)
	set := facts.DetectionSet{Start: end.Add(-window), End: end}
	var internal []string
	for _, d := range env.Config.CAS.InternalDomains.Items {
		internal = append(internal, maildns.Name(d))
	}
	found, events, why := c.detected(ctx, set.Start, set.End, internal)
	set.Events = events
	if found == nil && why != nil {
		return set, why
	}
	for i := range found {
		if i >= maxMessages {
			found[i].Headers = facts.Missed[facts.MailHeaders](&facts.Failure{
				Kind: facts.NotCollected, Code: "limit", Detail: "the headers of the " + strconv.Itoa(maxMessages) + " latest messages only are asked for",
			})
			continue
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < callTimeout {
			found[i].Headers = facts.Missed[facts.MailHeaders](&facts.Failure{Kind: facts.Timeout, Detail: "there was no time left to ask for its headers"})
			continue
		}
		found[i].Headers = c.headers(ctx, found[i].Message)
	}
	set.List = facts.Partly(found, why)
	return set, nil
}

// event is one security event, as far as it is read.
type event struct {
	Message *struct {
		Detected  string `json:"detection_time"`
		Mailbox   string `json:"affected_user"`
		Policy    string `json:"triggered_policy_name"`
		Filter    string `json:"triggered_security_filter"`
		Action    string `json:"action"`
		MessageID string `json:"mail_message_id"`
		Sender    string `json:"mail_message_sender"`
	} `json:"message"`
}

type eventPage struct {
	Next   string  `json:"next_link"`
	Events []event `json:"security_events"`
	// Trace is in every answer of the API; what lacks both it and events is not one.
	Trace *string `json:"traceId"`
}

func (c *client) events(ctx context.Context, u *url.URL) (eventPage, error) {
	var page eventPage
	if err := c.get(ctx, logRetrieval, u, &page); err != nil {
		return eventPage{}, err
	}
	if page.Events == nil && page.Trace == nil {
		return eventPage{}, malformed("the answer has neither events nor a trace id")
	}
	return page, nil
}

func malformed(what string) *facts.Failure {
	return &facts.Failure{Kind: facts.Malformed, Status: 200, Detail: "Cloud App Security answered, but " + what}
}

// detected are the messages with a sender that looks internal, and how many events were looked
// at. The failure says why some are missing.
func (c *client) detected(ctx context.Context, start, end time.Time, internal []string) ([]facts.Detection, int, *facts.Failure) {
	found := []facts.Detection{}
	seen := map[string]bool{}
	events := 0
	var why *facts.Failure
	u := c.address(eventsPath, url.Values{
		"service": {"exchange"}, "event": {"securityrisk"}, "limit": {strconv.Itoa(pageSize)},
		"start": {start.Format(time.RFC3339)}, "end": {end.Format(time.RFC3339)},
	})
	for pages := 0; u != nil; pages++ {
		if pages == maxPages {
			why = &facts.Failure{
				Kind: facts.NotCollected, Code: "limit",
				Detail: "there are more events than " + strconv.Itoa(maxPages*pageSize) + " in 72 hours; the rest was not read",
			}
			break
		}
		page, err := c.events(ctx, u)
		if err != nil {
			if pages == 0 {
				return nil, 0, httpread.Classify(err)
			}
			why = httpread.Classify(err)
			break
		}
		for _, e := range page.Events {
			events++
			d, ok := e.detection(internal)
			switch {
			case e.Message == nil:
				why = malformed("an event says nothing of its message")
			case ok && d.Message == "":
				why = malformed("an event of an internal sender does not name its message")
			case ok && !seen[d.Message]:
				seen[d.Message] = true
				found = append(found, d)
			}
		}
		u, err = c.next(page.Next)
		if err != nil {
			why = httpread.Classify(err)
			break
		}
	}
	slices.SortStableFunc(found, func(a, b facts.Detection) int {
		return when(b).Compare(when(a))
	})
	return found, events, why
}

func when(d facts.Detection) time.Time {
	if d.At == nil {
		return time.Time{}
	}
	return *d.At
}

// next is the address of the next page. It carries the token, so that it must be the same call
// of the same host.
func (c *client) next(link string) (*url.URL, error) {
	if link == "" {
		return nil, nil
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != c.base.Scheme || !strings.EqualFold(u.Host, c.base.Host) || u.User != nil || u.Path != eventsPath {
		return nil, malformed("next_link leads to another place")
	}
	return u, nil
}

// otherFilters are the filters of security events besides Advanced Spam Protection (Cloud App
// Security online help, "Log Facets"). What is not among them stays in: consoles in other
// languages may write the name in theirs.
var otherFilters = []string{"file blocking", "malware scanning", "web reputation"}

// detection keeps an event of a sender that looks internal: its domain is one of the internal
// domains, or that of the mailbox itself.
func (e event) detection(internal []string) (facts.Detection, bool) {
	if e.Message == nil {
		return facts.Detection{}, false
	}
	m := *e.Message
	sender := domainOf(m.Sender)
	if sender == "" || slices.Contains(otherFilters, strings.ToLower(strings.TrimSpace(m.Filter))) {
		return facts.Detection{}, false
	}
	if !slices.Contains(internal, sender) && sender != domainOf(m.Mailbox) {
		return facts.Detection{}, false
	}
	d := facts.Detection{
		Message: text(m.MessageID), Sender: sender,
		Policy: text(m.Policy), Filter: text(m.Filter), Action: text(m.Action),
	}
	if at, err := time.Parse(time.RFC3339, m.Detected); err == nil {
		d.At = new(at.UTC())
	}
	return d, true
}

// maxText bounds one kept value; a Message-ID fits into a line of 998 characters (RFC 5322, 2.1.1).
const maxText = 998

func text(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(strings.TrimSpace(s), "\ufffd"))
	return strings.ToValidUTF8(s[:min(len(s), maxText)], "")
}

func domainOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return ""
	}
	return maildns.Name(strings.TrimRight(address[i+1:], "> "))
}

// headers are those of one message, as Threat Investigation keeps them.
func (c *client) headers(ctx context.Context, id string) facts.Seen[facts.MailHeaders] {
	missed := facts.Missed[facts.MailHeaders]
	var answer struct {
		Value []struct {
			ID      string `json:"mail_message_id"`
			Headers []struct {
				Name  string `json:"HeaderName"`
				Value string `json:"Value"`
			} `json:"mail_internet_headers"`
		} `json:"value"`
		Trace *string `json:"traceId"`
	}
	if err := c.get(ctx, investigation, c.address(mailsPath, url.Values{"message_id": {id}}), &answer); err != nil {
		return missed(httpread.Classify(err))
	}
	if answer.Value == nil && answer.Trace == nil {
		return missed(malformed("the answer has neither messages nor a trace id"))
	}
	for _, m := range answer.Value {
		if strings.Trim(text(m.ID), "<>") != strings.Trim(id, "<>") {
			continue
		}
		var section strings.Builder
		for _, h := range m.Headers {
			// A value can be folded; what is no white space after a line end would be another header.
			value := strings.Join(strings.Fields(strings.ReplaceAll(h.Value, "\x00", "")), " ")
			section.WriteString(text(strings.TrimSpace(h.Name)) + ": " + value + "\r\n")
		}
		h, err := mailtrace.Read([]byte(section.String()))
		if errors.Is(err, mailtrace.ErrNotMessage) {
			return missed(malformed("it gives no header of the message that says whose it is"))
		}
		return facts.Got(h)
	}
	return missed(&facts.Failure{
		Kind: facts.NotFound, Code: "no_message",
		Detail: "Threat Investigation does not know the message: it keeps those of the targets of enabled policies, for 90 days",
	})
}
