# Two targets are for everybody: `make demo` shows what casdoctor does, `make test` proves it.
# Both need Go 1.26 and gcc, and install nothing outside of Go's own caches.

# grpcnotrace keeps golang.org/x/net/trace, and with it html/template, out of the binary. One
# reachable template makes the linker keep every method of the SDKs: 9 MB becomes 36 MB.
TAGS  := grpcnotrace
GO    ?= go
TOOLS := $(GO) tool -modfile=internal/tools/go.mod
# The page's components are called in many places, and inlining copies the whole of each: 1 MB.
LEAN  := $(foreach p,internal/report internal/agent/web,-gcflags=github.com/casdoctor/casdoctor/$(p)=-l)
# Pure Go: the binary runs on any Linux, a scratch container included. Every step but the race
# detector's uses the same settings, so that the Graph SDK is compiled once for all of them.
PURE  := CGO_ENABLED=0

.PHONY: man demo test build lint vet gate readers generate screenshots test-html test-page agent-screenshots cold-start load size start bench mail-load test-tls bench-tls fuzz mutants test-agent test-soak agent-load release release-check debian vet-others clean

demo: build
	@echo "== casdoctor demo: a healthy organisation =="
	@./casdoctor demo
	@echo
	@echo "== casdoctor demo mfa-per-user-retired: the same question, after the retirement of 2026 =="
	@./casdoctor demo mfa-per-user-retired || test $$? -eq 1

build: say-first-build
	@$(PURE) $(GO) build -tags $(TAGS) $(LEAN) -ldflags "-s -w" -o casdoctor ./cmd/casdoctor

# The Graph SDK takes minutes to compile the first time; say so, and why nothing seems to happen.
.PHONY: say-first-build
say-first-build:
	@test -x casdoctor || echo "building casdoctor; the first time the Graph SDK takes a few minutes"

test: vet lint gate readers
	@echo "== go test -race (the first time the Graph SDK is compiled once more, a few minutes) =="
	CGO_ENABLED=1 $(GO) test -race -timeout 30m -tags $(TAGS) $$($(GO) list -tags $(TAGS) ./... | grep -v '/internal/faults$$')
	@echo "== go test: some 500 cells of the fault matrix, which the race detector makes ten times as slow =="
	$(PURE) $(GO) test -tags $(TAGS) ./internal/faults

vet:
	$(PURE) $(GO) vet -tags $(TAGS) ./...

lint:
	@echo "== golangci-lint (built on first use, about 3 minutes) =="
	@$(PURE) $(TOOLS) golangci-lint run
	@echo "== actionlint: action.yml and docs/ci.md =="
	@$(PURE) $(GO) -C internal/tools/cilint run . "$(CURDIR)"

# The linker must be able to drop unused methods: this prints what keeps it from doing so.
gate:
	@echo "== linker gate =="
	@found=$$($(PURE) $(GO) build -tags $(TAGS) -ldflags=-dumpdep -o /dev/null ./cmd/casdoctor 2>&1 | grep '<ReflectMethod>' || true); \
	if [ -n "$$found" ]; then echo "method elimination is lost:"; echo "$$found" | head; exit 1; fi

# Workbooks, read back by a library that takes longer to compile than all the other readers.
readers:
	@echo "== readers of others =="
	@# -count=1: the files lie outside of the module, where the cache does not see them change
	@$(PURE) $(GO) -C internal/tools test -count=1 ./readers

generate:
	$(GO) generate ./...

# The page of three scenarios, as a browser shows it: at three widths, light and dark, in both
# languages, in dist/screenshots. The README shows one of them. Needs Node and a Chromium.
PAGES := all-troubles healthy no-permission
screenshots: pages
	node internal/tools/page/screenshots.mjs dist/screenshots $(PAGES:%=dist/pages/%.html)
	@mkdir -p docs/images
	cp dist/screenshots/all-troubles-1440-light-en.png docs/images/report.png

# Every rule of axe-core on the same pages; what it calls serious or critical is an error.
test-html: pages
	node internal/tools/page/axe.mjs $(PAGES:%=dist/pages/%.html)

# The page of the agent, as `casdoctor agent --demo` shows it: every rule of axe-core, and the ways by
# keyboard. `make agent-screenshots` takes its pictures; the README shows one of them.
test-page: build internal/tools/page/node_modules
	@$(WITH_DEMO) node internal/tools/page/agent.mjs $$address

agent-screenshots: build internal/tools/page/node_modules
	@$(WITH_DEMO) node internal/tools/page/agent.mjs $$address dist/screenshots/agent
	@mkdir -p docs/images
	cp dist/screenshots/agent/overview-1440-light-en.png docs/images/agent.png

# Starts the demo, waits for its address, and ends it with the shell that uses it.
WITH_DEMO = mkdir -p dist; ./casdoctor agent --demo > dist/agent-demo & demo=$$!; trap "kill $$demo" EXIT; \
	for i in $$(seq 120); do [ -s dist/agent-demo ] && break; sleep 1; done; address=$$(head -1 dist/agent-demo);

.PHONY: pages
pages: build internal/tools/page/node_modules
	@mkdir -p dist/pages
	@for s in $(PAGES); do ./casdoctor demo $$s --format html -o dist/pages/$$s.html || test $$? -ne 2 -a $$? -ne 4; done

internal/tools/page/node_modules: internal/tools/page/package-lock.json
	npm ci --prefix internal/tools/page --no-audit --no-fund
	@touch $@

# What a newcomer waits for, measured with empty caches; the table is in docs/performance.md.
cold-start:
	@internal/tools/cold-start.sh

# A whole check against the practice organisation: wall time beside critical path, and memory.
load: build
	@$(PURE) $(GO) run ./internal/load ./casdoctor

# What each part takes of the binary; the table is in docs/performance.md.
size:
	@mkdir -p dist
	@$(PURE) $(GO) build -tags $(TAGS) $(LEAN) -o dist/casdoctor.symbols ./cmd/casdoctor
	@$(PURE) $(GO) -C internal/tools run ./size "$(CURDIR)/dist/casdoctor.symbols"

# How long `casdoctor version` takes, and what it starts; the table is in docs/performance.md.
start: build
	@$(PURE) $(GO) run ./internal/load -start ./casdoctor

bench:
	$(GO) test -tags $(TAGS) -run '^$$' -bench . -benchmem ./internal/condaccess ./internal/spf ./internal/mailtrace ./internal/report ./internal/agent/web

# Ten thousand messages in one run of casdoctor mail; the table is in docs/performance.md.
mail-load: build
	@$(PURE) $(GO) -C internal/tools run ./mailload "$(CURDIR)/casdoctor"

# Everything that can go wrong with every request of a complete run, in more than 20,000 cells;
# the table is in docs/performance.md. make test runs about 500 of them.
.PHONY: faults
faults:
	CASDOCTOR_FAULTS=all $(PURE) $(GO) test -tags $(TAGS) -count 1 -timeout 120m -run '^TestMatrix$$' -v ./internal/faults

# The console probe against real servers, proxies and faults of the way: root on Debian 12. The
# packages are installed (their daemons are kept from starting), and everything runs in a network
# namespace of its own.
test-tls:
	@mkdir -p dist
	$(PURE) $(GO) test -tags $(TAGS) -c -o dist/command.test ./cmd/casdoctor
	$(PURE) $(GO) test -tags $(TAGS) -c -o dist/probe.test ./probes/console
	@internal/tools/tls/lab.sh sh -c 'dist/probe.test -test.run ^TestServers -test.v && dist/command.test -test.run ^TestReal -test.v'

# Side by side with nmap, sslscan and testssl.sh, without and with 50 ms of round trip; some 20
# minutes. The table is in docs/performance.md.
bench-tls: build
	@TESTSSL="$${TESTSSL-9441@0 9442@0}" internal/tools/tls/lab.sh internal/tools/tls/bench.sh ./casdoctor 0 50

# Hostile bytes for every reader of them, each for FUZZ_TIME. docs/security.md lists the targets.
FUZZ_TIME ?= 10m
fuzz:
	@grep -rl '^func Fuzz' --include='*_test.go' checks config internal probes | sort | while read file; do \
		for f in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\)(.*/\1/p' $$file); do \
			echo "== $$f in $$(dirname $$file)"; \
			$(PURE) $(GO) test -tags $(TAGS) -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZ_TIME) ./$$(dirname $$file) </dev/null || exit 1; \
		done; \
	done

# Changes the judgement in small ways, and counts those that no test notices: hours for all of it,
# minutes for one package (make mutants MUTATED=internal/dmarc). The table is in docs/mutants.md.
# Without --test-cpu, which gremlins v0.6.0 hands on as one word: every test then fails, and every
# mutant counts as killed.
MUTATED ?= internal/maildns internal/dmarc internal/tlsclient internal/condaccess internal/mailtrace internal/spf checks
mutants:
	@mkdir -p dist/mutants
	@for p in $(MUTATED); do \
		log=dist/mutants/$$(basename $$p).txt; \
		$(PURE) GOFLAGS=-vet=off nice -n 10 $(GO) run github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0 unleash --tags $(TAGS) \
			--workers 1 --timeout-coefficient 15 --threshold-efficacy 90 \
			--invert-logical --invert-loopctrl --invert-bitwise --remove-self-assignments ./$$p > $$log; status=$$?; \
		echo "== $$p"; grep -E 'LIVED|TIMED OUT' $$log; tail -5 $$log; [ $$status -eq 0 ] || exit 1; \
	done

# The agent on SQLite and on PostgreSQL, and killed at 50 random moments on each: root on Debian
# 12 (PostgreSQL is installed, and its own cluster is not started).
test-agent:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
		mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql; }
	CASDOCTOR_TEST_POSTGRES=required CASDOCTOR_CRASH_MOMENTS=50 $(PURE) $(GO) test -tags $(TAGS) -count 1 -timeout 30m -v ./internal/agent/...

# The agent at one run a second against the practice organisation, for SOAK_TIME: what is lost,
# doubled or grows makes it fail. With CASDOCTOR_DATABASE set, its memory is on that PostgreSQL,
# which has to be empty. The table is in docs/performance.md; make test runs a short form.
SOAK_TIME ?= 30m
test-soak: build
	@$(PURE) $(GO) run -tags $(TAGS) ./internal/agent/soak -time $(SOAK_TIME) ./casdoctor

# What the agent's memory of 200 tenants and 90 days takes, and an idle agent; some 15 minutes and
# 3 GB of $TMPDIR. The table is in docs/performance.md.
agent-load: build
	@$(PURE) $(GO) run -tags $(TAGS) ./internal/agent/agentload ./casdoctor

# dist/man/man1, for packages: dated by SOURCE_DATE_EPOCH, or by the last commit.
man:
	@rm -rf dist/man
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(PURE) $(GO) run -tags $(TAGS),manpages ./cmd/casdoctor dist/man/man1

# dist/release: binaries, archives, deb, rpm, bills of materials and checksums of the last commit.
# Each platform compiles the Graph SDK once more: RELEASE_TARGETS=linux/amd64 is one of them.
RELEASE_TARGETS ?= linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64
RELEASE := $(GO) -C internal/tools/release run . -targets $(RELEASE_TARGETS)
release:
	@$(PURE) $(RELEASE) "$(CURDIR)"

# The same, tried: built again elsewhere, run in an empty root, installed, upgraded and removed in
# a copy of DEBIAN (made once by `make debian`; none leaves it out), manifests against the API's
# types. Without network; chroot needs root.
DEBIAN ?= $(CURDIR)/dist/debian
release-check:
	@$(PURE) $(GO) -C internal/tools/release test ./...
	@$(PURE) $(RELEASE) -check -debian "$(DEBIAN)" "$(CURDIR)"

debian:
	debootstrap --variant=minbase bookworm "$(DEBIAN)"

# Everything compiles and vets where people run it, tests included; the SDK is compiled for each.
vet-others:
	for os in windows darwin; do GOOS=$$os $(PURE) $(GO) vet -tags $(TAGS) ./... || exit 1; done

clean:
	rm -f casdoctor
