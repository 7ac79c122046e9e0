package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sassoftware/go-rpmutils"
)

// wanted is what the stripped binary may take.
const wanted = 36_000_000

// check tries what build has made, and prints what came of it.
func (r *release) check(debian string, once bool) error {
	fmt.Printf("casdoctor %s, commit %s\n\n| Platform | Bytes | of %d | Static | Made again |\n|---|---|---|---|---|\n", r.version, r.commit, wanted)
	again := map[target]string{}
	if !once {
		t, err := r.again()
		if err != nil {
			return err
		}
		again[t] = "the same bytes"
	}
	for _, t := range r.targets {
		if err := r.binaryHolds(t); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		if err := r.bomHolds(t); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		info, err := os.Stat(r.binary(t))
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %d | %d %% | yes | %s |\n", t, info.Size(), info.Size()*100/wanted, cmp.Or(again[t], "not tried"))
	}
	fmt.Println()
	if _, err := output(r.out, nil, "sha256sum", "--check", "--quiet", "--strict", sumsName); err != nil {
		return err
	}
	for _, t := range r.targets {
		if t.os != "linux" {
			continue
		}
		files, err := r.rpmHolds(t)
		if err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		fmt.Printf("rpm for %s: %d files\n", t, files)
	}
	if r.host.os == "linux" && slices.Contains(r.targets, r.host) {
		if err := r.container(); err != nil {
			return fmt.Errorf("in an empty root: %w", err)
		}
		if debian == "none" {
			fmt.Println("deb: NOT tried, no Debian root was named")
		} else if err := r.installs(debian); err != nil {
			return fmt.Errorf("deb: %w", err)
		}
	}
	return nil
}

// again builds this machine's binary (or that of the first platform) from another folder, and with
// an empty build cache, and compares every byte.
func (r *release) again() (target, error) {
	t := r.targets[0]
	if slices.Contains(r.targets, r.host) {
		t = r.host
	}
	source, err := r.clone(r.source, filepath.Join("elsewhere", "deeper", "casdoctor"))
	if err != nil {
		return t, err
	}
	second := filepath.Join(r.work, "again", t.exe())
	if err := r.compile(source, t, second, "GOCACHE="+filepath.Join(r.work, "cache")); err != nil {
		return t, err
	}
	log.Printf("built %s again, with an empty cache", t)
	a, err := os.ReadFile(r.binary(t))
	if err != nil {
		return t, err
	}
	b, err := os.ReadFile(second)
	if err != nil {
		return t, err
	}
	if !bytes.Equal(a, b) {
		return t, fmt.Errorf("%s: two builds of one commit differ (%d and %d bytes)", t, len(a), len(b))
	}
	return t, nil
}

// binaryHolds: the binary is of its platform and static, was built from the commit as it is, and
// names no folder of this machine.
func (r *release) binaryHolds(t target) error {
	path := r.binary(t)
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	switch t.os {
	case "linux":
		f, err := elf.NewFile(bytes.NewReader(raw))
		if err != nil {
			return err
		}
		libraries, err := f.ImportedLibraries()
		if err != nil {
			return err
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP || len(libraries) > 0 {
				return errors.New("not static")
			}
		}
		if want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[t.arch]; f.Machine != want {
			return fmt.Errorf("for %s", f.Machine)
		}
	case "darwin": // links with the system's library: there is no other way to call the kernel
		f, err := macho.NewFile(bytes.NewReader(raw))
		if err != nil {
			return err
		}
		if want := map[string]macho.Cpu{"amd64": macho.CpuAmd64, "arm64": macho.CpuArm64}[t.arch]; f.Cpu != want {
			return fmt.Errorf("for %s", f.Cpu)
		}
	case "windows":
		f, err := pe.NewFile(bytes.NewReader(raw))
		if err != nil {
			return err
		}
		if want := map[string]uint16{"amd64": pe.IMAGE_FILE_MACHINE_AMD64, "arm64": pe.IMAGE_FILE_MACHINE_ARM64}[t.arch]; f.Machine != want {
			return fmt.Errorf("for machine %#x", f.Machine)
		}
	}
	info, err := buildinfo.Read(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	for key, want := range map[string]string{
		"CGO_ENABLED": "0", "-trimpath": "true", "-tags": tags, "GOOS": t.os, "GOARCH": t.arch,
		"vcs.revision": r.commit, "vcs.modified": "false",
	} {
		if settings[key] != want {
			return fmt.Errorf("%s is %q, not %q", key, settings[key], want)
		}
	}
	cache, err := output("", nil, "go", "env", "GOMODCACHE", "GOROOT", "GOCACHE")
	if err != nil {
		return err
	}
	for _, folder := range append(strings.Split(cache, "\n"), r.source) {
		if bytes.Contains(raw, []byte(folder+"/")) {
			return fmt.Errorf("%s is in the binary", folder)
		}
	}
	return nil
}

// bomHolds: the list has the modules of the binary in their versions, and no other.
func (r *release) bomHolds(t target) error {
	raw, err := os.ReadFile(r.bom(t))
	if err != nil {
		return err
	}
	var bom struct {
		Format     string `json:"bomFormat"`
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(raw, &bom); err != nil {
		return err
	}
	if bom.Format != "CycloneDX" {
		return fmt.Errorf("a bill of materials in the format %q", bom.Format)
	}
	info, err := buildinfo.ReadFile(r.binary(t))
	if err != nil {
		return err
	}
	var listed, linked []string
	for _, c := range bom.Components {
		if c.Name != "std" {
			listed = append(listed, c.Name+" "+c.Version)
		}
	}
	for _, m := range info.Deps {
		linked = append(linked, m.Path+" "+m.Version)
	}
	slices.Sort(listed)
	slices.Sort(linked)
	if !slices.Equal(listed, linked) {
		return fmt.Errorf("the bill of materials lists %d modules, the binary has %d", len(listed), len(linked))
	}
	return nil
}

// shipped are the files that a package has on every system.
var shipped = []string{
	"/usr/bin/casdoctor", "/usr/lib/systemd/system/casdoctor-agent.service", "/usr/share/man/man1/casdoctor.1.gz",
	"/usr/share/man/man1/casdoctor-check.1.gz", "/usr/share/bash-completion/completions/casdoctor",
	"/usr/share/fish/vendor_completions.d/casdoctor.fish", "/usr/share/doc/casdoctor/examples/casdoctor.yaml",
	"/usr/share/doc/casdoctor/examples/agent.yaml", "/usr/share/doc/casdoctor/THIRD-PARTY-NOTICES",
}

// rpmHolds reads a package back, with another library than the one that wrote it.
func (r *release) rpmHolds(t target) (int, error) {
	found, err := filepath.Glob(filepath.Join(r.out, "*."+map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[t.arch]+".rpm"))
	if err != nil || len(found) != 1 {
		return 0, fmt.Errorf("%d rpm packages: %w", len(found), err)
	}
	f, err := os.Open(found[0])
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	p, err := rpmutils.ReadRpm(f)
	if err != nil {
		return 0, err
	}
	files, err := p.Header.GetFiles()
	if err != nil {
		return 0, err
	}
	modes := map[string]int{}
	for _, f := range files {
		modes[f.Name()] = f.Mode()
		if f.UserName() != "root" || f.Mode()&0o022 != 0 {
			return 0, fmt.Errorf("%s is of %s with mode %o", f.Name(), f.UserName(), f.Mode())
		}
	}
	for _, want := range append(slices.Clone(shipped), "/usr/share/licenses/casdoctor/LICENSE", "/usr/share/zsh/site-functions/_casdoctor") {
		if _, ok := modes[want]; !ok {
			return 0, fmt.Errorf("%s is missing", want)
		}
	}
	if modes["/usr/bin/casdoctor"]&0o777 != 0o755 || modes["/etc/casdoctor/secrets"]&0o777 != 0o700 {
		return 0, errors.New("wrong modes")
	}
	return len(files), nil
}

// container runs the binary as the image does: an empty root with the roots and /tmp, a user
// without rights, no shell, no /proc, no /dev.
func (r *release) container() error {
	if os.Geteuid() != 0 {
		fmt.Println("empty root: NOT tried, chroot needs root")
		return nil
	}
	root := filepath.Join(r.work, "image")
	if err := os.MkdirAll(filepath.Join(root, "etc", "ssl", "certs"), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(root, "tmp"), 0o700); err != nil {
		return err
	}
	if err := os.Chown(filepath.Join(root, "tmp"), 65532, 65532); err != nil {
		return err
	}
	if err := copyFile(r.binary(r.host), filepath.Join(root, "casdoctor"), 0o755); err != nil {
		return err
	}
	const roots = "/etc/ssl/certs/ca-certificates.crt"
	if err := copyFile(roots, filepath.Join(root, roots), 0o644); err != nil {
		return err
	}
	for _, try := range []struct {
		args []string
		want string
	}{
		{[]string{"version"}, "casdoctor " + r.version + " "},
		{[]string{"demo"}, "READY"},
		{[]string{"demo", "healthy", "--format", "json", "-o", "/tmp/report.json"}, ""},
		{[]string{"report", "/tmp/report.json"}, "READY"},
	} {
		out, err := output("", nil, "chroot", append([]string{"--userspec=65532:65532", root, "/casdoctor"}, try.args...)...)
		if err != nil {
			return err
		}
		if !strings.Contains(out, try.want) {
			return fmt.Errorf("casdoctor %s printed %q", strings.Join(try.args, " "), out)
		}
	}
	fmt.Println("empty root: version, demo and report run as 65532")
	return nil
}

// installs tries a package in a copy of a Debian root: install, run, upgrade, remove, purge. No
// daemon is started in it, and nothing of the network is asked.
func (r *release) installs(debian string) error {
	if os.Geteuid() != 0 {
		return errors.New("chroot needs root; -debian none leaves it out")
	}
	if _, err := os.Stat(filepath.Join(debian, "usr", "bin", "dpkg")); err != nil {
		return fmt.Errorf("%s is no Debian root; make one with: debootstrap --variant=minbase bookworm %s", debian, debian)
	}
	root := filepath.Join(r.work, "debian")
	if _, err := output("", nil, "cp", "-a", debian, root); err != nil {
		return err
	}
	before, err := tree(root)
	if err != nil {
		return err
	}
	const next = "999.0.0"
	newer := filepath.Join(r.work, "newer")
	if err := os.MkdirAll(newer, 0o755); err != nil {
		return err
	}
	if err := r.pack(r.host, "deb", next, newer); err != nil {
		return err
	}
	for name, dir := range map[string]string{"this.deb": r.out, "next.deb": newer} {
		found, err := filepath.Glob(filepath.Join(dir, "*_"+r.host.arch+".deb"))
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%d deb packages in %s: %w", len(found), dir, err)
		}
		if err := copyFile(found[0], filepath.Join(root, name), 0o644); err != nil {
			return err
		}
	}
	in := func(args ...string) (string, error) {
		return output("", []string{"DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, "chroot", append([]string{root}, args...)...)
	}
	if _, err := in("dpkg", "--install", "/this.deb"); err != nil {
		return err
	}
	for _, path := range append(slices.Clone(shipped), "/usr/share/doc/casdoctor/copyright", "/usr/share/zsh/vendor-completions/_casdoctor") {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			return err
		}
	}
	if out, err := in("casdoctor", "version"); err != nil || !strings.Contains(out, r.version) {
		return fmt.Errorf("casdoctor version: %q: %w", out, err)
	}
	if _, err := in("casdoctor", "demo"); err != nil {
		return err
	}
	// What the admin wrote is theirs.
	mine := filepath.Join(root, "etc", "casdoctor", "agent.yaml")
	if err := os.WriteFile(mine, []byte("# mine\n"), 0o640); err != nil {
		return err
	}
	if _, err := in("dpkg", "--install", "/next.deb"); err != nil {
		return err
	}
	if out, err := in("dpkg-query", "--show", "--showformat=${Version} ${Status}", "casdoctor"); err != nil || out != next+" install ok installed" {
		return fmt.Errorf("after the upgrade: %q: %w", out, err)
	}
	if _, err := in("dpkg", "--remove", "casdoctor"); err != nil {
		return err
	}
	if _, err := os.Stat(mine); err != nil {
		return fmt.Errorf("the configuration is gone: %w", err)
	}
	if _, err := in("dpkg", "--purge", "casdoctor"); err != nil {
		return err
	}
	if err := os.Remove(mine); err != nil {
		return err
	}
	after, err := tree(root)
	if err != nil {
		return err
	}
	for path := range after {
		if !before[path] && !strings.HasPrefix(path, "var/") && !strings.HasSuffix(path, ".deb") && !strings.HasPrefix(path, "etc/casdoctor") {
			return fmt.Errorf("%s stays after the package is purged", path)
		}
	}
	fmt.Println("deb: installed, run, upgraded, removed and purged; what the admin wrote stayed, and nothing else")
	return nil
}

// tree are the names in a folder.
func tree(root string) (map[string]bool, error) {
	names := map[string]bool{}
	return names, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		short, err := filepath.Rel(root, path)
		names[short] = true
		return err
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, mode)
}
