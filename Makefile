# SPDX-License-Identifier: GPL-2.0
# What a person runs; "make help" lists it. kbuild reads Kbuild instead.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build

VM := selftests/vm

# Its assignments read the same here, but for the quotes.
include dkms.conf
VERSION := $(subst ",,$(PACKAGE_VERSION))

# Where either is given, an installation writes nothing outside of it.
reader-alone := $(DESTDIR)$(prefix)
prefix ?= /usr/local
# Which kernels the module is installed for, where that was said.
releases := $(if $(filter file,$(origin KVER)),,$(KVER))

all: modules $(if $(wildcard userspace/Makefile),reader)

help:
	@echo 'make            the module for the running kernel, and the reader'
	@echo 'make modules    the module alone (KVER=release or KDIR=folder for another kernel)'
	@echo 'make reader     the reader alone'
	@echo 'make clean      remove what was built here'
	@echo 'make install    the reader, and the module with DKMS (as root; KVER="release..."'
	@echo '                for some kernels; DKMS=no: without DKMS). DESTDIR= or prefix=:'
	@echo '                the reader alone, there'
	@echo 'make uninstall  remove all of that (as root)'
	@echo 'make load       load the module built here, nothing installed (as root;'
	@echo '                PARAMS="history=256"), and make unload'
	@echo 'make deb        the packages heapinfo and heapinfo-dkms'
	@echo 'as root (they install with apt what they miss):'
	@echo 'make demo       show /proc/<pid>/heapinfo of small programs'
	@echo 'make run        a shell in a virtual machine that has the module loaded'
	@echo '                and the programs of docs/the-heap-today.md (KERNEL=version for'
	@echo '                another kernel than 6.1)'
	@echo 'make check      all tests; STEPS="word..." for some of them,'
	@echo '                SUITES="suite..." for where installing is tried; QUICK=1 for what a'
	@echo '                change needs most: style, builds, the reader, one kernel'
	@echo 'make check-debug  the module on kernels that watch over it, and with everything'
	@echo '                it asks for refused once (hours where the processor is emulated;'
	@echo '                STEPS= as above, KERNELS="kernel..." for some of the kernels)'
	@echo 'make style      checkpatch.pl --strict and shellcheck alone'
	@echo 'make sparse     sparse alone'
	@echo 'make bench      what the module costs, in instructions, and the reader, in time;'
	@echo '                how many of the functions on stacks are right'
	@echo 'make clean-cache  remove kernels and trees that the tests fetched'

modules:
	@[ -e "$(KDIR)/Makefile" ] || { \
		echo "no kernel headers in $(KDIR): install" \
		     "linux-headers-$(KVER), or say KDIR=" >&2; exit 1; }
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

reader:
	$(MAKE) -C userspace

install: $(if $(wildcard userspace/Makefile),install-reader)
install: $(if $(reader-alone),,install-module)

install-reader:
	@[ -n '$(reader-alone)' ] || [ "$$(id -u)" -eq 0 ] || { \
		echo 'heapinfo: you are not root: sudo make install, or' \
		     'make install prefix=FOLDER for the reader alone' >&2; exit 1; }
	$(MAKE) -C userspace install DESTDIR='$(DESTDIR)' prefix='$(prefix)'

install-module:
	@scripts/install-module $(releases)

# What DKMS builds from, below DESTDIR.
module-source := $(DESTDIR)/usr/src/heapinfo-$(VERSION)
install-module-source:
	install -d '$(module-source)/module'
	install -m 644 Kbuild Makefile dkms.conf LICENSE '$(module-source)'
	install -m 644 module/*.[chS] '$(module-source)/module'

# What userspace/Makefile installs.
reader-files := bin/heapinfo share/man/man1/heapinfo.1 \
		share/bash-completion/completions/heapinfo
# Folders that a system need not have had before; removed once they are empty.
reader-folders := share/man/man1 share/bash-completion/completions \
		  share/bash-completion

uninstall: $(if $(reader-alone),,uninstall-module)
	rm -f $(reader-files:%='$(DESTDIR)$(prefix)/%')
	@for folder in $(reader-folders:%='$(DESTDIR)$(prefix)/%'); do \
		[ ! -d "$$folder" ] || \
			rmdir --ignore-fail-on-non-empty "$$folder"; \
	done

uninstall-module:
	@scripts/uninstall-module

load:
	@scripts/load $(PARAMS)

unload:
	@scripts/unload

deb:
	@scripts/make-deb

KERNEL ?= 6.1
run: deps-demo
	@$(VM)/boot --kernel $(KERNEL) --add selftests/heap-today --interactive

demo: deps-demo
	@selftests/demo/demo

check: deps-check
	@selftests/check $(if $(QUICK),--quick) $(STEPS)

check-debug: deps-check
	@selftests/check --from debug.d $(STEPS)

style: deps-check
	@selftests/check style

sparse: deps-check
	@selftests/check sparse

bench: deps-check
	@selftests/bench/bench
	@selftests/bench/reader

deps-%:
	@$(VM)/install-deps $*

clean:
	@[ ! -e "$(KDIR)/Makefile" ] || \
		$(MAKE) -C "$(KDIR)" M="$(CURDIR)" clean
	@[ ! -e userspace/Makefile ] || $(MAKE) -C userspace clean

clean-cache:
	@$(VM)/clean-cache

.PHONY: all help modules reader install install-reader install-module \
	install-module-source uninstall uninstall-module load unload deb run demo \
	check check-debug style sparse bench clean clean-cache
