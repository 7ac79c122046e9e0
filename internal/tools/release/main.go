// Command release makes a release of casdoctor into dist/release, and with -check tries it: the
// binaries are built a second time elsewhere, the packages are installed, run, upgraded and
// removed, and everything is held against what it says of itself.
//
//	go -C internal/tools/release run . [-check [-once]] [-targets linux/amd64,…] [-debian FOLDER] ROOT
//
// It needs the module cache and no network. What belongs here: making and checking what people
// download. What does not: tests of casdoctor itself.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// target is a platform that casdoctor is released for.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

func (t target) exe() string {
	if t.os == "windows" {
		return "casdoctor.exe"
	}
	return "casdoctor"
}

const allTargets = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

// release is what is made, and where.
type release struct {
	source  string // a clone of the repository: what is not committed is not released
	out     string // dist/release
	work    string // temporary files
	commit  string
	version string // without v
	made    time.Time
	targets []target
	host    target
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	check := flag.Bool("check", false, "try what was made")
	targets := flag.String("targets", allTargets, "platforms, with commas")
	once := flag.Bool("once", false, "do not build a second time, which takes as long as the first")
	debian := flag.String("debian", "none", "a Debian root to try the packages in, or none")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: release [-check] [-targets …] [-debian FOLDER] ROOT")
	}
	if err := run(flag.Arg(0), *targets, *debian, *check, *once); err != nil {
		log.Fatal(err)
	}
}

func run(root, targets, debian string, check, once bool) error {
	r, err := newRelease(root, targets)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(r.work) }()
	if err := r.build(); err != nil {
		return err
	}
	if check {
		return r.check(debian, once)
	}
	return nil
}

func newRelease(root, targets string) (*release, error) {
	r := &release{out: filepath.Join(root, "dist", "release"), host: target{runtime.GOOS, runtime.GOARCH}}
	for _, t := range strings.Split(targets, ",") {
		if !slices.Contains(strings.Split(allTargets, ","), t) {
			return nil, fmt.Errorf("no target: %q; there are %s", t, allTargets)
		}
		system, arch, _ := strings.Cut(t, "/")
		r.targets = append(r.targets, target{system, arch})
	}
	var err error
	if r.work, err = os.MkdirTemp("", "casdoctor-release-"); err != nil {
		return nil, err
	}
	if r.source, err = r.clone(root, "source"); err != nil {
		return nil, err
	}
	if r.commit, err = output(r.source, nil, "git", "rev-parse", "HEAD"); err != nil {
		return nil, err
	}
	seconds, err := output(r.source, nil, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return nil, err
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil, err
	}
	r.made = time.Unix(unix, 0).UTC()
	// A tag is the version; any other commit is called as Go calls it.
	if tag, err := output(r.source, nil, "git", "describe", "--tags", "--exact-match"); err == nil {
		r.version = strings.TrimPrefix(tag, "v")
	} else {
		r.version = "0.0.0-" + r.made.Format("20060102150405") + "-" + r.commit[:12]
	}
	if err := os.RemoveAll(r.out); err != nil {
		return nil, err
	}
	return r, os.MkdirAll(r.out, 0o755)
}

// clone is a fresh clone in a folder of its own.
func (r *release) clone(root, name string) (string, error) {
	to := filepath.Join(r.work, name)
	_, err := output("", nil, "git", "clone", "--quiet", root, to)
	return to, err
}

// output runs a command in a folder and returns what it prints, without the last newline.
func output(dir string, env []string, name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, out, errs.String())
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}
