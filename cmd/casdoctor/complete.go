package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/casdoctor/casdoctor/checks"
	"github.com/casdoctor/casdoctor/internal/guide"
	"github.com/casdoctor/casdoctor/internal/lab"
)

// What a shell completes. Each function returns words with a tab and a description; a shell
// that shows none leaves it away.

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// words completes one of a few words.
func words(of []string) completion {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return of, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeList completes the last word of a list with commas, and leaves out what is in it. It
// gives no descriptions: cobra's script for bash takes a described word with a comma for none
// that was begun.
func completeList(of completion) completion {
	return func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		given := ""
		if i := strings.LastIndexByte(typed, ','); i >= 0 {
			given = typed[:i+1]
		}
		all, how := of(c, args, typed)
		var out []string
		for _, w := range all {
			word, _, _ := strings.Cut(w, "\t")
			if !slices.Contains(strings.Split(given, ","), word) {
				out = append(out, given+word)
			}
		}
		return out, how | cobra.ShellCompDirectiveNoSpace
	}
}

// titled is a word with its description in the language of the shell.
func titled(c *cobra.Command, word string, title checks.Text) string {
	lang, _ := language(c)
	return word + "\t" + title.In(lang)
}

// checkIDs completes the ids of checks.
func checkIDs(c *cobra.Command, _ []string, _ string) (ids []string, how cobra.ShellCompDirective) {
	for _, k := range checks.All() {
		ids = append(ids, titled(c, k.ID, k.Title))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// allIDs completes the ids of checks and, once a check is typed, those of its causes and fixes.
func allIDs(c *cobra.Command, args []string, typed string) (ids []string, how cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, k := range checks.All() {
		ids = append(ids, titled(c, k.ID, k.Title))
		if !strings.HasPrefix(strings.ToUpper(typed), k.ID) {
			continue
		}
		for _, cause := range k.Causes {
			ids = append(ids, titled(c, cause.ID, cause.Text))
		}
		for _, fix := range k.Fixes {
			ids = append(ids, titled(c, fix.ID, fix.Text))
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// scenarios completes the practice organisations.
func scenarios(c *cobra.Command, args []string, _ string) (names []string, how cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, sc := range lab.Scenarios() {
		lang, _ := language(c)
		title := sc.Title.EN
		if lang == "ja" {
			title = sc.Title.JA
		}
		names = append(names, sc.Name+"\t"+title)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// sections completes what casdoctor list can list, each once.
func sections(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return slices.DeleteFunc(guide.Sections(), func(s string) bool { return slices.Contains(args, s) }), cobra.ShellCompDirectiveNoFileComp
}

// files completes names of files that end so, and folders; the first argument only.
func files(extensions ...string) completion {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return extensions, cobra.ShellCompDirectiveFilterFileExt
	}
}

// completeFlags gives the flags of all commands what they complete. A flag of one name takes
// the same everywhere, unless its command has said otherwise.
func completeFlags(c *cobra.Command) {
	for name, f := range map[string]completion{
		"lang":    words([]string{"en\tEnglish", "ja\t日本語"}),
		"fail-on": words([]string{"warn", "fail"}),
		"only":    completeList(checkIDs),
		"config":  files("yaml", "yml", "json"),
		"format":  words([]string{"text", "json"}),
	} {
		flag := c.Flags().Lookup(name)
		if flag == nil {
			flag = c.PersistentFlags().Lookup(name)
		}
		if _, said := c.GetFlagCompletionFunc(name); flag != nil && !said {
			_ = c.RegisterFlagCompletionFunc(name, f)
		}
	}
	for _, sub := range c.Commands() {
		completeFlags(sub)
	}
}
