# `make lint`: format, clang-tidy, cppcheck, shellcheck, include order, banned words.
lint_c := $(sort $(foreach f,$(folders),$(srcs_$(f))) $(wildcard tests/unit/*/*.c tests/fuzz/*_*.c tests/bench/*.c tests/faults/*.c))
lint_h := $(sort $(shell find $(filter-out train/nn,$(folders)) tests -name '*.h' 2>/dev/null))
lint_sh := $(sort $(wildcard tests/*.sh tests/cli/*.sh tests/faults/*.sh tests/lint/*.sh core/*.sh shapes/*.sh .ci/run))
folder_of = $(if $(filter train/nn/% tests/unit/nn/% tests/fuzz/nn_%,$(1)),train/nn,$(if $(filter tests/unit/%,$(1)),$(word 3,$(subst /, ,$(1))),$(if $(filter tests/fuzz/%,$(1)),$(firstword $(subst _, ,$(notdir $(1)))),$(firstword $(subst /, ,$(1))))))

# a test program elsewhere may include what any folder includes
cflags_tests := $(foreach f,$(folders),$(cflags_$(f)))

lint: lint-format lint-includes lint-words lint-tidy lint-cppcheck lint-shell lint-readme ## every static check

lint-format:
	$(Q)clang-format --dry-run -Werror $(lint_c) $(lint_h)
	@echo 'ok   format'
lint-includes:
	$(Q)sh tests/lint/includes.sh $(lint_c) $(lint_h)
	@echo 'ok   includes'
lint-words:
	$(Q)sh tests/lint/words.sh $(lint_c) $(lint_h)
	@echo 'ok   words'
lint-shell:
	$(Q)shellcheck -x -s sh $(lint_sh)
	@echo 'ok   shellcheck'
lint-cppcheck:
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --enable=warning,portability \
		--suppress=missingIncludeSystem --suppress=unknownMacro --suppress='*:/usr/*' \
		--suppress=uninitvar --suppress=nullPointerRedundantCheck -D_XOPEN_SOURCE=700 -DGDJE_VERSION='""' -I. --cppcheck-build-dir=$(B)/lint \
		-j $(JOBS) $(filter-out tests/unit/%,$(lint_c))
	@echo 'ok   cppcheck'
lint-cppcheck: | $(B)/lint
$(B)/lint:
	@mkdir -p $@

# one stamp per file: an unchanged file is not checked again
tidy_stamps := $(patsubst %.c,$(B)/lint/%.tidy,$(lint_c))
lint-tidy: $(tidy_stamps)
	@echo 'ok   clang-tidy'
define tidy_rule
$(B)/lint/$(1:.c=.tidy): $(1) .clang-tidy $(lint_h)
	$$(call say,TIDY,$(1))
	@mkdir -p $$(@D)
	$$(Q)clang-tidy --quiet $(1) -- $$(std) $$(if $$(filter $(gnu_sources),$(1)),-D_GNU_SOURCE) -DGDJE_VERSION='"$(VERSION)"' -DGDJE_DATADIR='""' -I. $$(cflags_$(call folder_of,$(1))) 2>$$@.log || { grep -v 'warnings generated' $$@.log >&2; exit 1; }
	@touch $$@
endef
$(foreach f,$(lint_c),$(eval $(call tidy_rule,$(f))))

lint-readme: $(tools)
	$(Q)sh tests/lint/readme.sh $(B) README.md | diff -u README.md - >&2
	@echo 'ok   readme'

readme: $(tools) ## make the option blocks of README.md anew from --help
	sh tests/lint/readme.sh $(B) README.md >README.md.tmp && mv README.md.tmp README.md

format: ## rewrite the sources in the house format
	clang-format -i $(lint_c) $(lint_h)

.PHONY: lint lint-format lint-includes lint-words lint-shell lint-cppcheck lint-tidy lint-readme readme format
