# SPDX-License-Identifier: GPL-2.0
# What a person runs: "make help" lists it. kbuild reads Kbuild instead.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build

all: modules

modules:
	@[ -e "$(KDIR)/Makefile" ] || { \
		echo "no kernel headers in $(KDIR): install" \
		     "linux-headers-$(KVER), or say KDIR=" >&2; exit 1; }
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

clean:
	@[ ! -e "$(KDIR)/Makefile" ] || \
		$(MAKE) -C "$(KDIR)" M="$(CURDIR)" clean

.PHONY: all modules clean
