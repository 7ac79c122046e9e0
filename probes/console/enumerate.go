package console

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/casdoctor/casdoctor/internal/ciphersuite"
	"github.com/casdoctor/casdoctor/probes/console/hello"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// safeSuites is the most suites that a hello offers once a larger one has met trouble: testssl.sh
// found servers that cannot handle 128 and more.
const safeSuites = 127

// accepted is what one version accepts.
type accepted struct {
	version  uint16
	suites   []uint16 // in the order in which the console chose them
	inferred []uint16 // the ones of them that it did not choose at this version
	complete bool     // everything else was refused
}

// enumerate lists the suites that the console accepts, version by version: offer all, take out
// the one that it chose, until it refuses the rest. A suite that a hello before has brought is
// not asked for again, and one refusal of "TLS 1.1 or lower" answers for everything below.
// Versions do not wait for each other.
//
// With n suites at a version this takes n+1 hellos, and no proof can do with fewer: each suite
// has to be chosen once, and the rest refused once.
func (l *listing) enumerate(ctx context.Context, fact *facts.Console) {
	if end, ok := ctx.Deadline(); ok {
		// What was found so far is worth more than one more suite: stop while there is time
		// left to return it.
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-l.phase))
		defer cancel()
	}
	known := map[uint16][]uint16{} // by the hellos before
	asked := map[facts.HelloName]sent{}
	for _, s := range l.sent {
		asked[s.Name] = s
		if v := s.answer.Version; s.sameServer() && s.Outcome == facts.OutcomeOK && !slices.Contains(known[v], s.Suite) {
			known[v] = append(known[v], s.Suite)
		}
	}
	var results [len(versions)]accepted
	var wg sync.WaitGroup
	run := func(i int, first []uint16) {
		results[i] = l.suites(ctx, versions[i].id, first)
	}
	if first := known[ciphersuite.TLS13]; len(first) > 0 {
		wg.Go(func() { run(4, first) })
	}
	first12 := known[ciphersuite.TLS12] // below adds to known
	top := func() {
		first := first12
		if len(first) == 0 {
			s, ok := asked[facts.HelloTLS12]
			if !ok {
				if s, ok = l.askOnce(ctx, facts.HelloTLS12); !ok {
					return
				}
			}
			if !s.ok(ciphersuite.TLS12) {
				results[3].complete = refuses(s) || s.Outcome == facts.OutcomeOK // or answered at a lower one
				return
			}
			first = []uint16{s.Suite}
		}
		run(3, first)
	}
	if l.o.Suites == SuitesInferred {
		wg.Go(func() {
			top()
			l.below(ctx, asked, known, &results)
		})
	} else {
		wg.Go(top)
		wg.Go(func() { l.below(ctx, asked, known, &results) })
	}
	wg.Wait()
	l.over(ctx) // a hello that was cut off has left no trace
	l.write(fact, results[:])
	if fact.Suites.Value == nil || l.stopped.Load() != nil || ctx.Err() != nil {
		return
	}
	fact.Preference = l.preference(ctx, results[:])
	l.groups(ctx, fact, results[:])
	if _, ok := asked[facts.HelloNoSNI]; l.o.Clients && !ok && l.sni() != "" {
		l.say(ctx, facts.HelloNoSNI, hello.Choice)
	}
}

// below lists what is under TLS 1.2, from "1.1 or lower" on down.
func (l *listing) below(ctx context.Context, asked map[facts.HelloName]sent, known map[uint16][]uint16, results *[len(versions)]accepted) {
	name := [...]facts.HelloName{facts.HelloSSL30, facts.HelloTLS10, facts.HelloTLS11}
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := 2; i >= 0; i-- {
		version := versions[i].id
		first := known[version]
		if len(first) == 0 {
			s, ok := asked[name[i]]
			if !ok {
				if s, ok = l.askOnce(ctx, name[i]); !ok {
					return
				}
			}
			switch {
			case s.ok(version):
				first = []uint16{s.Suite}
			case refuses(s):
				for ; i >= 0; i-- { // nothing below either
					results[i].complete = true
				}
				return
			case s.Outcome == facts.OutcomeOK: // it answers at a lower one
				results[i].complete = true
				if v := s.answer.Version; !slices.Contains(known[v], s.Suite) {
					known[v] = append(known[v], s.Suite)
				}
				continue
			default:
				// No clear answer: the version stays open, and the next one is asked for alone.
				continue
			}
		}
		wg.Go(func() {
			if l.o.Suites == SuitesInferred && results[3].complete && len(results[3].suites) > 0 {
				results[i] = l.infer(ctx, version, first, results[3].suites)
			} else {
				results[i] = l.suites(ctx, version, first)
			}
		})
	}
}

// askOnce sends the named hello, unless the look has been stopped.
func (l *listing) askOnce(ctx context.Context, name facts.HelloName) (sent, bool) {
	if l.over(ctx) {
		return sent{}, false
	}
	return l.say(ctx, name, hello.Whole), true
}

// over is whether no more hellos may be sent.
func (l *listing) over(ctx context.Context) bool {
	if err := ctx.Err(); err != nil {
		l.stop(&facts.Failure{Kind: facts.Timeout, Code: "deadline", Detail: "the time for the console was over"})
	}
	return l.stopped.Load() != nil
}

// stop keeps the first reason.
func (l *listing) stop(f *facts.Failure) { l.stopped.CompareAndSwap(nil, f) }

// suites lists the suites of a version of which some are known already.
func (l *listing) suites(ctx context.Context, version uint16, known []uint16) accepted {
	a := accepted{version: version, suites: slices.Clone(known)}
	a.complete = l.drain(ctx, &a, without(ciphersuite.At(version), known...))
	return a
}

// drain offers what is left until nothing of it is accepted any more.
func (l *listing) drain(ctx context.Context, a *accepted, left []uint16) bool {
	for len(left) > 0 { // an empty offer is refused by every server
		offer := left
		if n := int(l.perHas.Load()); n > 0 && len(offer) > n {
			offer = offer[:n]
		}
		s, ok := l.offer(ctx, a, offer)
		switch {
		case !ok:
			return false
		case s.ok(a.version):
			a.suites = append(a.suites, s.Suite)
			left = without(left, s.Suite)
		default:
			left = left[len(offer):]
		}
	}
	return true
}

// offer sends one offer. It is not ok when the answer is neither a choice nor a refusal: then
// the look is stopped.
func (l *listing) offer(ctx context.Context, a *accepted, suites []uint16) (sent, bool) {
	if l.over(ctx) {
		return sent{}, false
	}
	spec := l.at(a.version, suites)
	spec.Groups = l.newFirst()
	s := l.ask(ctx, "", spec, depthFor(a.version))
	switch {
	case s.Outcome == facts.OutcomeOK, refuses(s):
		l.note(s)
		return s, true
	case l.tooLarge(s):
		return l.offer(ctx, a, suites[:safeSuites])
	case l.refusesByReset(ctx, a, suites, s):
		l.note(s)
		return s, true
	}
	if ctx.Err() != nil {
		return s, !l.over(ctx)
	}
	l.stop(&facts.Failure{
		Kind: kindOf(s.Outcome), Code: string(s.Outcome),
		Detail: fmt.Sprintf("the enumeration of suites broke off after %d: %s", len(a.suites), s.Detail),
	})
	return s, false
}

// depthFor: before TLS 1.3 the group stands behind the certificate.
func depthFor(version uint16) hello.Depth {
	if version == ciphersuite.TLS12 {
		return hello.Whole
	}
	return hello.Choice
}

// newFirst are the groups with those that were seen before behind the others: a server that
// lets the client's order decide then shows another one each time.
func (l *listing) newFirst() []uint16 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var seen []uint16
	for _, s := range l.sent {
		if s.Group != 0 && slices.Contains(groups, s.Group) && !slices.Contains(seen, s.Group) {
			seen = append(seen, s.Group)
		}
	}
	return append(without(groups, seen...), seen...)
}

// tooLarge: a large hello met neither a choice nor a refusal of what it offers. Smaller ones
// from now on.
func (l *listing) tooLarge(s sent) bool {
	return len(s.suites) > safeSuites && (l.perHas.Load() == 0 || l.perHas.Load() > safeSuites) &&
		s.Outcome != facts.OutcomeFailed && func() bool { l.perHas.Store(safeSuites); return true }()
}

// refusesByReset says whether a reset or a close is this peer's way of refusing an offer:
// Schannel answers a hello without a common suite so. It is, when each kind of suite in the offer
// is reset alone as well, and a suite that was accepted before still is, before and after. When
// the latter is not, something has begun to block us, and nothing more is sent; when a part of
// the offer is answered, something resets offers for what else is in them.
func (l *listing) refusesByReset(ctx context.Context, a *accepted, offer []uint16, s sent) bool {
	if !wordless(s) || len(a.suites) == 0 {
		return false
	}
	again := func(suites []uint16) sent { return l.ask(ctx, "", l.at(a.version, suites), hello.Choice) }
	answers := func() bool { return again(a.suites[:1]).ok(a.version) }
	if !answers() {
		return false
	}
	for _, part := range kinds(offer) {
		switch s := again(part); {
		case s.ok(a.version):
			l.note(s)
			a.suites = append(a.suites, s.Suite)
			l.stop(filtered)
			return false
		case s.Outcome == facts.OutcomeOK, s.Outcome == facts.OutcomeAlert:
			l.stop(filtered)
			return false
		case !wordless(s):
			return false
		}
	}
	if !answers() {
		return false
	}
	l.resets.Store(true)
	return true
}

// filtered is why a list ends where a reset was not the console's refusal.
var filtered = &facts.Failure{
	Kind: facts.Unreachable, Code: string(facts.OutcomeReset),
	Detail: "something on the way resets hellos for some of the suites in them: a part of what was reset is answered",
}

// wordless is an end that a server may mean as a refusal, and a filter as well.
func wordless(s sent) bool {
	return s.Outcome == facts.OutcomeReset || s.Outcome == facts.OutcomeClosed
}

// kinds parts an offer by what filters go for: suites without encryption, without
// authentication or of export strength, the other ones that are weak by now, and the rest.
func kinds(offer []uint16) [][]uint16 {
	var parts [3][]uint16
	for _, id := range offer {
		i := 0
		switch name := ciphersuite.Name(id); {
		case strings.Contains(name, "EXPORT"), strings.Contains(name, "NULL"), strings.Contains(name, "_anon_"):
			i = 2
		case ciphersuite.Weak(id):
			i = 1
		}
		parts[i] = append(parts[i], id)
	}
	return slices.DeleteFunc(parts[:], func(part []uint16) bool { return len(part) == 0 })
}

func kindOf(o facts.Outcome) facts.Kind {
	if o == facts.OutcomeTimeout {
		return facts.Timeout
	}
	return facts.Unreachable
}

// infer takes the suites of TLS 1.2 to be accepted at a lower version, where they exist there:
// one of them was chosen, or is now, and everything else is refused together. What is not refused
// is listed one by one. At SSL 3.0 the suites with elliptic curves have to show one of themselves:
// some servers of the time had them there, and some did not.
func (l *listing) infer(ctx context.Context, version uint16, known, at12 []uint16) accepted {
	a := accepted{version: version, suites: slices.Clone(known)}
	rest := without(ciphersuite.At(version), known...)
	var likely [2][]uint16
	for _, id := range at12 {
		if i := 0; slices.Contains(ciphersuite.At(version), id) {
			if version == ciphersuite.SSL30 && strings.Contains(ciphersuite.Name(id), "_ECDH") {
				i = 1
			}
			likely[i] = append(likely[i], id)
		}
	}
	for _, part := range likely {
		if len(part) == 0 {
			continue
		}
		if !slices.ContainsFunc(known, func(id uint16) bool { return slices.Contains(part, id) }) {
			s, ok := l.offer(ctx, &a, part)
			if !ok {
				return a
			}
			rest = without(rest, part...)
			if !s.ok(version) { // they are refused here, all of them
				continue
			}
			a.suites = append(a.suites, s.Suite)
		}
		rest = without(rest, part...)
		a.inferred = append(a.inferred, without(part, a.suites...)...)
	}
	a.complete = l.drain(ctx, &a, rest)
	a.suites = append(a.suites, a.inferred...)
	return a
}

// write puts the lists into the fact.
func (l *listing) write(fact *facts.Console, results []accepted) {
	seen := []facts.SuiteSeen{}
	for i, r := range results {
		for _, id := range r.suites {
			seen = append(seen, facts.SuiteSeen{
				Version: versions[i].name, ID: id, Inferred: slices.Contains(r.inferred, id),
			})
		}
		if r.complete {
			fact.SuitesTried = append(fact.SuitesTried, ciphersuite.At(versions[i].id)...)
		}
	}
	fact.SuitesByReset = l.resets.Load()
	slices.Sort(fact.SuitesTried)
	fact.SuitesTried = slices.Compact(fact.SuitesTried)
	var used []uint16
	for _, s := range l.sent {
		if s.Group != 0 && s.sameServer() && !slices.Contains(used, s.Group) {
			used = append(used, s.Group)
		}
	}
	fact.Groups = facts.Partly(used, &facts.Failure{
		Kind: facts.NotCollected, Detail: "only the groups that the hellos for the suites have shown",
	})
	switch stopped := l.stopped.Load(); {
	case stopped != nil:
		fact.Suites = facts.Partly(seen, stopped)
	case len(seen) == 0 && len(fact.SuitesTried) == 0:
		fact.Suites.Failure.Detail = nothingAnswered
	default:
		fact.Suites = facts.Got(seen)
	}
}

// preference is whose order decides. A choice that is not the first acceptable one of an offer
// shows that it is the server's; otherwise the list is offered once more, in reverse.
func (l *listing) preference(ctx context.Context, results []accepted) facts.Preference {
	var best accepted
	for _, r := range results {
		if r.complete && len(r.suites)-len(r.inferred) > 1 && len(r.suites) >= len(best.suites) {
			best = r
		}
		for _, s := range l.sent {
			if s.sameServer() && s.ok(r.version) && firstOf(s.suites, r.suites) != s.Suite {
				return facts.PreferenceServer
			}
		}
	}
	if best.suites == nil || l.over(ctx) {
		return ""
	}
	reversed := slices.Clone(best.suites)
	slices.Reverse(reversed)
	s := l.ask(ctx, "", l.at(best.version, reversed), hello.Choice)
	switch {
	case !s.ok(best.version):
		return ""
	case s.Suite == reversed[0]:
		return facts.PreferenceClient
	default:
		return facts.PreferenceServer
	}
}

// firstOf is the first of an offer that is acceptable.
func firstOf(offer, acceptable []uint16) uint16 {
	for _, id := range offer {
		if slices.Contains(acceptable, id) {
			return id
		}
	}
	return 0
}

// groups lists the key exchange groups, in the same way as the suites. That is g+1 more hellos
// for g groups, so it is done for clients only, where it can decide.
func (l *listing) groups(ctx context.Context, fact *facts.Console, results []accepted) {
	if !l.o.Clients {
		return
	}
	version, suites, left := uint16(0), []uint16(nil), slices.Clone(groups)
	for _, r := range results { // the highest last
		with := slices.DeleteFunc(slices.Clone(r.suites), func(id uint16) bool {
			return r.version != ciphersuite.TLS13 && !ciphersuite.ECDHE(id)
		})
		if len(with) > 0 && r.version >= ciphersuite.TLS12 {
			version, suites = r.version, with
		}
	}
	if version == 0 {
		fact.Groups.Failure.Detail = "no suite at TLS 1.2 or later uses a group"
		return
	}
	if version == ciphersuite.TLS13 {
		left = append(left, hybrids...)
	}
	tried, used := slices.Clone(left), *fact.Groups.Value
	left = without(left, used...)
	for len(left) > 0 {
		if l.over(ctx) {
			fact.Groups.Failure = l.stopped.Load()
			return
		}
		spec := l.at(version, suites)
		spec.Groups = left
		s := l.ask(ctx, "", spec, hello.Whole)
		if s.Outcome != facts.OutcomeOK || s.Group == 0 || !slices.Contains(left, s.Group) {
			if s.Outcome == facts.OutcomeOK || refuses(s) || l.stillAnswers(ctx, version, suites, used, s) {
				break // no suite with a group, or none of these groups
			}
			fact.Groups = facts.Partly(used, &facts.Failure{
				Kind: kindOf(s.Outcome), Code: string(s.Outcome), Detail: "the enumeration of groups broke off: " + s.Detail,
			})
			return
		}
		used = append(used, s.Group)
		left = without(left, s.Group)
	}
	slices.Sort(tried)
	fact.Groups, fact.GroupsTried = facts.Got(used), tried
}

// stillAnswers: an unusual alert, and a reset from a console that refuses so, is a refusal when the
// same hello with groups that are known to be good is still answered. (Java says
// unexpected_message.)
func (l *listing) stillAnswers(ctx context.Context, version uint16, suites, used []uint16, s sent) bool {
	if s.Outcome != facts.OutcomeAlert && (!wordless(s) || !l.resets.Load()) || len(used) == 0 {
		return false
	}
	spec := l.at(version, suites)
	spec.Groups = used
	return l.ask(ctx, "", spec, hello.Choice).Outcome == facts.OutcomeOK
}

func without(ids []uint16, gone ...uint16) []uint16 {
	return slices.DeleteFunc(slices.Clone(ids), func(x uint16) bool { return slices.Contains(gone, x) })
}
