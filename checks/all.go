package checks

// All are the checks, in the order of the vendor's page.
func All() []Check {
	return []Check{
		LIC01(),
		ACC01(),
		BND01(),
		MFA01(),
		GDM01(),
		SPM01(),
		TLS01(),
	}
}
