package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/casdoctor/casdoctor/internal/agent/proc"
)

// watch is what the agent takes of the machine, over time.
type watch struct {
	pid     int
	page    string
	browser *http.Client
	samples []sample
	cpu     time.Duration
}

type sample struct {
	at                          time.Time
	resident, goroutines, files int
}

// up waits until the page answers.
func (w *watch) up(ctx context.Context, ended chan error) error {
	for end := time.Now().Add(2 * time.Minute); ; {
		if _, err := w.get(ctx, "/healthz"); err == nil {
			return nil
		} else if time.Now().After(end) {
			return fmt.Errorf("the agent does not come up: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			ended <- err
			return errors.Join(errors.New("the agent has ended by itself"), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (w *watch) get(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.page+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := w.browser.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("%s: %s", path, resp.Status))
	}
	return string(body), err
}

// sample reads the page, the metrics and the kernel.
func (w *watch) sample(ctx context.Context) error {
	_, err := w.get(ctx, "/")
	metrics, err2 := w.get(ctx, "/metrics")
	s := sample{at: time.Now()}
	var err3, err4, err5 error
	s.resident, err3 = proc.Resident(w.pid)
	s.files, err4 = proc.Files(w.pid)
	w.cpu, err5 = proc.Processor(w.pid)
	for lines := bufio.NewScanner(strings.NewReader(metrics)); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "go_goroutines "); ok {
			s.goroutines, _ = strconv.Atoi(n)
		}
	}
	w.samples = append(w.samples, s)
	return errors.Join(err, err2, err3, err4, err5)
}

const (
	// fifths is into how many parts the time is cut: the first one is the start of the agent,
	// which grows into its work.
	fifths = 5
	// What does not count as growth from the second part to the last: how much the parts differ
	// from each other anyway, by when the garbage collector ran and what was being looked at.
	slackKiB, slackGoroutines, slackFiles = 4 << 10, 10, 5
	// shortest is the time of which growth can be said: an agent grows into its work.
	shortest = 5 * time.Minute
)

// tell prints what the agent took, and returns what grows.
func (w *watch) tell(row func(what string, figure any)) (grows []string) {
	if n := len(w.samples); n < 2*fifths || w.samples[n-1].at.Sub(w.samples[0].at) < shortest {
		row("memory, goroutines and files", "too short a time")
		return nil
	}
	part := func(i int, of func(sample) int) int {
		n := len(w.samples)
		var all []int
		for _, s := range w.samples[i*n/fifths : (i+1)*n/fifths] {
			all = append(all, of(s))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	const second, middle, last = 1, 2, 4
	resident := func(s sample) int { return s.resident }
	mib := func(i int) string { return fmt.Sprintf("%.1f", float64(part(i, resident))/1024) }
	most := slices.MaxFunc(w.samples, func(a, b sample) int { return a.resident - b.resident }).resident
	row("resident in MiB: first, middle and last fifth (medians), most", fmt.Sprintf("%s, %s, %s, %.1f", mib(0), mib(middle), mib(last), float64(most)/1024))
	row("slope of the last four fifths", fmt.Sprintf("%+.2f MiB an hour", w.slope()*3600/1024))
	row("processor time, of a core", fmt.Sprintf("%.1f %%", 100*float64(w.cpu)/float64(w.samples[len(w.samples)-1].at.Sub(w.samples[0].at))))
	for _, of := range []struct {
		what  string
		value func(sample) int
		slack int
	}{
		{"goroutines", func(s sample) int { return s.goroutines }, slackGoroutines},
		{"open files", func(s sample) int { return s.files }, slackFiles},
		{"resident memory in KiB", resident, slackKiB},
	} {
		first, end := part(second, of.value), part(last, of.value)
		if of.what != "resident memory in KiB" {
			row(of.what+": second and last fifth (medians)", fmt.Sprintf("%d, %d", first, end))
		}
		if end > first+of.slack {
			grows = append(grows, fmt.Sprintf("%s grows from %d to %d", of.what, first, end))
		}
	}
	return grows
}

// slope is that of the resident memory in KiB a second, by least squares, without the first fifth.
func (w *watch) slope() float64 {
	all := w.samples[len(w.samples)/fifths:]
	var x, y, xx, xy, n float64
	for _, s := range all {
		t, v := s.at.Sub(all[0].at).Seconds(), float64(s.resident)
		x, y, xx, xy, n = x+t, y+v, xx+t*t, xy+t*v, n+1
	}
	if d := n*xx - x*x; d > 0 {
		return (n*xy - x*y) / d
	}
	return 0
}
