# The price table of the providers is built into gdje-fetch; --prices FILE takes another. Included
# by the Makefile.
objs_fetch += $(B)/fetch/prices_text.o

$(B)/fetch/prices_text.c: fetch/prices.tsv fetch/fetch.mk $(B)/flags
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q){ printf '#include "fetch/prices.h"\n\nconst char prices_text[] = {'; \
		od -An -v -td1 $< | sed -E 's/ +/ /g; s/ (-?[0-9]+)/\1,/g'; printf '0};\n'; } >$@.tmp && mv $@.tmp $@
$(B)/fetch/prices_text.o: $(B)/fetch/prices_text.c fetch/prices.h
	$(Q)$(CC) $(std) $(warn) $(mode_flags) $(CFLAGS) -I. -c -o $@ $<

# views are cut in loops for vector code, which gcc 12 leaves alone at -O2; errno is never read after
# a square root, nor are the exceptions of floats
$(B)/fetch/equirect.o: CPPFLAGS += -fno-math-errno -fno-trapping-math
$(BUILD)/release/fetch/equirect.o: CPPFLAGS += -O3
