package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tags are those of the Makefile: without grpcnotrace the binary is half as large again.
const tags = "grpcnotrace"

// compile builds casdoctor from source for one platform. The result depends on the commit, the
// platform and the version of Go, and on nothing else of this machine.
func (r *release) compile(source string, t target, to string, env ...string) error {
	env = append([]string{
		"CGO_ENABLED=0", "GOFLAGS=", "GOOS=" + t.os, "GOARCH=" + t.arch, "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=",
	}, env...)
	args := []string{"build", "-trimpath", "-buildvcs=true", "-tags", tags, "-ldflags", r.ldflags(), "-o", to}
	// The components of these are called in many places, and inlining copies the whole of each: 1 MB.
	for _, pkg := range []string{"internal/report", "internal/agent/web"} {
		args = append(args, "-gcflags=github.com/casdoctor/casdoctor/"+pkg+"=-l")
	}
	_, err := output(source, env, "go", append(args, "./cmd/casdoctor")...)
	return err
}

// ldflags leave out the symbols and Go's build id, which is not the same everywhere.
func (r *release) ldflags() string { return "-s -w -buildid= -X main.release=" + r.version }

func (r *release) binary(t target) string {
	return filepath.Join(r.work, "bin", t.os+"_"+t.arch, t.exe())
}

// name is what the files of a platform begin with.
func (r *release) name(t target) string {
	return "casdoctor_" + r.version + "_" + t.os + "_" + t.arch
}

func (r *release) shared() string { return filepath.Join(r.work, "shared") }

func (r *release) build() error {
	log.Printf("casdoctor %s, commit %s", r.version, r.commit)
	for _, t := range r.withHost() {
		start := time.Now()
		if err := r.compile(r.source, t, r.binary(t)); err != nil {
			return err
		}
		log.Printf("built %s in %.0f s", t, time.Since(start).Seconds())
	}
	if err := r.companions(); err != nil {
		return err
	}
	for _, t := range r.targets {
		if err := r.archive(t); err != nil {
			return err
		}
		if err := r.billOfMaterials(t); err != nil {
			return err
		}
		if t.os == "linux" {
			for _, format := range []string{"deb", "rpm"} {
				if err := r.pack(t, format, r.version, r.out); err != nil {
					return err
				}
			}
		}
	}
	return r.sums()
}

// withHost are the targets, and this machine: its binary prints the completions.
func (r *release) withHost() []target {
	if slices.Contains(r.targets, r.host) {
		return r.targets
	}
	return append(slices.Clone(r.targets), r.host)
}

// companions makes what goes with every binary: man pages, completions, notices.
func (r *release) companions() error {
	man, completions := filepath.Join(r.shared(), "man"), filepath.Join(r.shared(), "completions")
	for _, dir := range []string{man, completions} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	env := []string{"CGO_ENABLED=0", "GOFLAGS=", fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.made.Unix())}
	if _, err := output(r.source, env, "go", "run", "-trimpath", "-tags", tags+",manpages", "-ldflags", r.ldflags(), "./cmd/casdoctor", man); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(man, "*.1"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		raw, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one that exists
		if _, err := z.Write(raw); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		if err := os.WriteFile(page+".gz", b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	for shell, name := range map[string]string{"bash": "casdoctor.bash", "zsh": "_casdoctor", "fish": "casdoctor.fish", "powershell": "casdoctor.ps1"} {
		script, err := output("", nil, r.binary(r.host), "completion", shell)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(completions, name), []byte(script+"\n"), 0o644); err != nil {
			return err
		}
	}
	notices, err := r.notices()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.shared(), "THIRD-PARTY-NOTICES"), notices, 0o644)
}

// member is a file of an archive.
type member struct {
	name, from string
	mode       fs.FileMode
}

func (r *release) members(t target) ([]member, error) {
	list := []member{
		{t.exe(), r.binary(t), 0o755},
		{"LICENSE", filepath.Join(r.source, "LICENSE"), 0o644},
		{"README.md", filepath.Join(r.source, "README.md"), 0o644},
		{"THIRD-PARTY-NOTICES", filepath.Join(r.shared(), "THIRD-PARTY-NOTICES"), 0o644},
		{"examples/casdoctor.yaml", filepath.Join(r.source, "config", "example.yaml"), 0o644},
		{"examples/agent.yaml", filepath.Join(r.source, "config", "agent.example.yaml"), 0o644},
	}
	globs := []string{"completions/casdoctor.ps1"}
	if t.os != "windows" {
		globs = []string{"completions/*", "man/*.1"}
	}
	for _, glob := range globs {
		found, err := filepath.Glob(filepath.Join(r.shared(), glob))
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			list = append(list, member{filepath.Dir(glob) + "/" + filepath.Base(f), f, 0o644})
		}
	}
	return list, nil
}

// archive writes the .tar.gz of a platform, or the .zip of Windows.
func (r *release) archive(t target) error {
	members, err := r.members(t)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	name := r.name(t) + ".tar.gz"
	if t.os == "windows" {
		name = r.name(t) + ".zip"
		err = r.zip(&b, r.name(t), members)
	} else {
		err = r.tarball(&b, r.name(t), members)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, name), b.Bytes(), 0o644)
}

func (r *release) tarball(w io.Writer, folder string, members []member) error {
	z := gzip.NewWriter(w)
	out := tar.NewWriter(z)
	for _, m := range members {
		raw, err := os.ReadFile(m.from)
		if err != nil {
			return err
		}
		head := &tar.Header{Name: folder + "/" + m.name, Mode: int64(m.mode), Size: int64(len(raw)), ModTime: r.made, Format: tar.FormatUSTAR}
		if err := out.WriteHeader(head); err != nil {
			return err
		}
		if _, err := out.Write(raw); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return z.Close()
}

func (r *release) zip(w io.Writer, folder string, members []member) error {
	out := zip.NewWriter(w)
	for _, m := range members {
		raw, err := os.ReadFile(m.from)
		if err != nil {
			return err
		}
		head := &zip.FileHeader{Name: folder + "/" + m.name, Method: zip.Deflate, Modified: r.made}
		head.SetMode(m.mode)
		f, err := out.CreateHeader(head)
		if err != nil {
			return err
		}
		if _, err := f.Write(raw); err != nil {
			return err
		}
	}
	return out.Close()
}

// tool runs one of the tools of this module in the source's folder.
func (r *release) tool(env []string, args ...string) error {
	args = append([]string{"tool", "-modfile=" + filepath.Join("internal", "tools", "release", "go.mod")}, args...)
	_, err := output(r.source, append([]string{"GOFLAGS=", "CGO_ENABLED=0"}, env...), "go", args...)
	return err
}

// pack makes a package of a Linux binary. The version is an argument because an upgrade is tried.
func (r *release) pack(t target, format, version, to string) error {
	return r.tool([]string{
		"ARCH=" + t.arch, "VERSION=" + version, "BINARY=" + r.binary(t), "SHARED=" + r.shared(),
		fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.made.Unix()),
	}, "nfpm", "package", "--config", "deploy/packages/nfpm.yaml", "--packager", format, "--target", to)
}

func (r *release) bom(t target) string { return filepath.Join(r.out, r.name(t)+".cdx.json") }

// billOfMaterials writes the CycloneDX list of the modules in a binary, as the binary itself tells them.
func (r *release) billOfMaterials(t target) error {
	return r.tool(nil, "cyclonedx-gomod", "bin", "-json", "-noserial", "-notimestamp", "-licenses", "-version", r.version, "-output", r.bom(t), r.binary(t))
}

const sumsName = "SHA256SUMS"

// sums writes what sha256sum --check reads.
func (r *release) sums() error {
	files, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(r.out, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(raw), f.Name())
	}
	return os.WriteFile(filepath.Join(r.out, sumsName), []byte(b.String()), 0o644)
}
