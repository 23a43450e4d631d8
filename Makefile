# SPDX-License-Identifier: GPL-2.0-or-later
# kdx: no configure step. `make help` lists the targets.
#   make            the library and the four programs, in their folders
#   make SAN=1      the same with AddressSanitizer and UBSan, under build-san/
#   make V=1        shows the commands
# Every .c file of a folder belongs to the program of that folder: a new file needs no line here.

VERSION := 0.1.0
CC ?= gcc
PREFIX ?= /usr
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
DRACUTDIR ?= $(PREFIX)/lib/dracut/modules.d
LIBDIR ?= $(PREFIX)/lib
INSTALL ?= install
PKG_CONFIG ?= pkg-config
CLANG ?= clang

# Where things are made: B holds objects, O is put in front of every program and library.
ifdef SAN
B := build-san
O := build-san/
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT ?= -O1 -g
else
B := build
O :=
OPT ?= -O2 -g
endif

ifndef V
Q := @
say = @printf '  %-7s %s\n' '$(1)' '$(2)';
else
say =
endif

# --- what this machine has: needed packages stop the build with a way out, optional ones are left out ---
NEEDED := libelf libdw zlib libzstd lzo2 readline
NOBUILD := clean help deps docs-only
ifneq ($(filter-out $(NOBUILD),$(or $(MAKECMDGOALS),all)),)
MISSING := $(foreach p,$(NEEDED),$(shell $(PKG_CONFIG) --exists $(p) || echo $(p)))
ifneq ($(strip $(MISSING)),)
ifeq ($(filter demo test deps,$(MAKECMDGOALS)),)
$(error not installed: $(MISSING). Run `make deps` as root (Debian), or install their -dev packages)
endif
endif
HASH := \#
has = $(shell printf '%s\n' '$(1)' 'int main(void) { return 0; }' | $(CC) -x c - -o /dev/null $(2) 2>/dev/null && echo y)
HAVE_SNAPPY := $(call has,$(HASH)include <snappy-c.h>,-lsnappy)
HAVE_LIBDEFLATE := $(call has,$(HASH)include <libdeflate.h>,-ldeflate)
endif

CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Iformat -DKDX_VERSION='"$(VERSION)"'
WARN := -Wall -Wextra -Wshadow -Wvla -Wundef -Wformat=2 -Wno-format-nonliteral -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings
CFLAGS += -std=gnu17 $(OPT) $(WARN) $(if $(WERROR),-Werror) -fno-common -pthread $(SANFLAGS)
LDFLAGS += -pthread -Wl,--as-needed $(SANFLAGS)

FORMAT_LIBS := -lz -lzstd -llzo2
ifeq ($(HAVE_SNAPPY),y)
CPPFLAGS += -DHAVE_SNAPPY=1
FORMAT_LIBS += -lsnappy
endif
# zlib's streams, two to three times faster; without it zlib itself does them.
ifeq ($(HAVE_LIBDEFLATE),y)
CPPFLAGS += -DHAVE_LIBDEFLATE=1
FORMAT_LIBS += -ldeflate
endif
ANALYZE_LIBS := $(FORMAT_LIBS) -ldw -lelf -lreadline

# --- sources ---
BASE_SRC := $(wildcard format/base/*.c)
FORMAT_SRC := $(BASE_SRC) $(wildcard format/*.c)
FILTER_SRC := $(wildcard filter/*.c)
CAPTURE_MAIN := capture/kdx-capture.c
KDXCTL_MAIN := capture/kdxctl.c
CAPTURE_SRC := $(filter-out $(CAPTURE_MAIN) $(KDXCTL_MAIN),$(wildcard capture/*.c))
ANALYZE_SRC := $(wildcard analyze/*.c analyze/*/*.c)
UNIT_SRC := $(wildcard tests/unit/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/*.c)

obj = $(patsubst %.c,$(B)/%.o,$(1))
# A program's code without its main, for the unit tests: main lives in the file named after the program.
FILTER_OBJ := $(call obj,$(filter-out filter/kdx-filter.c,$(FILTER_SRC)))
ANALYZE_OBJ := $(call obj,$(filter-out analyze/kdx.c,$(ANALYZE_SRC)))
CAPTURE_OBJ := $(call obj,$(CAPTURE_SRC))

LIB_A := $(O)format/libkdf.a
LIB_SO := $(O)format/libkdf.so
PROGRAMS := $(O)filter/kdx-filter $(O)capture/kdx-capture $(O)capture/kdxctl $(O)analyze/kdx
UNITS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(UNIT_SRC))

.PHONY: all
.SECONDARY:
all: $(LIB_A) $(if $(SAN),,$(LIB_SO)) $(PROGRAMS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -MMD -MP -c -o $@ $<

$(LIB_A): $(call obj,$(FORMAT_SRC))
	@mkdir -p $(@D)
	$(Q)rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

$(LIB_SO): $(call obj,$(FORMAT_SRC)) format/libkdf.map
	$(call say,LD,$@)$(CC) $(LDFLAGS) -shared -Wl,-soname,libkdf.so.0 -Wl,--version-script=format/libkdf.map \
		-o $@ $(filter %.o,$^) $(FORMAT_LIBS)

$(O)filter/kdx-filter: $(call obj,filter/kdx-filter.c) $(FILTER_OBJ) $(LIB_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(FORMAT_LIBS)

$(O)capture/kdx-capture: $(call obj,$(CAPTURE_MAIN)) $(CAPTURE_OBJ) $(LIB_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(FORMAT_LIBS)

$(O)capture/kdxctl: $(call obj,$(KDXCTL_MAIN)) $(CAPTURE_OBJ) $(LIB_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(FORMAT_LIBS)

$(O)analyze/kdx: $(call obj,analyze/kdx.c) $(ANALYZE_OBJ) $(LIB_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(ANALYZE_LIBS)

# --- tests ---
# A unit test is one program, tests/unit/NAME.c; names that begin with filter-, capture- or kdx- get that
# program's code too.
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(LIB_A)
	$(call say,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(FORMAT_LIBS)
$(B)/tests/unit/filter-%: $(B)/tests/unit/filter-%.o $(FILTER_OBJ) $(LIB_A)
	$(call say,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(FORMAT_LIBS)
$(B)/tests/unit/capture-%: $(B)/tests/unit/capture-%.o $(CAPTURE_OBJ) $(LIB_A)
	$(call say,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(FORMAT_LIBS)
$(B)/tests/unit/kdx-%: $(B)/tests/unit/kdx-%.o $(ANALYZE_OBJ) $(LIB_A)
	$(call say,LD,$@)$(CC) $(LDFLAGS) -o $@ $^ $(ANALYZE_LIBS)

.PHONY: check test demo bench fuzz deps install clean help
# Unit tests only: under a minute, no root, no network.
check: all $(UNITS)
	$(Q)tests/run-units $(UNITS)

# Everything: unit tests, sanitizers, fuzzing for a minute, real kernels in QEMU, the peers where they are.
test: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/run-all

demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/vm/demo

bench: all
	$(Q)tests/bench

# Fuzz targets: tests/fuzz/NAME.c with LLVMFuzzerTestOneInput, clang's libFuzzer with ASan and UBSan. Names that begin
# with kdx- are over the analyzer's parsers and get its code too. The code itself is compiled once for all of them.
FUZZERS := $(patsubst tests/fuzz/%.c,build-fuzz/%,$(FUZZ_SRC))
FUZZFLAGS := -std=gnu17 -O1 -g -w -pthread -fno-sanitize-recover=undefined
fuzzobj = $(patsubst %.c,build-fuzz/obj/%.o,$(1))
fuzz: $(FUZZERS)
build-fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZCC,$<)$(CLANG) $(CPPFLAGS) $(FUZZFLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<
build-fuzz/%: build-fuzz/obj/tests/fuzz/%.o $(call fuzzobj,$(FORMAT_SRC))
	$(call say,FUZZ,$@)$(CLANG) $(FUZZFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ $(FORMAT_LIBS)
build-fuzz/kdx-%: build-fuzz/obj/tests/fuzz/kdx-%.o $(call fuzzobj,$(FORMAT_SRC) $(filter-out analyze/kdx.c,$(ANALYZE_SRC)))
	$(call say,FUZZ,$@)$(CLANG) $(FUZZFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ $(ANALYZE_LIBS)

DEPS := gcc make pkg-config libelf-dev libdw-dev zlib1g-dev libzstd-dev liblzo2-dev libreadline-dev libsnappy-dev \
	libdeflate-dev qemu-system-x86 qemu-utils seabios ipxe-qemu debootstrap e2fsprogs busybox-static cpio kmod xz-utils zstd curl \
	python3 clang libclang-rt-14-dev shellcheck
# Installs what is not there yet; without root it only says what is missing.
deps:
	$(Q)tests/deps $(DEPS)

install: all
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/lib/kdx $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(DRACUTDIR)/99kdx $(DESTDIR)$(SYSCONFDIR) $(DESTDIR)$(LIBDIR)/pkgconfig \
		$(DESTDIR)$(PREFIX)/include/kdf/base $(DESTDIR)/var/crash
	$(INSTALL) -m 755 $(O)analyze/kdx $(O)filter/kdx-filter $(DESTDIR)$(PREFIX)/bin/
	$(INSTALL) -m 755 $(O)capture/kdxctl $(DESTDIR)$(PREFIX)/sbin/
	$(INSTALL) -m 755 $(O)capture/kdx-capture $(DESTDIR)$(PREFIX)/lib/kdx/
	$(INSTALL) -m 755 dracut-module/*.sh $(DESTDIR)$(DRACUTDIR)/99kdx/
	$(INSTALL) -m 644 systemd/*.service $(DESTDIR)$(UNITDIR)/
	[ -e $(DESTDIR)$(SYSCONFDIR)/kdump.conf ] || $(INSTALL) -m 644 conf/kdump.conf $(DESTDIR)$(SYSCONFDIR)/kdump.conf
	$(INSTALL) -m 644 format/kdf.h $(DESTDIR)$(PREFIX)/include/kdf/
	$(INSTALL) -m 644 format/base/error.h $(DESTDIR)$(PREFIX)/include/kdf/base/
	$(INSTALL) -m 644 $(LIB_A) $(DESTDIR)$(LIBDIR)/
	$(INSTALL) -m 755 $(LIB_SO) $(DESTDIR)$(LIBDIR)/libkdf.so.0
	ln -sf libkdf.so.0 $(DESTDIR)$(LIBDIR)/libkdf.so
	sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@VERSION@|$(VERSION)|g' format/libkdf.pc.in \
		> $(DESTDIR)$(LIBDIR)/pkgconfig/libkdf.pc

clean:
	rm -rf build build-san build-fuzz
	rm -f format/libkdf.a format/libkdf.so filter/kdx-filter capture/kdx-capture capture/kdxctl analyze/kdx

help:
	@echo 'make            build format/libkdf, filter/kdx-filter, capture/kdx-capture, capture/kdxctl, analyze/kdx'
	@echo 'make SAN=1      the same with ASan and UBSan in build-san/'
	@echo 'make check      unit tests: under a minute, no root, no network'
	@echo 'make test       everything, with real kernels in QEMU (root; installs what it needs)'
	@echo 'make demo       crash a real kernel, capture it, explain it (root)'
	@echo 'make bench      ratios against the peers'
	@echo 'make fuzz       build the fuzz targets into build-fuzz/'
	@echo 'make deps       install the Debian packages (root)'
	@echo 'make install    DESTDIR= PREFIX=/usr SYSCONFDIR=/etc'

-include $(shell find $(B) build-fuzz/obj -name '*.d' 2>/dev/null)
