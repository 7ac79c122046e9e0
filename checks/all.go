package checks

// All are the checks, in the order of the vendor's page.
func All() []Check {
	return []Check{
		MFA01(),
		GDM01(),
		TLS01(),
	}
}
