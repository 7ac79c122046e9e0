package probes

import "slices"

// Select keeps the probes that are needed for the facts: those that make them, those that
// they need in turn, and no probe whose section of the configuration is absent.
func Select(list []Probe, wanted []string, sections []string) []Probe {
	need := slices.Clone(wanted)
	for i := 0; i < len(need); i++ {
		for _, p := range list {
			if p.Fact != need[i] {
				continue
			}
			for _, n := range p.Needs {
				if !slices.Contains(need, n) {
					need = append(need, n)
				}
			}
		}
	}
	var out []Probe
	for _, p := range list {
		present := p.Section == "" || slices.Contains(sections, p.Section)
		if present && slices.Contains(need, p.Fact) {
			out = append(out, p)
		}
	}
	return out
}
