package condaccess

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Relations that hold whatever a policy says, over every scenario of the package.

// everyone is each kind of account that the tests know, as a sign-in of each kind of client.
func everyone(t *testing.T) map[string]*SignIn {
	all := map[string]*SignIn{}
	for _, who := range []string{
		"admin", "delegate", "activated", "scoped", "guest", "groups-unread", "admin from 203.0.113.9 DE", "admin from 192.0.2.1 US",
	} {
		for _, client := range clients {
			all[who+" as "+string(client)] = signingIn(t, who, client)
		}
	}
	return all
}

// TestExcludingMoreAffectsNoOneElse: an exclusion takes a policy away from accounts, or makes
// it unclear; it never puts one under it.
func TestExcludingMoreAffectsNoOneElse(t *testing.T) {
	users := func(change func(*facts.PolicyUsers)) func(*facts.Policy) {
		return func(p *facts.Policy) {
			u := facts.PolicyUsers{}
			if p.Conditions.Users != nil {
				u = *p.Conditions.Users
			}
			change(&u)
			p.Conditions.Users = &u
		}
	}
	locations := func(word string) func(*facts.Policy) {
		return func(p *facts.Policy) {
			l := facts.Locations{Include: []string{"All"}} // what a policy without the condition means
			if p.Conditions.Locations != nil {
				l = *p.Conditions.Locations
			}
			l.Exclude = append(slices.Clone(l.Exclude), word)
			p.Conditions.Locations = &l
		}
	}
	applications := func(word string) func(*facts.Policy) {
		return func(p *facts.Policy) {
			if p.Conditions.Applications == nil {
				return
			}
			a := *p.Conditions.Applications
			a.Exclude = append(slices.Clone(a.Exclude), word)
			p.Conditions.Applications = &a
		}
	}
	exclusions := map[string]func(*facts.Policy){
		"the account":   users(func(u *facts.PolicyUsers) { u.ExcludeUsers = append(slices.Clone(u.ExcludeUsers), me) }),
		"somebody":      users(func(u *facts.PolicyUsers) { u.ExcludeUsers = append(slices.Clone(u.ExcludeUsers), someone) }),
		"a new word":    users(func(u *facts.PolicyUsers) { u.ExcludeUsers = append(slices.Clone(u.ExcludeUsers), "AllContractors") }),
		"its group":     users(func(u *facts.PolicyUsers) { u.ExcludeGroups = append(slices.Clone(u.ExcludeGroups), myGroup) }),
		"another group": users(func(u *facts.PolicyUsers) { u.ExcludeGroups = append(slices.Clone(u.ExcludeGroups), noGroup) }),
		"a role":        users(func(u *facts.PolicyUsers) { u.ExcludeRoles = append(slices.Clone(u.ExcludeRoles), ga) }),
		"guests": users(func(u *facts.PolicyUsers) {
			u.ExcludeUsers = append(slices.Clone(u.ExcludeUsers), "GuestsOrExternalUsers")
		}),
		"guest types": users(func(u *facts.PolicyUsers) {
			u.ExcludeGuests = &facts.GuestFilter{Types: []string{"internalGuest", "serviceProvider"}}
		}),
		"SharePoint":     applications(SharePointOnline),
		"another app":    applications(exchange),
		"a new app word": applications("Office366"),
		"the office":     locations(office),
		"a country":      locations(germany),
		"the trusted":    locations("AllTrusted"),
		"no location":    locations(someone),
	}
	signIns := everyone(t)
	for _, c := range scenarios(t) {
		p := policy(t, c.patch)
		for what, exclude := range exclusions {
			narrower := p
			exclude(&narrower)
			for who, s := range signIns {
				before, after := Evaluate(&p, s), Evaluate(&narrower, s)
				if p.Conditions.Users != nil && p.Conditions.Users.ExcludeGuests != nil && what == "guest types" {
					continue // replaces an exclusion instead of adding one
				}
				if after.Applies > before.Applies {
					t.Errorf("%s, also excluding %s: %s: %v, was %v", c.name, what, who, after.Applies, before.Applies)
				}
				if after.Fails() > before.Fails() {
					t.Errorf("%s, also excluding %s: %s fails: %v, was %v", c.name, what, who, after.Fails(), before.Fails())
				}
			}
		}
	}
}

// TestIncludingMoreFreesNoOne is the other side: an inclusion never takes a policy away.
func TestIncludingMoreFreesNoOne(t *testing.T) {
	signIns := everyone(t)
	for _, c := range scenarios(t) {
		p := policy(t, c.patch)
		if p.Conditions.Users == nil || nothing(p.Conditions.Users) || p.Conditions.ClientApplications {
			continue // nothing that could be widened: what the answer lacks is unknown, not empty
		}
		for _, word := range []string{me, someone, "All", "GuestsOrExternalUsers", "AllContractors"} {
			u := *p.Conditions.Users
			u.IncludeUsers = append(slices.Clone(u.IncludeUsers), word)
			wider := p
			wider.Conditions.Users = &u
			for who, s := range signIns {
				if before, after := Evaluate(&p, s), Evaluate(&wider, s); after.Applies < before.Applies {
					t.Errorf("%s, also including %s: %s: %v, was %v", c.name, word, who, after.Applies, before.Applies)
				}
			}
		}
	}
}

// TestOrderSaysNothing: neither the order of the policies nor that of the words in them.
func TestOrderSaysNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	signIns := everyone(t)
	var policies []facts.Policy
	for i, c := range scenarios(t) {
		p := policy(t, c.patch)
		p.ID = fmt.Sprint(i)
		policies = append(policies, p)
	}
	results := func(list []facts.Policy) map[string]Result {
		all := map[string]Result{}
		for _, p := range Resolve(list, strengths()) {
			for who, s := range signIns {
				all[p.ID+" "+who] = Evaluate(&p, s)
			}
		}
		return all
	}
	want := results(policies)
	for range 3 {
		shuffled := make([]facts.Policy, len(policies))
		for i, p := range policies {
			shuffled[i] = reordered(p, random)
		}
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for key, got := range results(shuffled) {
			if got != want[key] {
				t.Errorf("policy %s: %s, in another order %s", key, summary(want[key]), summary(got))
			}
		}
	}
}

// reordered is the policy with the words of every list in another order.
func reordered(p facts.Policy, random *rand.Rand) facts.Policy {
	mix := func(list []string) []string {
		list = slices.Clone(list)
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return list
	}
	c := &p.Conditions
	if c.Users != nil {
		u := *c.Users
		for _, list := range []*[]string{
			&u.IncludeUsers, &u.ExcludeUsers, &u.IncludeGroups, &u.ExcludeGroups, &u.IncludeRoles, &u.ExcludeRoles,
		} {
			*list = mix(*list)
		}
		for _, g := range []**facts.GuestFilter{&u.IncludeGuests, &u.ExcludeGuests} {
			if *g != nil {
				filter := **g
				filter.Types = mix(filter.Types)
				*g = &filter
			}
		}
		c.Users = &u
	}
	if c.Applications != nil {
		a := *c.Applications
		a.Include, a.Exclude = mix(a.Include), mix(a.Exclude)
		a.UserActions, a.AuthContexts = mix(a.UserActions), mix(a.AuthContexts)
		c.Applications = &a
	}
	if c.Locations != nil {
		c.Locations = &facts.Locations{Include: mix(c.Locations.Include), Exclude: mix(c.Locations.Exclude)}
	}
	c.ClientAppTypes, c.SignInRiskLevels, c.UserRiskLevels = mix(c.ClientAppTypes), mix(c.SignInRiskLevels), mix(c.UserRiskLevels)
	if p.GrantControls != nil {
		g := *p.GrantControls
		g.BuiltInControls, g.TermsOfUse = mix(g.BuiltInControls), mix(g.TermsOfUse)
		g.CustomAuthentication = mix(g.CustomAuthentication)
		p.GrantControls = &g
	}
	p.SessionControls, p.Unrecognised = mix(p.SessionControls), mix(p.Unrecognised)
	return p
}

// TestReadingLessSettlesNothing: what was unknown does not become a verdict by taking a read
// away. The declared egress is no read: without it there is nothing against the inference that
// a service signs in from a network of its own.
func TestReadingLessSettlesNothing(t *testing.T) {
	for _, c := range scenarios(t) {
		p := policy(t, c.patch)
		for what, forget := range less {
			if what == "egress" || what == "everything but id" {
				continue
			}
			full, k := c.knowledge(), c.knowledge()
			forget(&k)
			for _, client := range clients {
				knew, knows := Evaluate(&p, full.signIn(client)), Evaluate(&p, k.signIn(client))
				if knew.Fails() == Unknown && knows.Fails() != Unknown {
					t.Errorf("%s, without %s, %s: %v, was unknown", c.name, what, client, knows.Fails())
				}
			}
		}
	}
}
