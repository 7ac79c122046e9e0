package checks

import "github.com/casdoctor/casdoctor/internal/maildns"

// domainKey is the form in which two spellings of a domain name are the same.
func domainKey(name string) string { return maildns.Name(name) }
