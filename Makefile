# Gantry. `make demo` and `make test` need nothing but Debian 12 and Swift 6.3; the rest is listed by `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
SWIFT_FLAGS := --explicit-target-dependency-import-check error
RELEASE := .build/release

.PHONY: help setup build demo test lint format models train-detector train-reader proto migrate database broker bench accuracy clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## install what is missing: Debian packages, run-time libraries and models (into .gantry/)
	@scripts/setup

build: setup ## release build of all executables
	swift build -c release $(SWIFT_FLAGS)

demo: build ## a small city end to end: rendered video in, movement answers out (MEDIA=FOLDER for recordings)
	@scripts/demo $(MEDIA)

test: setup ## every test, against a real PostGIS and a real broker
	@scripts/test

lint: ## what the formatter and the compiler's dependency check have to say
	swift format lint --strict --recursive Package.swift Sources Tests

format: ## format in place
	swift format --in-place --recursive Package.swift Sources Tests

models: ## install and verify the models of models/models.yaml
	@python3 scripts/models

train-detector: ## train the plate detector anew (GANTRY_DATA, MINUTES=60) and measure it; a GPU is used if there is one
	@scripts/train-detector

train-reader: ## train Tesseract's plate model anew from rendered plates (an hour and a half; see training/reader/MODEL.md)
	@scripts/train-reader

proto: ## regenerate Sources/Wire/Generated from schemas/proto
	@scripts/proto

database: ## start the private PostgreSQL under .gantry/ and print its URL
	@scripts/postgres start

broker: setup ## start a Kafka-compatible broker on a free loopback port (development only: it keeps nothing)
	@scripts/broker start

migrate: build database ## bring the private database's schema up to this build
	@$(RELEASE)/gantry migrate

bench: build ## pipeline overhead against bare decode and bare model calls, on the demo's clips
	@$(RELEASE)/gantry bench pipeline

accuracy: build ## how well plates are read, beside other programs, on photographs under GANTRY_DATA; writes docs/accuracy.md
	@scripts/accuracy

clean: ## stop what was started here and remove .gantry/ and .build/
	@scripts/broker stop || true
	@scripts/postgres stop || true
	rm -rf .build .gantry demo-output
