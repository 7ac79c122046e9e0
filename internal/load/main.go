//go:build linux

// Load measures a whole check against the practice organisation in another process: how its
// wall time compares with its critical path when every answer takes 80 ms, and how much
// memory it takes at its peak. It prints Markdown tables for docs/performance.md.
//
// What belongs here: starting the two processes and reading what they and the kernel say.
// What does not: anything that a check does, or a limit that makes it fail. Use: make load.
package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	latency = "80ms"
	runs    = 5
	limit   = time.Minute // of one check
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	only := flag.Bool("start", false, "measure the start alone")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: load [-start] CASDOCTOR")
		os.Exit(2)
	}
	what := measure
	if *only {
		what = start
	}
	if err := what(ctx, os.Stdout, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, w io.Writer, casdoctor string) error {
	type row struct{ scenario, only, latency string }
	_, _ = fmt.Fprintf(w, "| Practice organisation | Checks | Critical path | Wall time | Ratio, %d runs | Processor time |\n|---|---|---|---|---|---|\n", runs)
	for _, r := range []row{
		{"healthy", "", latency}, {"mfa-per-user", "MFA-01", latency}, {"earlier-provisioning", "MFA-01,BND-01", latency},
		{"large-tenant", "MFA-01", latency},
	} {
		all, err := check(ctx, casdoctor, r.scenario, r.only, r.latency)
		if err != nil {
			return err
		}
		var path, wall, ratio, cpu []string
		for _, m := range all {
			path, wall = append(path, strconv.Itoa(m.path)), append(wall, strconv.Itoa(m.wall))
			cpu = append(cpu, strconv.FormatInt(m.cpu.Milliseconds(), 10))
			ratio = append(ratio, fmt.Sprintf("%.2f", float64(m.wall)/float64(m.path)))
		}
		_, _ = fmt.Fprintf(w, "| %s | %s | %s ms | %s ms | %s | %s ms |\n", r.scenario, named(r.only),
			strings.Join(path, ", "), strings.Join(wall, ", "), strings.Join(ratio, ", "), strings.Join(cpu, ", "))
	}
	_, _ = fmt.Fprintf(w, "\n| Practice organisation | Checks | Peak memory, %d runs |\n|---|---|---|\n", runs)
	for _, r := range []row{{"healthy", "", "0s"}, {"large-tenant", "MFA-01", "0s"}, {"large-tenant", "", "0s"}} {
		all, err := check(ctx, casdoctor, r.scenario, r.only, r.latency)
		if err != nil {
			return err
		}
		var peak []string
		for _, m := range all {
			peak = append(peak, fmt.Sprintf("%.1f", float64(m.peak)/(1<<20)))
		}
		_, _ = fmt.Fprintf(w, "| %s | %s | %s MiB |\n", r.scenario, named(r.only), strings.Join(peak, ", "))
	}
	_, _ = fmt.Fprintf(w, "\n%s\n", machine())
	return nil
}

// start prints how long casdoctor takes to do nothing, and a whole check that waits for nobody.
func start(ctx context.Context, w io.Writer, casdoctor string) error {
	const starts = 60
	var wall, cpu []time.Duration
	var peak, faults []int64
	for range starts {
		c := exec.CommandContext(ctx, casdoctor, "version") //nolint:gosec // G204: the program that is measured
		begin := time.Now()
		if err := c.Run(); err != nil {
			return err
		}
		wall, cpu = append(wall, time.Since(begin)), append(cpu, c.ProcessState.UserTime()+c.ProcessState.SystemTime())
		if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
			peak, faults = append(peak, usage.Maxrss<<10), append(faults, usage.Minflt)
		}
	}
	slices.Sort(wall)
	slices.Sort(cpu)
	slices.Sort(peak)
	slices.Sort(faults)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	_, _ = fmt.Fprintf(w, "| `casdoctor version`, %d runs | Least | Median |\n|---|---|---|\n", starts)
	_, _ = fmt.Fprintf(w, "| wall time | %.1f ms | %.1f ms |\n", ms(wall[0]), ms(wall[starts/2]))
	_, _ = fmt.Fprintf(w, "| processor time | %.1f ms | %.1f ms |\n", ms(cpu[0]), ms(cpu[starts/2]))
	_, _ = fmt.Fprintf(w, "| peak memory | %.1f MiB | %.1f MiB |\n", float64(peak[0])/(1<<20), float64(peak[starts/2])/(1<<20))
	_, _ = fmt.Fprintf(w, "| page faults | %d | %d |\n\n", faults[0], faults[starts/2])
	all, err := check(ctx, casdoctor, "healthy", "", "0s")
	if err != nil {
		return err
	}
	var took []string
	for _, m := range all {
		took = append(took, strconv.Itoa(m.wall))
	}
	info, err := os.Stat(casdoctor)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(w, "A check of the healthy practice organisation without added latency: %s ms. The binary: %d bytes.\n\n%s\n",
		strings.Join(took, ", "), info.Size(), machine())
	return nil
}

// machine says what this was measured on, and what else was going on, where the kernel says so.
func machine() string {
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("%d cores, %s %s/%s, load %s", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH,
		strings.TrimSpace(string(load)))
}

func named(only string) string {
	if only == "" {
		return "all"
	}
	return only
}

// measured is one check.
type measured struct {
	path, wall int           // ms
	cpu        time.Duration // of the whole process, its start included
	peak       int64         // bytes
}

var (
	command = regexp.MustCompile(`(?m)^casdoctor (check .*)$`)
	result  = regexp.MustCompile(`critical path (\d+) ms, wall time (\d+) ms`)
)

// check keeps the scenario up in one process, and checks it in others.
func check(ctx context.Context, casdoctor, scenario, only, latency string) (all []measured, err error) {
	serving, end := context.WithCancel(ctx)
	defer end()
	demo := exec.CommandContext(serving, casdoctor, "demo", scenario, "--serve", "--latency", latency) //nolint:gosec // G204: the program that is measured
	demo.Cancel = func() error { return demo.Process.Signal(os.Interrupt) }
	out, err := demo.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := demo.Start(); err != nil {
		return nil, err
	}
	defer func() {
		end()
		_ = demo.Wait() // an interrupt is how it ends
	}()
	var args []string
	for lines := bufio.NewScanner(out); args == nil && lines.Scan(); {
		if m := command.FindStringSubmatch(lines.Text()); m != nil {
			args = strings.Fields(m[1])
		}
	}
	if args == nil {
		return nil, fmt.Errorf("%s: casdoctor demo --serve has not said what to run", scenario)
	}
	args = append(args, "--timings")
	if only != "" {
		args = append(args, "--only", only)
	}
	for range runs {
		m, err := once(ctx, casdoctor, args)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", scenario, err)
		}
		all = append(all, m)
	}
	return all, nil
}

func once(ctx context.Context, casdoctor string, args []string) (measured, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var stderr bytes.Buffer
	c := exec.CommandContext(ctx, casdoctor, args...) //nolint:gosec // G204: the program that is measured
	c.Stderr = &stderr
	err := c.Run() // 1 is a trouble that was found
	m := result.FindStringSubmatch(stderr.String())
	usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if m == nil || !ok {
		return measured{}, fmt.Errorf("no timings: %w\n%s", err, stderr.String())
	}
	path, _ := strconv.Atoi(m[1]) // digits, by the expression
	wall, _ := strconv.Atoi(m[2])
	return measured{path: path, wall: wall, peak: usage.Maxrss << 10, cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime()}, nil // Linux counts in KiB
}
