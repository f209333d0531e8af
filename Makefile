# gdje: the only build file. `make help` lists the targets; the data flow is in pipeline.mk.
MAKEFLAGS += --no-builtin-rules --no-builtin-variables --warn-undefined-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

VERSION := 0.1.0

# --- what may be set on the command line or in config.mk -------------------------------------
-include config.mk
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
AR := ar
CFLAGS ?=
CPPFLAGS ?=
LDFLAGS ?=
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
DESTDIR ?=
V ?= 0
# release | debug | asan | tsan: a variant is a directory, so nothing ever needs clean
MODE ?= release
BUILD ?= build
JOBS ?= $(shell nproc)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif
Q := $(if $(filter 1,$(V)),,@)
# short words on standard error; none with V=1 (the commands are shown) or -s
say = $(if $(filter 1,$(V))$(findstring s,$(firstword -$(MAKEFLAGS))),@:,@printf '  %-8s%s\n' '$(1)' '$(2)' >&2)

# --- make deps: the only step that installs ---------------------------------------------------
# `make deps pipeline` needs what builds and runs; `make deps` alone or with test or lint, all of it.
deps_build := gcc libc6-dev pkg-config libcurl4-openssl-dev libuv1-dev libsqlite3-dev libproj-dev \
	libgeos-dev libgdal-dev libjpeg62-turbo-dev libdnnl-dev libjansson-dev libexif-dev libssl-dev \
	libmicrohttpd-dev libjs-leaflet sqlite3
deps_test := libcmocka-dev gdal-bin curl chromium clang libomp-dev clang-format clang-tidy cppcheck \
	shellcheck gmt gmt-dcw
other_goals := $(filter-out deps,$(MAKECMDGOALS))
deps_wanted := $(deps_build) $(if $(and $(other_goals),$(filter-out test lint check% fuzz border,$(other_goals))),,$(deps_test))

deps: ## install the Debian packages that are missing (apt; sudo when not root)
	@missing=; for p in $(deps_wanted); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -z "$$missing" ]; then echo 'deps: all packages are there' >&2; exit 0; fi; \
	echo "deps: installing$$missing" >&2; \
	sudo=; [ "$$(id -u)" -eq 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null
.PHONY: deps

# What is compiled with depends on what is installed: with other goals, install first and read
# this file anew.
ifneq ($(and $(filter deps,$(MAKECMDGOALS)),$(other_goals)),)
$(firstword $(other_goals)): deps
	+@$(MAKE) --no-print-directory $(other_goals)
$(wordlist 2,99,$(other_goals)): $(firstword $(other_goals)) ;
.PHONY: $(other_goals)
else

# --- CUDA, found by itself --------------------------------------------------------------------
CUDA_HOME ?= /usr/local/cuda
GPU ?= $(if $(wildcard $(CUDA_HOME)/bin/nvcc),$(if $(wildcard $(CUDA_HOME)/include/cudnn.h /usr/include/cudnn.h /usr/include/*/cudnn.h),1,0),0)

B := $(BUILD)/$(MODE)

# --- flags --------------------------------------------------------------------------------------
std := -std=c11 -D_XOPEN_SOURCE=700 -include core/banned.h
warn := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wpointer-arith -Wcast-qual -Wformat=2 -Wvla -Wundef \
	-Wdouble-promotion -Wnull-dereference -Wswitch-enum
# clang sees the float in <math.h>'s INFINITY and NAN, and a missing field in {OPT_END}; gcc does not
ifneq ($(findstring clang,$(CC)),)
warn := $(filter-out -Wdouble-promotion,$(warn)) -Wno-missing-field-initializers
endif
mode_release := -O2 -g
mode_debug := -O0 -g
mode_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
mode_tsan := -O1 -g -fsanitize=thread
mode_flags := $(mode_$(MODE))
defines := -DGDJE_VERSION='"$(VERSION)"' -DGDJE_DATADIR='"$(PREFIX)/share/gdje"'
WERROR ?= 0
werror := $(if $(filter 1,$(WERROR)),-Werror,)

# flags are a file, rewritten while parsing and only when different: `make -n` and `-q` stay truthful
flags := $(CC) $(std) $(warn) $(werror) $(mode_flags) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) $(defines)
ifneq ($(strip $(flags)),$(strip $(file <$(B)/flags)))
$(shell mkdir -p $(B))
$(file >$(B)/flags,$(flags))
endif

# --- folders: what each needs, and what it links against ------------------------------------------
# Foreign headers come with -isystem; a folder sees only its own packages.
folders := core sql shapes fetch prep train/nn train predict
pkgs_core := libjpeg libcrypto
pkgs_sql := sqlite3
pkgs_shapes := gdal proj geos
pkgs_fetch := libcurl libuv jansson libcrypto libmicrohttpd
pkgs_prep := libexif
pkgs_train/nn := jansson
pkgs_train := jansson
pkgs_predict := jansson
DNNL_LIBS ?= -ldnnl

pkg_cflags = $(if $(strip $(1)),$(patsubst -I%,-isystem%,$(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null)))
# geos.pc names only the C++ library; the C API is libgeos_c
pkg_libs = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --libs $(filter-out geos,$(1)) 2>/dev/null)) $(if $(filter geos,$(1)),-lgeos_c)

# archives in link order for a tool of each folder
uses_core := core
uses_sql := sql core
uses_shapes := shapes sql core
uses_fetch := fetch shapes sql core
uses_prep := prep shapes sql core
uses_train/nn := train/nn core
uses_train := train train/nn shapes sql core
uses_predict := predict train/nn shapes sql core

# generated sources: text files as C arrays
sql_text := $(sort $(wildcard sql/*.sql sql/migrations/*.sql))

# every .c below a folder, without its tools' mains and without folders that are their own unit
under = $(sort $(shell find $(1) -name '*.c' $(if $(filter train,$(1)),-not -path 'train/nn/*') $(if $(filter 1,$(GPU)),,-not -path '*/cuda/*') 2>/dev/null))
mains_of = $(filter $(addsuffix %,$(1)/main_),$(srcs_$(1)))

define folder_rules
srcs_$(1) := $$(call under,$(1))
mains_$(1) := $$(filter $(1)/main_%.c $(1)/demo/main_%.c,$$(srcs_$(1)))
objs_$(1) := $$(patsubst %.c,$(B)/%.o,$$(filter-out $$(mains_$(1)),$$(srcs_$(1))))
cflags_$(1) := $$(call pkg_cflags,$$(pkgs_$(1)))
libs_$(1) := $$(call pkg_libs,$$(pkgs_$(1)))
archive_$(1) := $(B)/lib$(subst /,-,$(1)).a
endef
$(foreach f,$(folders),$(eval $(call folder_rules,$(f))))

objs_sql += $(B)/sql/text.o
include fetch/fetch.mk
include predict/predict.mk
libs_train/nn += $(DNNL_LIBS) -fopenmp
# errno is never read after a square root; vectors are passed to inlined functions only
cflags_train/nn += -fopenmp -fno-math-errno -Wno-psabi

define folder_objects
$(B)/$(1)/%.o: $(1)/%.c $(B)/flags
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(std) $$(warn) $$(werror) $$(mode_flags) $$(defines) -pthread $$(CFLAGS) -I. $$(cflags_$(1)) $$(CPPFLAGS) -MMD -MP -c -o $$@ $$<
$$(archive_$(1)): $$(objs_$(1))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
# for train/nn/x.c both the train and the train/nn rule match; make prefers the shortest stem
$(foreach f,$(folders),$(eval $(call folder_objects,$(f))))

# what is Linux's own: sched_getaffinity (the cores we may use, not those the machine has) and
# sync_file_range (the disk begins before we wait for it)
gnu_sources := core/pool.c fetch/store.c
$(gnu_sources:%.c=$(B)/%.o): CPPFLAGS += -D_GNU_SOURCE
# resizing is made of loops for vector code, which gcc 12 leaves alone at -O2
$(BUILD)/release/core/image_resize.o $(BUILD)/release/core/image_row.o: CPPFLAGS += -O3

archives_for = $(foreach u,$(uses_$(1)),$(archive_$(u)))
libs_for = $(foreach u,$(uses_$(1)),$(libs_$(u))) -lm -pthread

define tool_rule
$(B)/gdje-$(2): $(B)/$(3:.c=.o) $$(call archives_for,$(1))
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(mode_flags) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(libs_for_$(1))
tools += $(B)/gdje-$(2)
endef
tools :=
$(foreach f,$(folders),$(eval libs_for_$(f) := $(call libs_for,$(f))))
$(foreach f,$(folders),$(foreach m,$(mains_$(f)),$(eval $(call tool_rule,$(f),$(patsubst main_%,%,$(basename $(notdir $(m)))),$(m)))))

$(B)/sql/text.c: $(sql_text) core/embed.sh $(B)/flags
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)sh core/embed.sh sql_texts sql $(sql_text) >$@.tmp && mv $@.tmp $@
$(B)/sql/text.o: $(B)/sql/text.c
	$(Q)$(CC) $(std) $(warn) $(mode_flags) $(CFLAGS) -I. -c -o $@ $<

all: $(tools) ## build every tool into build/$(MODE)

include shapes/shapes.mk
include tests/tests.mk
include tests/lint/lint.mk
include pipeline.mk

every := $(patsubst %.c,$(B)/%.d,$(foreach f,$(folders),$(srcs_$(f))))
-include $(wildcard $(every))

# --- install -----------------------------------------------------------------------------------------
bin_dir := $(DESTDIR)$(PREFIX)/bin
man_dir := $(DESTDIR)$(PREFIX)/share/man/man1
data_dir := $(DESTDIR)$(PREFIX)/share/gdje
installed_data := $(wildcard shapes/croatia.*) shapes/SOURCE.md sql/schema.sql sql/views.sql $(wildcard sql/queries/*.sql)

install: $(tools) ## tools, man pages, schema and border, to $(DESTDIR)$(PREFIX)
	install -d "$(bin_dir)" "$(man_dir)" "$(data_dir)"
	for t in $(tools); do \
		install -m 755 $$t "$(bin_dir)/" && \
		$$t --man >"$(man_dir)/$$(basename $$t).1" || exit 1; \
	done
	for f in $(installed_data); do install -D -m 644 $$f "$(data_dir)/$$f" || exit 1; done

uninstall: ## what install put there
	for t in $(notdir $(tools)); do rm -f "$(bin_dir)/$$t" "$(man_dir)/$$t.1"; done
	for f in $(installed_data); do rm -f "$(data_dir)/$$f"; done
	-rmdir "$(data_dir)/sql/queries" "$(data_dir)/sql" "$(data_dir)/shapes" "$(data_dir)"

clean: ## remove what was built (never the catalog or the images)
	rm -rf $(BUILD)

help: ## this list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  %-18s %s\n", $$1, $$2}'

.PHONY: all install uninstall clean help fetch prep train predict tests
endif
