//go:build !windows

package main

import "os"

// colours reports whether a terminal understands escape sequences; every one but Windows' does.
func colours(*os.File) bool { return true }

// systemLanguage is nothing: the environment says the language.
func systemLanguage() string { return "" }
