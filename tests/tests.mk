# Tests: unit programs (cmocka) per folder, CLI cases, fuzz replay. `make test` runs them all.

# tests/unit/<unit>/<module>_test.c links the archives of that folder and nothing above it
unit_dirs := core sql shapes fetch prep nn train predict
unit_folder_nn := train/nn
unit_folder = $(or $(if $(filter nn,$(1)),train/nn),$(1))

define unit_rules
unit_srcs_$(1) := $$(sort $$(wildcard tests/unit/$(1)/*_test.c))
unit_support_$(1) := $$(sort $$(filter-out %_test.c,$$(wildcard tests/unit/$(1)/*.c)))
unit_bins_$(1) := $$(patsubst %.c,$(B)/%,$$(unit_srcs_$(1)))
$(B)/tests/unit/$(1)/%.o: tests/unit/$(1)/%.c $(B)/flags
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(std) $$(warn) $$(werror) $$(mode_flags) $$(defines) -pthread $$(CFLAGS) -I. $$(cflags_$(2)) $$(CPPFLAGS) -MMD -MP -c -o $$@ $$<
$(B)/tests/unit/$(1)/%_test: $(B)/tests/unit/$(1)/%_test.o $$(patsubst %.c,$(B)/%.o,$$(unit_support_$(1))) $$(call archives_for,$(2))
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(mode_flags) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(libs_for_$(2)) -lcmocka
-include $$(wildcard $(B)/tests/unit/$(1)/*.d)
endef
$(foreach u,$(unit_dirs),$(eval $(call unit_rules,$(u),$(call unit_folder,$(u)))))
unit_bins := $(foreach u,$(unit_dirs),$(unit_bins_$(u)))

# fuzz targets: LLVMFuzzerTestOneInput in tests/fuzz/<folder>_<what>.c, replayed over a corpus by
# tests/fuzz/replay.c; `make fuzz CC=clang` links libFuzzer instead
fuzz_srcs := $(filter-out tests/fuzz/replay.c,$(sort $(wildcard tests/fuzz/*.c)))
fuzz_folder = $(call unit_folder,$(firstword $(subst _, ,$(notdir $(1)))))
define fuzz_rule
$(B)/tests/fuzz/$(basename $(notdir $(1))): $(1) tests/fuzz/replay.c $$(call archives_for,$(2)) $(B)/flags
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(std) $$(warn) $$(werror) $$(mode_flags) $$(defines) $$(CFLAGS) -I. $$(cflags_$(2)) $$(LDFLAGS) -o $$@ $$(filter %.c %.a,$$^) $$(libs_for_$(2))
$(B)/tests/fuzz/$(basename $(notdir $(1)))-libfuzzer: $(1) $$(call archives_for,$(2))
	clang $$(std) -g -O1 -fsanitize=fuzzer,address,undefined -I. $$(cflags_$(2)) -o $$@ $$(filter %.c %.a,$$^) $$(libs_for_$(2))
fuzz_bins += $(B)/tests/fuzz/$(basename $(notdir $(1)))
endef
fuzz_bins :=
$(foreach s,$(fuzz_srcs),$(eval $(call fuzz_rule,$(s),$(call fuzz_folder,$(s)))))

check-build: $(tools) $(unit_bins) $(fuzz_bins) ## build the tools and every test program

check-unit: $(unit_bins) ## the unit tests
	$(Q)sh tests/run.sh $(B) unit
check-cli: $(tools) ## the command line tests
	$(Q)sh tests/run.sh $(B) cli
check-fuzz: $(fuzz_bins) ## replay the fuzz corpora
	$(Q)sh tests/run.sh $(B) fuzz
test: check-build ## everything: unit, command line, faults, fuzz replay
	$(Q)sh tests/run.sh $(B) unit cli faults fuzz
check-kill: $(tools) ## one run of gdje-fetch killed at 50 random moments
	$(Q)KILLS=50 TEST=fetch_kill sh tests/run.sh $(B) faults
check-sanitized: $(unit_bins) $(fuzz_bins) ## unit tests and fuzz replay in one go, for MODE=asan
	$(Q)sh tests/run.sh $(B) unit fuzz
fuzz: $(addsuffix -libfuzzer,$(fuzz_bins)) ## build the fuzz targets with libFuzzer

check-reference: $(addprefix $(B)/gdje-,import split project grid) ## grids beside GeoPandas, cell by cell, if it is there
	$(Q)if /usr/bin/python3 -c 'import geopandas' 2>/dev/null; then \
		/usr/bin/python3 tests/reference/check_grid.py $(B) && /usr/bin/python3 tests/reference/check_degrees.py $(B); \
	else echo 'skip: no GeoPandas'; fi

# measurements: programs in tests/bench, next to what people would use otherwise where that is here
$(B)/tests/bench/train_step: tests/bench/train_step.c $(call archives_for,train/nn) $(B)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(std) $(warn) $(werror) $(mode_flags) $(defines) $(CFLAGS) -I. $(cflags_train/nn) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(libs_for_train/nn)
bench-train: $(B)/tests/bench/train_step ## training and inference on the CPU, next to PyTorch if it is there
	$(Q)if /usr/bin/python3 -c 'import torch, torchvision' 2>/dev/null; then OMP_WAIT_POLICY=passive /usr/bin/python3 tests/bench/train_step.py $<; else $<; fi

$(B)/tests/bench/fetch_server: tests/bench/fetch_server.c $(archive_core) $(B)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(std) $(warn) $(werror) $(mode_flags) $(defines) $(CFLAGS) -I. $(cflags_fetch) $(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(libs_for_fetch)
bench-fetch: $(B)/tests/bench/fetch_server $(B)/gdje-fetch $(B)/gdje-sample ## fetching, next to curl and aiohttp if they are there
	$(Q)if command -v /usr/bin/python3 >/dev/null; then /usr/bin/python3 tests/bench/fetch.py $(B); else echo 'skip: no /usr/bin/python3'; fi

QUICK ?= 0
bench-prep: $(addprefix $(B)/gdje-,sample import hash split project grid stats pack) ## preparing pictures and a million places, next to Pillow, NumPy and GeoPandas (QUICK=1: without)
	$(Q)if /usr/bin/python3 -c 'import numpy, PIL' 2>/dev/null; then /usr/bin/python3 tests/bench/prep.py $(if $(filter 1,$(QUICK)),--quick) $(B) $(BORDER); else echo 'skip: no NumPy and Pillow'; fi

bench-pack: $(addprefix $(B)/gdje-,import hash stats pack) ## its part about pictures alone
	$(Q)if /usr/bin/python3 -c 'import numpy, PIL' 2>/dev/null; then /usr/bin/python3 tests/bench/pack.py $(B); else echo 'skip: no NumPy and Pillow'; fi

.PHONY: bench-pack bench-fetch bench-prep bench-train check-build check-sanitized check-unit check-cli check-fuzz test fuzz
.PHONY: check-kill check-reference
