# The page that gdje-report writes: style, script and Leaflet are built into the binary, so that a
# report needs nothing else. Included by the Makefile.
LEAFLET ?= /usr/share/javascript/leaflet
web_files := predict/web/report.css predict/web/report.js predict/web/leaflet-licence.txt $(LEAFLET)/leaflet.css \
	$(LEAFLET)/leaflet.min.js

objs_predict += $(B)/predict/web_text.o

$(LEAFLET)/%:
	@echo 'make: $@ is missing: install libjs-leaflet (make deps)' >&2; exit 1

$(B)/predict/web_text.c: $(web_files) core/embed.sh $(B)/flags
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)sh core/embed.sh web_texts predict/web $(web_files) >$@.tmp && mv $@.tmp $@
$(B)/predict/web_text.o: $(B)/predict/web_text.c
	$(Q)$(CC) $(std) $(warn) $(mode_flags) $(CFLAGS) -I. -c -o $@ $<

# a filled catalog for tests/cli/predict_*.sh
predict_fixture := $(B)/tests/cli/predict_fixture
$(predict_fixture): tests/cli/predict_fixture.c tests/unit/predict/fixture.c \
	tests/unit/predict/fixture.h $(foreach u,$(uses_predict),$(archive_$(u))) $(B)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(std) $(warn) $(werror) $(mode_flags) $(defines) -pthread $(CFLAGS) -I. $(CPPFLAGS) \
		$(LDFLAGS) -o $@ $(filter %.c %.a,$^) $(libs_for_predict)
check-build check-cli: $(predict_fixture)
