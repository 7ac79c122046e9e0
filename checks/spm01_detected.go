package checks

import (
	"github.com/casdoctor/casdoctor/internal/mailtrace"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// The messages of SPM-01: those that the admin names, and those that Cloud App Security says it
// has detected.

// candidate is one of them.
type candidate struct {
	subject string // the file, or the Message-ID
	headers *facts.MailHeaders
	// detection is what the service logged; nil for a file.
	detection *facts.Detection
	file      facts.Message
}

// candidates are the messages to judge.
type candidates struct {
	list []candidate
	// gaps are the sources that could not be read, or not to their end: messages may be missing.
	gaps []Claim
	// why is what is said when there are no messages and no gaps; declared is set instead when a
	// declaration says that there are none.
	why      Claim
	declared bool
}

func candidatesOf(x *Exam) (c candidates) {
	files, detected := Read(x, facts.MailMessages), Read(x, facts.CASDetections)
	if files.Value != nil {
		for _, m := range *files.Value {
			c.list = append(c.list, candidate{subject: m.File, headers: m.Headers.Value, file: m})
		}
	}
	if unread := files.Why(); unread != nil && unread.Kind != facts.NotDeclared {
		c.gaps = append(c.gaps, unseen("messages", unread))
	}
	asked := true
	unread := detected.Why()
	switch {
	case detected.Value != nil:
		if list := detected.Value.List.Value; list != nil {
			for _, d := range *list {
				c.list = append(c.list, candidate{subject: d.Message, headers: d.Headers.Value, detection: &d})
			}
		}
		if !detected.Value.List.Complete() {
			unread = detected.Value.List.Why()
		}
	case unread.Kind == facts.NotConfigured, unread.Kind == facts.NotCollected && !hasAPI(x): // the API is optional
		asked, unread = false, nil
	}
	if unread != nil {
		c.gaps = append(c.gaps, undetected(unread))
	}
	switch {
	case len(c.list)+len(c.gaps) > 0:
	case files.Value != nil:
		c.declared = true
	case asked:
		c.why = unknown(because("nothing_detected"))
	default:
		c.why = unknown(because("not_declared", "what", "messages"))
	}
	return c
}

// hasAPI: the API of Cloud App Security was there to be asked.
func hasAPI(x *Exam) bool {
	api := Aside(x, facts.CASAPI)
	return api.Value != nil || api.Why().Kind != facts.NotConfigured && api.Why().Kind != facts.NotCollected
}

// undetected: the service could not be asked.
func undetected(why *facts.Failure) Claim {
	if why.Kind == facts.Unauthenticated {
		return unknown(because("cas_token_refused"))
	}
	return unseen("detections", why)
}

// failing: the message fails the checks in the back end.
func (c candidate) failing(o organisation) Claim {
	switch {
	case c.detection == nil:
		return failing(c.file, o)
	case c.headers == nil:
		return unknown(c.unreadable())
	case len(c.headers.Received) > 0: // all headers are there
		return backEnd(*c.headers, o)
	default:
		return partOfBackEnd(*c.headers, o)
	}
}

// unreadable is why the headers of a detected message are not there.
func (c candidate) unreadable() Reason {
	switch why := c.detection.Headers.Why(); why.Kind {
	case facts.NotFound, facts.NotCollected:
		return because("detected_without_headers", "message", c.subject)
	default:
		return failed("detected_headers", why)
	}
}

// partOfBackEnd judges the headers that Threat Investigation documents. Without the hops nothing
// shows who wrote the results, so that they make it likely that a message fails and never that
// it does not; and a header that is missing may be in the message all the same.
func partOfBackEnd(h facts.MailHeaders, o organisation) Claim {
	spf := unknown(because("way_not_given"))
	envelope, decides := "", facts.AuthResult{}
	for _, r := range h.Results {
		if r.SPF == nil {
			continue
		}
		decides, envelope = r, r.SPF.Domain
		args := []string{"result", r.SPF.Result, "domain", r.SPF.Domain, "ip", r.SPF.IP}
		switch r.SPF.Result {
		case "fail", "softfail":
			spf = supported(Observed, because("spf_failed", args...), because("way_not_given"))
			spf.Reasons = append(spf.Reasons, o.policyReasons(*r.SPF)...)
		case "permerror":
			spf = supported(Observed, because("spf_permerror", args...), because("way_not_given"))
			spf.Reasons = append(spf.Reasons, o.policyReasons(*r.SPF)...)
		}
		break
	}
	claims := []Claim{spf}
	for _, header := range []struct {
		what string
		is   *facts.Mailboxes
	}{{"reply_to", h.ReplyTo}, {"return_path", h.ReturnPath}} {
		if header.is == nil {
			claims = append(claims, unknown(because("header_not_given", "what", header.what)))
		} else {
			claims = append(claims, strangeHeader(h, header.what, header.is, o.internal))
		}
	}
	if envelope != "" {
		claims = append(claims, strangeHeader(h, "envelope", &facts.Mailboxes{Domains: []string{envelope}}, o.internal).
			atMost(Supported, because("way_not_given")))
	}
	return o.explained(anyOf(claims...), h, decides)
}

// foreignSender: the sender's domain is not in the internal domains.
func (c candidate) foreignSender(internal domainList) Claim {
	switch {
	case c.detection != nil && (c.headers == nil || c.headers.From == nil):
		return internal.lacks("from", c.detection.Sender)
	case c.headers == nil:
		return unknown(unreadable(c.file))
	case c.detection == nil:
		return whole(c.file, foreignSender(*c.headers, internal))
	default:
		return foreignSender(*c.headers, internal)
	}
}

// senders are the domains that the message is from.
func (c candidate) senders() []string {
	switch {
	case c.headers != nil && c.headers.From != nil:
		return c.headers.From.Domains
	case c.detection != nil:
		return []string{c.detection.Sender}
	default:
		return nil
	}
}

// the causes of one message, for its fix.
func (c candidate) causes(o organisation) []mailtrace.Cause {
	if c.headers == nil {
		return nil
	}
	return mailtrace.Explain(*c.headers, o.known())
}
