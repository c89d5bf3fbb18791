# SPDX-License-Identifier: GPL-2.0
# What a person runs; "make help" lists it. kbuild reads Kbuild instead.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build

VM := selftests/vm

all: modules $(if $(wildcard userspace/Makefile),reader)

help:
	@echo 'make            the module for the running kernel, and the reader'
	@echo 'make modules    the module alone (KVER=release or KDIR=folder for another kernel)'
	@echo 'make reader     the reader alone'
	@echo 'make clean      remove what was built here'
	@echo 'as root (they install with apt what they miss):'
	@echo 'make demo       show /proc/<pid>/heapinfo of small programs'
	@echo 'make run        a shell in a virtual machine that has the module loaded'
	@echo '                (KERNEL=version for another kernel than 6.1)'
	@echo 'make check      all tests; STEPS="word..." for some of them'
	@echo 'make style      checkpatch.pl --strict and shellcheck alone'
	@echo 'make sparse     sparse alone'
	@echo 'make bench      what the module costs, in instructions'
	@echo 'make clean-cache  remove kernels and trees that the tests fetched'

modules:
	@[ -e "$(KDIR)/Makefile" ] || { \
		echo "no kernel headers in $(KDIR): install" \
		     "linux-headers-$(KVER), or say KDIR=" >&2; exit 1; }
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

reader:
	$(MAKE) -C userspace

install: all

KERNEL ?= 6.1
run: deps-demo
	@$(VM)/boot --kernel $(KERNEL) --interactive

demo: deps-demo
	@selftests/demo/demo

check: deps-check
	@selftests/check $(STEPS)

style: deps-check
	@selftests/check style

sparse: deps-check
	@selftests/check sparse

bench: deps-check
	@selftests/bench/bench

deps-%:
	@$(VM)/install-deps $*

clean:
	@[ ! -e "$(KDIR)/Makefile" ] || \
		$(MAKE) -C "$(KDIR)" M="$(CURDIR)" clean
	@[ ! -e userspace/Makefile ] || $(MAKE) -C userspace clean

clean-cache:
	@$(VM)/clean-cache

.PHONY: all help modules reader install run demo check style sparse bench \
	clean clean-cache
