package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Inheritance: what a tenant's casdoctor.yaml does not say, the defaults of agent.yaml say.
// Groups of keys are merged member by member, lists and values replace, and a null clears what
// would be inherited. The result is read like any other configuration; only where a node
// stands is remembered, for errors, for Show and for relative paths.

// neverInherited are the members that each casdoctor.yaml writes itself: whose organisation it
// is, and every secret. One of them in the defaults would open one tenant with what belongs to
// another.
var neverInherited = []string{
	"microsoft365.tenant_id",
	"microsoft365.credentials.client_secret",
	"microsoft365.credentials.certificate",
	"microsoft365.credentials.certificate_password",
	"microsoft365.credentials.workload_identity.azure_pipelines.access_token",
	"google.credentials.service_account_key",
	"cas.api.token",
	"licensing.accounts.tenant_id",
	"licensing.lmp.access_token",
	"licensing.lmp.secret_key",
}

// refuse reports the members of the defaults that are never inherited, and takes them out: they
// are said once, and not again for every tenant.
func (l *loader) refuse(n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.SequenceNode:
		for _, item := range n.Content {
			l.refuse(item, path)
		}
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			at := strings.TrimPrefix(path+"."+n.Content[i].Value, ".")
			if slices.Contains(neverInherited, at) {
				l.at(n.Content[i], "defaults."+at, complaint{"is never inherited", "write it into each casdoctor.yaml"}, "")
			} else if value := n.Content[i+1]; len(value.Content) == 0 {
				continue
			} else if l.refuse(value, at); len(value.Content) > 0 {
				continue // else nothing is left of it, and an empty group would be one more mistake
			}
			n.Content = slices.Delete(n.Content, i, i+2)
			i -= 2
		}
	default: // a value holds no members
	}
}

// inherit gives a node what it does not have of the defaults, and notes which those are.
func (l *loader) inherit(own, defaults *yaml.Node, file string) {
	for i := 0; i < len(defaults.Content); i += 2 {
		key, value := defaults.Content[i], defaults.Content[i+1]
		at := slices.IndexFunc(keys(own), func(k *yaml.Node) bool { return k.Value == key.Value })
		if at < 0 {
			l.mark(key, file)
			l.mark(value, file)
			own.Content = append(own.Content, key, value)
			continue
		}
		switch mine := own.Content[2*at+1]; {
		case mine.Kind == yaml.ScalarNode && mine.Tag == nullTag:
			own.Content = slices.Delete(own.Content, 2*at, 2*at+2)
		case mine.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode:
			l.inherit(mine, value, file)
		}
	}
}

func keys(n *yaml.Node) (out []*yaml.Node) {
	for i := 0; i < len(n.Content); i += 2 {
		out = append(out, n.Content[i])
	}
	return out
}

func (l *loader) mark(n *yaml.Node, file string) {
	l.inherited[n] = file
	for _, c := range n.Content {
		l.mark(c, file)
	}
}
