# The targets a contributor needs. demo and test need nothing but Go.

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 60s
BENCHFLAGS  ?=
SOAK        ?= 8h
RACE        := ./host ./host/abi ./host/admin ./host/admin/api ./host/broker ./host/cli ./host/event ./host/kafka ./host/pipeline \
               ./host/plugin ./host/shadow ./host/store ./host/tap ./host/telemetry ./host/tenant ./host/tracker ./host/wasm
# Lets the Kafka client run in fake time: with it, its locks are seen by synctest.
BUBBLES     := synctests

.DEFAULT_GOAL := help

.PHONY: build
build: ## the weir binary, at ./weir
	$(GO) build -o weir ./host/cmd/weir

.PHONY: demo
demo: build ## a whole run in 15 s: embedded broker, orders, routing, dead letters
	./weir demo

.PHONY: test
test: ## all tests that need nothing but Go
	$(GO) test -timeout 5m ./...
	$(GO) test -timeout 5m -tags $(BUBBLES) ./host/internal/simulation
	$(GO) test -timeout 5m -tags kerberos -run Kerberos ./host/kafka

.PHONY: check
check: ## formatting, vet, staticcheck, tidiness, import rules
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags kerberos ./host/kafka
	$(GO) run $(STATICCHECK) ./...
	$(GO) mod tidy -diff
	$(GO) test -count=1 -run '^TestRepository' ./host

.PHONY: race
race: ## the packages of the event path under the race detector
	$(GO) test -race -timeout 10m $(RACE)
	$(GO) test -race -timeout 10m -tags $(BUBBLES) ./host/internal/simulation -seeds 20

.PHONY: mutants
mutants: ## weir broken on purpose in every way: each must be caught by its checkers
	WEIR_MUTANTS=1 $(GO) test -count=1 -timeout 10m ./host/internal/mutants

.PHONY: fuzz
fuzz: ## every fuzz target, FUZZTIME (60s) each
	.ci/fuzz $(FUZZTIME)

.PHONY: bench
bench: ## the border, guests of each SDK, and weir against the bare franz-go loop; the ratios come last
	$(GO) test -run '^$$' -bench Border ./host/plugin
	$(GO) run ./host/internal/bench/guests
	$(GO) run ./host/internal/bench $(BENCHFLAGS)

.PHONY: bench-tenants
bench-tenants: ## what a tenant that misbehaves in every way costs another one
	$(GO) run ./host/internal/bench/tenants $(BENCHFLAGS)

.PHONY: bench-density
bench-density: ## a thousand tenants with a pipeline each in one process: start, memory, idle CPU
	$(GO) run ./host/internal/bench/tenants -density 1000 $(BENCHFLAGS)

.PHONY: guests
guests: ## rebuild the committed .wasm from their sources
	plugins/build.sh
	sdk/build.sh

.PHONY: guests-check
guests-check: ## rebuild them elsewhere and fail when a committed one differs
	plugins/build.sh --check
	sdk/build.sh --check

.PHONY: verify
verify: build ## weir verify in both deliveries, on development brokers
	./weir verify
	./weir verify --delivery exactly_once

.PHONY: soak
soak: build ## weir verify for SOAK (8h), each round with another seed
	./weir verify --soak $(SOAK)

.PHONY: e2e
e2e: ## end to end on a real Apache Kafka (needs java 17, mvn, kcat)
	WEIR_REAL_KAFKA=1 $(GO) test -count=1 -v -timeout 15m ./host/internal/kafkatest ./host/internal/e2e

.PHONY: clean
clean: ## remove what the targets above made
	rm -f weir
	$(GO) clean -testcache

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
