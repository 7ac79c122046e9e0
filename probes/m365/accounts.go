package m365

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/reports"
	"github.com/microsoftgraph/msgraph-sdk-go/rolemanagement"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/casdoctor/casdoctor/config"
	"github.com/casdoctor/casdoctor/probes"
	"github.com/casdoctor/casdoctor/probes/facts"
)

// accountsTimeout covers a dozen calls for each of a few accounts, the registration report
// among them at one every two seconds.
const accountsTimeout = 120 * time.Second

// delegateName begins the display name of the account that automatic provisioning creates
// ("Cloud App Security Service Account for SharePoint": Trend Micro, KA-0009723).
const delegateName = "Cloud App Security Service Account"

// mostHidden bounds the groups whose roles are asked for although Graph does not tell
// whether they can have any. Without GroupMember.Read.All it tells so of none, and an
// account can be in hundreds.
const mostHidden = 20

func accountsProbe() probes.Probe {
	return probes.New(facts.M365Accounts, probes.Probe{
		Doc: "the accounts that provisioning signs in with: existence, per-user MFA (beta), registered methods, " +
			"groups and roles (GET /users/{id} and below, /roleManagement/directory)",
		Section: section,
		Needs:   []string{facts.M365Tenant.Name},
		Timeout: accountsTimeout,
		Permissions: []probes.Permission{
			grant(userCall, "shows whether the accounts exist, can sign in, and which groups they are in",
				"user", "groups", "delegates_found"),
			grant(perUserMFACall, "shows the per-user MFA state of the accounts", "per_user_mfa"),
			grant(registrationCall, "shows whether an account has registered a second factor", "registration"),
			grant(rolesCall, "shows the directory roles that policies go by", "roles"),
			grant(eligibleRolesCall, "shows the roles that an account can activate", "eligible_roles"),
			{
				Service: "graph", Name: hiddenGroups.permission, Optional: true, Members: []string{"groups", "roles"},
				Why: "shows which groups can carry a role, for accounts in more than 20 groups",
			},
		},
	}, accounts)
}

// hiddenGroups is no call of its own: it is what a better answer to groupsCall needs.
var hiddenGroups = call{what: "the roles of the account's groups", permission: "GroupMember.Read.All"}

func accounts(ctx context.Context, env *probes.Env) (facts.AccountSet, error) {
	s, err := open(env)
	if err != nil {
		return facts.AccountSet{}, err
	}
	ctx, cancel := inTime(ctx)
	defer cancel()

	// Every account goes its own way: none waits for another.
	var found facts.Seen[[]delegate]
	subjects := named(env.Config.Microsoft365)
	var others []*facts.Account
	tasks := []func(context.Context){func(ctx context.Context) {
		found = s.delegates(ctx)
		var more []func(context.Context)
		for _, d := range unnamed(found, subjects) {
			a := &facts.Account{Address: d.address(), Role: facts.FoundDelegate}
			others = append(others, a)
			more = append(more, func(ctx context.Context) { s.found(ctx, a, d.ID) })
		}
		together(ctx, more...)
	}}
	for _, a := range subjects {
		tasks = append(tasks, func(ctx context.Context) { s.look(ctx, a) })
	}
	together(ctx, tasks...)

	set := facts.AccountSet{DelegatesFound: addresses(found), Accounts: []facts.Account{}}
	for _, a := range append(subjects, others...) {
		set.Accounts = append(set.Accounts, *a)
	}
	return set, nil
}

// named are the accounts of the configuration, each once in each role.
func named(m *config.Microsoft365) []*facts.Account {
	var list []*facts.Account
	if m.GlobalAdmin != "" {
		list = append(list, &facts.Account{Address: m.GlobalAdmin, Role: facts.GlobalAdmin})
	}
	for _, address := range m.Delegates {
		if !slices.ContainsFunc(list, func(a *facts.Account) bool {
			return a.Role == facts.Delegate && strings.EqualFold(a.Address, address)
		}) {
			list = append(list, &facts.Account{Address: address, Role: facts.Delegate})
		}
	}
	return list
}

// delegate is a user whose display name is the one that provisioning gives.
type delegate struct {
	ID                string  `json:"id"`
	UserPrincipalName *string `json:"userPrincipalName"`
}

func (d delegate) address() string {
	if d.UserPrincipalName == nil {
		return d.ID
	}
	return *d.UserPrincipalName
}

func (s *session) delegates(ctx context.Context) facts.Seen[[]delegate] {
	filter, count := "startswith(displayName,'"+delegateName+"')", true
	return list(ctx, s, delegatesCall.ask(
		users.NewUsersRequestBuilderInternal(s.base(), s.adapter).ToGetRequestInformation(ctx,
			&users.UsersRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.UsersRequestBuilderGetQueryParameters{
					Filter: &filter, Count: &count, Select: []string{"id", "userPrincipalName"},
				},
			}),
	), known(func(d delegate) string { return d.ID }))
}

func addresses(found facts.Seen[[]delegate]) facts.Seen[[]string] {
	if found.Value == nil {
		return facts.Seen[[]string]{Failure: found.Failure, From: found.From}
	}
	list := []string{}
	for _, d := range *found.Value {
		list = append(list, d.address())
	}
	slices.Sort(list) // Graph promises no order, and evidence of the same tenant should be the same
	return facts.Seen[[]string]{Value: &list, Failure: found.Failure, From: found.From}
}

// unnamed are the delegates that the configuration does not name, by address.
func unnamed(found facts.Seen[[]delegate], subjects []*facts.Account) []delegate {
	if found.Value == nil {
		return nil
	}
	var list []delegate
	for _, d := range *found.Value {
		if !slices.ContainsFunc(subjects, func(a *facts.Account) bool {
			return strings.EqualFold(a.Address, d.address())
		}) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b delegate) int { return strings.Compare(a.address(), b.address()) })
	return list
}

// user asks for a user by object id or user principal name.
func (s *session) user(ctx context.Context, id string) facts.Seen[facts.User] {
	return object(ctx, s, userCall.ask(
		users.NewUsersRequestBuilderInternal(s.base(), s.adapter).ByUserId(id).ToGetRequestInformation(ctx,
			&users.UserItemRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: []string{
					"id", "userPrincipalName", "displayName", "userType", "creationType", "accountEnabled",
					"onPremisesSyncEnabled", "passwordPolicies", "passwordProfile", "lastPasswordChangeDateTime", "createdDateTime",
				}},
			}),
	), decodeUser)
}

func decodeUser(raw json.RawMessage) (facts.User, error) {
	// The members of passwordProfile are in the fact beside the user's own.
	type wire struct {
		facts.User
		PasswordProfile *struct {
			Force *bool `json:"forceChangePasswordNextSignIn"`
		} `json:"passwordProfile"`
	}
	u, err := known(func(u wire) string { return u.ID })(raw)
	if u.PasswordProfile != nil {
		u.ForceChangePasswordNextSignIn = u.PasswordProfile.Force
	}
	return u.User, err
}

// look asks for an account by its address, and then for its members.
func (s *session) look(ctx context.Context, a *facts.Account) {
	a.User = s.user(ctx, a.Address)
	if a.User.Value == nil {
		unasked(a)
		return
	}
	s.members(ctx, a, a.User.Value.ID)
}

// found asks for an account whose object id is known, and for its members beside it.
func (s *session) found(ctx context.Context, a *facts.Account, id string) {
	together(ctx,
		func(ctx context.Context) { a.User = s.user(ctx, id) },
		func(ctx context.Context) { s.members(ctx, a, id) },
	)
}

// unasked says of the members of an account that could not be read why there are none.
func unasked(a *facts.Account) {
	why := *a.User.Failure
	why.Detail = "not asked, because the account could not be read: " + why.Detail
	a.PerUserMFA = facts.Missed[facts.PerUserMFA](&why)
	a.Registration = facts.Missed[facts.Registration](&why)
	a.Groups = facts.Missed[[]facts.Group](&why)
	a.Roles = facts.Missed[[]facts.RoleAssignment](&why)
	a.EligibleRoles = facts.Missed[[]facts.RoleAssignment](&why)
}

// members fill in the account's other members. All go by the object id: a user principal
// name can hold characters that not every call takes, and can change.
func (s *session) members(ctx context.Context, a *facts.Account, id string) {
	var in facts.Seen[[]group]
	var active, eligible facts.Seen[[]facts.RoleAssignment]
	together(ctx,
		func(ctx context.Context) { a.PerUserMFA = s.perUserMFA(ctx, id) },
		func(ctx context.Context) { a.Registration = s.registration(ctx, id) },
		func(ctx context.Context) {
			together(ctx,
				func(ctx context.Context) { in = s.groups(ctx, id) },
				func(ctx context.Context) { active = list(ctx, s, s.activeRoles(ctx, id), role) },
				func(ctx context.Context) { eligible = list(ctx, s, s.eligibleRoles(ctx, id), role) },
			)
			a.Groups = withoutFlags(in)
			s.rolesOf(ctx, a, in, active, eligible)
		},
	)
}

// perUserMFA asks the beta version: v1.0 has no such call, and the SDK is made for v1.0.
func (s *session) perUserMFA(ctx context.Context, id string) facts.Seen[facts.PerUserMFA] {
	u := s.root.JoinPath("beta", "users", url.PathEscape(id), "authentication", "requirements")
	return object(ctx, s, question{call: perUserMFACall, url: u}, as[facts.PerUserMFA])
}

func (s *session) registration(ctx context.Context, id string) facts.Seen[facts.Registration] {
	return object(ctx, s, registrationCall.ask(
		reports.NewAuthenticationMethodsUserRegistrationDetailsRequestBuilderInternal(s.base(), s.adapter).
			ByUserRegistrationDetailsId(id).ToGetRequestInformation(ctx, nil),
	), as[facts.Registration])
}

// group is a group with what tells whether it can have a role. Graph sends null for
// isAssignableToRole of an ordinary group; of a group that the application may not read, it
// sends null for everything but the id ("List a user's memberships", limited information
// for inaccessible member objects). Every group has a display name.
type group struct {
	facts.Group
	IsAssignableToRole *bool `json:"isAssignableToRole"`
}

func (g group) hidden() bool { return g.DisplayName == nil && g.IsAssignableToRole == nil }

func (s *session) groups(ctx context.Context, id string) facts.Seen[[]group] {
	count, most := true, int32(999) // the largest page of directory objects
	return list(ctx, s, groupsCall.ask(
		users.NewUsersRequestBuilderInternal(s.base(), s.adapter).ByUserId(id).TransitiveMemberOf().GraphGroup().
			ToGetRequestInformation(ctx, &users.ItemTransitiveMemberOfGraphGroupRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.ItemTransitiveMemberOfGraphGroupRequestBuilderGetQueryParameters{
					Count: &count, Top: &most, Select: []string{"id", "displayName", "isAssignableToRole"},
				},
			}),
	), known(func(g group) string { return g.ID }))
}

func withoutFlags(in facts.Seen[[]group]) facts.Seen[[]facts.Group] {
	out := facts.Seen[[]facts.Group]{Failure: in.Failure, From: in.From}
	if in.Value != nil {
		list := make([]facts.Group, len(*in.Value))
		for i, g := range *in.Value {
			list[i] = g.Group
		}
		out.Value = &list
	}
	return out
}

// roleHolders are the groups whose roles are the account's: those that have or may have
// roles. The failure says why that may not be all of them.
func roleHolders(in facts.Seen[[]group]) ([]string, *facts.Failure) {
	if in.Value == nil {
		return nil, in.Failure
	}
	var ids, hidden []string
	for _, g := range *in.Value {
		switch {
		case g.hidden():
			hidden = append(hidden, g.ID)
		case g.IsAssignableToRole != nil && *g.IsAssignableToRole:
			ids = append(ids, g.ID)
		}
	}
	if len(hidden) <= mostHidden {
		return append(ids, hidden...), in.Failure
	}
	if in.Failure != nil {
		return ids, in.Failure
	}
	return ids, &facts.Failure{
		Kind: facts.Forbidden, Permission: hiddenGroups.permission,
		Detail: "the application may not see which of the account's many groups can have a role",
	}
}

// rolesOf are the roles of the account: its own, which are there, and those of its groups,
// asked for in few round trips because an account can be in many.
func (s *session) rolesOf(
	ctx context.Context, a *facts.Account, in facts.Seen[[]group], active, eligible facts.Seen[[]facts.RoleAssignment],
) {
	holders, rest := roleHolders(in)
	var questions []question
	for _, id := range holders {
		// Without a licence or a permission the groups would not fare better.
		if active.Value != nil {
			questions = append(questions, s.activeRoles(ctx, id))
		}
		if eligible.Value != nil {
			questions = append(questions, s.eligibleRoles(ctx, id))
		}
	}
	found := lists(ctx, s, questions, role)
	var ofActive, ofEligible []facts.Seen[[]facts.RoleAssignment]
	for i, q := range questions {
		if q.what == rolesCall.what {
			ofActive = append(ofActive, found[i])
		} else {
			ofEligible = append(ofEligible, found[i])
		}
	}
	a.Roles, a.EligibleRoles = joined(active, ofActive, rest), joined(eligible, ofEligible, rest)
}

// joined are the roles of all holders. rest says why there may be more holders. The call is
// that of the account's own roles; the answer was there with the last group's.
func joined(own facts.Seen[[]facts.RoleAssignment], groups []facts.Seen[[]facts.RoleAssignment], rest *facts.Failure) facts.Seen[[]facts.RoleAssignment] {
	if own.Value == nil {
		return own
	}
	all, failure, from := slices.Clone(*own.Value), own.Failure, *own.From
	for _, g := range groups {
		failure = cmp.Or(failure, g.Failure)
		if g.Value != nil {
			all = append(all, *g.Value...)
		}
		if g.From != nil && g.From.At.After(from.At) {
			from.At = g.From.At
		}
	}
	return facts.Seen[[]facts.RoleAssignment]{Value: &all, Failure: cmp.Or(failure, rest), From: &from}
}

var role = known(func(r facts.RoleAssignment) string { return r.RoleDefinitionID })

func ofPrincipal(id string) *string {
	return new("principalId eq '" + quoted(id) + "'")
}

func (s *session) activeRoles(ctx context.Context, holder string) question {
	return rolesCall.ask(
		rolemanagement.NewDirectoryRoleAssignmentsRequestBuilderInternal(s.base(), s.adapter).ToGetRequestInformation(ctx,
			&rolemanagement.DirectoryRoleAssignmentsRequestBuilderGetRequestConfiguration{
				QueryParameters: &rolemanagement.DirectoryRoleAssignmentsRequestBuilderGetQueryParameters{Filter: ofPrincipal(holder)},
			}),
	)
}

func (s *session) eligibleRoles(ctx context.Context, holder string) question {
	return eligibleRolesCall.ask(
		rolemanagement.NewDirectoryRoleEligibilityScheduleInstancesRequestBuilderInternal(s.base(), s.adapter).
			ToGetRequestInformation(ctx,
				&rolemanagement.DirectoryRoleEligibilityScheduleInstancesRequestBuilderGetRequestConfiguration{
					QueryParameters: &rolemanagement.DirectoryRoleEligibilityScheduleInstancesRequestBuilderGetQueryParameters{
						Filter: ofPrincipal(holder),
					},
				}),
	)
}
