package condaccess

import (
	"maps"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// Account is what policies can ask about the account that signs in. Its sets are made once,
// whatever the number of policies.
type Account struct {
	id       string
	guest    Tri // the user object says that it is a guest
	external Tri // the credentials belong to somewhere else
	groups   set
	roles    set
}

// set is a set of ids that may not have been read to its end. An element that came without
// its id could be any: with one of these, the set is not complete.
type set struct {
	ids      map[string]Tri
	complete bool
}

func (s set) has(id string) Tri {
	if v, ok := s.ids[id]; ok {
		return v
	}
	if s.complete {
		return False
	}
	return Unknown
}

// NewAccount gathers what is known about an account at a time. Roles are one or more lists:
// the active assignments decide about a sign-in today; to see what happens once an eligible
// Global Administrator has activated the role, pass the eligible assignments as well.
func NewAccount(
	at time.Time, u facts.User, groups facts.Seen[[]facts.Group], roles ...facts.Seen[[]facts.RoleAssignment],
) Account {
	a := Account{
		id:       u.ID,
		guest:    guest(u),
		external: external(u),
		groups:   set{ids: map[string]Tri{}, complete: groups.Complete()},
		roles:    set{ids: map[string]Tri{}, complete: len(roles) > 0},
	}
	if groups.Value != nil {
		for _, g := range *groups.Value {
			if g.ID == "" {
				a.groups.complete = false
				continue
			}
			a.groups.ids[fold(g.ID)] = True
		}
	}
	for _, list := range roles {
		a.roles.complete = a.roles.complete && list.Complete()
		if list.Value == nil {
			continue
		}
		for _, r := range *list.Value {
			switch v := counts(r, at); {
			case v == False:
			case r.RoleDefinitionID == "":
				a.roles.complete = false
			default:
				id := fold(r.RoleDefinitionID)
				a.roles.ids[id] = a.roles.ids[id].Or(v) // the zero value is Unknown, never above v
			}
		}
	}
	return a
}

// GlobalAdministrator is the template id of that role ("Microsoft Entra built-in roles").
const GlobalAdministrator = "62e90394-69f5-4237-9190-012177145e10"

// With is the account as it would be with one more role, tenant-wide and active: what becomes
// of a sign-in once a delegate has been promoted, or an eligible role activated. The account
// itself stays as it is.
func (a Account) With(roleTemplateID string) Account {
	ids := maps.Clone(a.roles.ids)
	if ids == nil {
		ids = map[string]Tri{}
	}
	ids[fold(roleTemplateID)] = True
	a.roles.ids = ids
	return a
}

// counts reports whether policies that name the role look at this assignment. "Conditional
// Access: Users, groups, and workload identities": roles that are scoped to an administrative
// unit and custom roles are not supported. A custom role needs no test: policies name built-in
// roles by template id, and no custom role has one of these.
func counts(r facts.RoleAssignment, at time.Time) Tri {
	if r.StartDateTime != nil && at.Before(*r.StartDateTime) || r.EndDateTime != nil && !at.Before(*r.EndDateTime) {
		return False
	}
	if r.DirectoryScopeID == nil {
		return Unknown
	}
	return tri(*r.DirectoryScopeID == "/") // "/" is the whole tenant (unifiedRoleAssignment, directoryScopeId)
}

func guest(u facts.User) Tri {
	switch {
	case u.UserType == nil:
		return Unknown
	case strings.EqualFold(*u.UserType, "Guest"):
		return True
	case strings.EqualFold(*u.UserType, "Member"):
		return False
	}
	return Unknown
}

// external: "Properties of a Microsoft Entra B2B collaboration user" and the property
// creationType of the user resource. Graph sends null for an ordinary account, which cannot
// be told from a member that was not asked for; the #EXT# in the name of an invited user
// and the user type together settle it.
func external(u facts.User) Tri {
	if u.CreationType != nil {
		switch *u.CreationType {
		case "Invitation", "SelfServiceSignUp":
			return True
		case "EmailVerified", "LocalAccount":
		default:
			return Unknown
		}
	}
	if u.UserPrincipalName == nil {
		return Unknown
	}
	return tri(strings.Contains(strings.ToUpper(*u.UserPrincipalName), "#EXT#"))
}

// isOneOf reports whether the account is one of a kind of guests, and which word says so.
// "Authentication and Conditional Access for External ID", external user types.
func (a *Account) isOneOf(g *facts.GuestFilter) match {
	if len(g.Types) == 0 { // for no guests at all there is the word "none"
		return match{value: Unknown, code: CodeMissing}
	}
	m := match{value: False, code: CodeNotNamed}
	for _, kind := range g.Types {
		v := a.is(kind)
		if v == True && g.MembershipKind != "" && g.MembershipKind != "all" {
			// The tenant that an account comes from is not among what Graph tells about it.
			m = m.or(match{value: Unknown, code: CodeHomeTenantUnseen, arg: kind})
			continue
		}
		code := CodeGuestType
		if v == Unknown {
			code = CodeGuestTypeUnseen
		}
		m = m.or(match{value: v, code: code, arg: kind})
	}
	return m
}

func (a *Account) is(kind string) Tri {
	switch kind {
	case "none":
		return False
	case "internalGuest":
		return a.guest.And(a.external.Not())
	case "b2bCollaborationGuest":
		return a.guest.And(a.external)
	case "b2bCollaborationMember":
		return a.guest.Not().And(a.external)
	case "b2bDirectConnectUser", "serviceProvider", "otherExternalUser":
		// Nothing on a user object tells these from other external users. An account whose
		// credentials live in this tenant is none of them: the first two have no user object
		// here, and the third does not authenticate here. Policies for direct connect users
		// also hit invited ones in SharePoint Online ("Users, groups, and workload identities").
		return a.external.And(Unknown)
	}
	return Unknown
}

// fold brings an id into the form in which ids are compared: GUIDs may come in either case.
// It allocates only when something changes.
func fold(id string) string { return strings.ToLower(id) }
