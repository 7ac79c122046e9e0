// Command size says what each part of casdoctor takes of the binary, as a Markdown table for
// docs/performance.md.
//
//	go -C internal/tools run ./size BINARY
//
// It reads `go tool nm -size` of a binary with its symbols, and adds up code and data by module.
// The line table (.gopclntab) has no symbols: it is shared out by code, of which it is a copy in
// other words. What nobody's name is on (strings, types, tables of the runtime) has a row of its own.
// A sum says who a byte belongs to, not what would go: Google's client, for one, is small, and
// brings gRPC and protocol buffers along.
package main

import (
	"bufio"
	"bytes"
	"debug/elf"
	"fmt"
	"log"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
)

// parts are who brings what; the longest prefix of a package's path counts.
var parts = []struct {
	name     string
	prefixes []string
}{
	{"casdoctor: agent and its page", []string{"github.com/casdoctor/casdoctor/internal/agent"}},
	{"casdoctor: practice organisation", []string{"github.com/casdoctor/casdoctor/internal/lab", "github.com/miekg/dns"}},
	{"casdoctor: reports, in every format", []string{"github.com/casdoctor/casdoctor/internal/report"}},
	{"casdoctor: checks and their words", []string{"github.com/casdoctor/casdoctor/checks"}},
	{"casdoctor: the rest", []string{"github.com/casdoctor/casdoctor", "main"}},
	{"SQLite", []string{"modernc.org", "github.com/dustin/go-humanize", "github.com/remyoudompheng", "github.com/ncruces"}},
	{"PostgreSQL", []string{"github.com/jackc"}},
	{"River and migrations", []string{"github.com/riverqueue", "github.com/pressly", "github.com/tidwall", "github.com/robfig", "github.com/sethvargo", "github.com/mfridman"}},
	{"Prometheus", []string{"github.com/prometheus", "github.com/beorn7", "github.com/cespare", "expvar", "runtime/metrics"}},
	{"OpenTelemetry", []string{"go.opentelemetry.io", "github.com/go-logr"}},
	{"templ", []string{"github.com/a-h/templ"}},
	{"Microsoft Graph and kiota", []string{"github.com/microsoftgraph", "github.com/microsoft", "github.com/std-uritemplate", "github.com/pandatix"}},
	{"Microsoft sign-in", []string{"github.com/Azure", "github.com/AzureAD", "github.com/golang-jwt", "github.com/kylelemons"}},
	{"Google Directory and sign-in", []string{"google.golang.org/api", "cloud.google.com", "golang.org/x/oauth2", "github.com/googleapis"}},
	{"gRPC and protocol buffers (by way of Google's client)", []string{"google.golang.org/grpc", "google.golang.org/protobuf", "google.golang.org/genproto", "github.com/google/s2a-go"}},
	{"YAML", []string{"go.yaml.in"}},
	{"mail", []string{"github.com/wneessen"}},
	{"OpenID Connect", []string{"github.com/coreos", "github.com/go-jose"}},
	{"zstd", []string{"github.com/klauspost"}},
	{"browsers' roots", []string{"golang.org/x/crypto/x509roots"}},
	{"golang.org/x", []string{"golang.org/x"}},
	{"Go: cryptography and TLS", []string{"crypto", "vendor/golang.org/x/crypto"}},
}

// partOf is who a package belongs to.
func partOf(pkg string) string {
	best, of := 0, "other modules"
	if first, _, _ := strings.Cut(pkg, "/"); !strings.Contains(first, ".") {
		of = "Go: the rest of the standard library"
	}
	for _, p := range parts {
		for _, prefix := range p.prefixes {
			if len(prefix) > best && (pkg == prefix || strings.HasPrefix(pkg, prefix+"/")) {
				best, of = len(prefix), p.name
			}
		}
	}
	return of
}

// packageOf is the package of a symbol, or "" where it has none: its path ends at the first dot
// after the last slash, and what is in brackets or parentheses is not part of it.
func packageOf(symbol string) string {
	for _, prefix := range []string{"type:.eq.", "type:.hash.", "go:itab."} {
		symbol = strings.TrimPrefix(symbol, prefix)
	}
	symbol = strings.TrimLeft(symbol, "*")
	if strings.HasPrefix(symbol, "type:") || strings.HasPrefix(symbol, "go:") {
		return ""
	}
	end := len(symbol)
	if i := strings.IndexAny(symbol, "[({ "); i >= 0 {
		end = i
	}
	slash := strings.LastIndexByte(symbol[:end], '/') + 1
	dot := strings.IndexByte(symbol[slash:end], '.')
	if dot < 0 {
		return ""
	}
	return strings.ReplaceAll(symbol[:slash+dot], "%2e", ".")
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: size BINARY")
	}
	if err := table(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

type size struct{ code, data int64 }

const nobody = "strings, types and tables that bear no name"

func table(binary string) error {
	out, err := exec.Command("go", "tool", "nm", "-size", binary).Output() //nolint:gosec // the binary that is measured
	if err != nil {
		return err
	}
	sums := map[string]size{}
	var all size
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		f := strings.Fields(lines.Text()) // address, size, kind, name
		if len(f) < 4 {
			continue
		}
		n, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil || n > 16<<20 {
			continue // no symbol takes that: it is a reservation that the file does not hold
		}
		of := nobody
		if pkg := packageOf(f[3]); pkg != "" {
			of = partOf(pkg)
		}
		s := sums[of]
		switch f[2] {
		case "T", "t":
			s.code, all.code = s.code+n, all.code+n
		case "R", "r", "D", "d":
			s.data, all.data = s.data+n, all.data+n
		}
		sums[of] = s
	}
	e, err := elf.Open(binary)
	if err != nil {
		return err
	}
	defer func() { _ = e.Close() }()
	var file, text, lines int64 // what a stripped binary holds
	for _, s := range e.Sections {
		if s.Flags&elf.SHF_ALLOC == 0 || s.Type == elf.SHT_NOBITS {
			continue
		}
		file += int64(s.FileSize)
		switch s.Name {
		case ".text":
			text = int64(s.FileSize)
		case ".gopclntab":
			lines = int64(s.FileSize)
		}
	}
	// What the symbols do not name is in no row yet.
	rest := sums[nobody]
	rest.code += text - all.code
	rest.data += file - text - lines - all.data
	sums[nobody] = rest
	names := make([]string, 0, len(sums))
	total := func(s size) int64 { return s.code + s.data + s.code*lines/text }
	for name := range sums {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return total(sums[names[i]]) > total(sums[names[j]]) })
	fmt.Print("| Part | Code | Data | Its share of the line table | Sum |\n|---|---|---|---|---|\n")
	for _, name := range names {
		s := sums[name]
		fmt.Printf("| %s | %d kB | %d kB | %d kB | %d kB |\n", name, s.code/1000, s.data/1000, s.code*lines/text/1000, total(s)/1000)
	}
	fmt.Printf("| all | %d kB | %d kB | %d kB | %d kB |\n", text/1000, (file-text-lines)/1000, lines/1000, file/1000)
	return nil
}
