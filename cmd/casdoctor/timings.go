package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/probes/facts"
)

// timings prints the facts, the slowest first; the waits that a service's limits or its
// answers asked for; and the wall time beside the longest chain of calls that need each
// other, which no run could be shorter than. wall is 0 when the evidence was replayed.
func timings(w io.Writer, ev *facts.Evidence, wall time.Duration) {
	type wait struct {
		requests        int
		limited, paused time.Duration
	}
	waits := map[string]wait{}
	var path time.Duration
	names := slices.SortedFunc(maps.Keys(ev.Facts), func(a, b string) int {
		return cmp.Or(cmp.Compare(ev.Facts[b].Took, ev.Facts[a].Took), strings.Compare(a, b))
	})
	for _, n := range names {
		f := ev.Facts[n]
		path = max(path, f.Path)
		var waited time.Duration
		for _, r := range f.Requests {
			waited += r.Waited
			of := waits[cmp.Or(r.Family, "others")]
			of.requests++
			of.limited += r.Waited - r.Paused
			of.paused += r.Paused
			waits[cmp.Or(r.Family, "others")] = of
		}
		_, _ = fmt.Fprintf(w, "%-26s %7d ms  %7d ms path  %3d requests  %5d ms waited\n",
			n, f.Took.Milliseconds(), f.Path.Milliseconds(), len(f.Requests), waited.Milliseconds())
	}
	for _, family := range slices.Sorted(maps.Keys(waits)) {
		of := waits[family]
		_, _ = fmt.Fprintf(w, "waits: %-26s %4d requests  %5d ms rate limit  %5d ms Retry-After\n",
			family, of.requests, of.limited.Milliseconds(), of.paused.Milliseconds())
	}
	_, _ = fmt.Fprintf(w, "critical path %d ms", path.Milliseconds())
	if wall > 0 {
		_, _ = fmt.Fprintf(w, ", wall time %d ms, ratio %.2f", wall.Milliseconds(), float64(wall)/float64(max(path, time.Millisecond)))
	}
	_, _ = fmt.Fprintln(w)
}
