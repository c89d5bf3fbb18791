// SPDX-License-Identifier: GPL-2.0
/*
 * The table by which show tells whose anonymous memory is.
 *
 * To add an owner, add a row; memory_owners.h says what its members mean. Rows
 * with a name come first. Of the others, those with a narrow shape come before
 * those that only ask for a file. A row needs a source: the owner's source text,
 * or what /proc/PID/maps of such a program looks like.
 */
#include "heap/memory_owners.h"

#define KIB(n) ((u64)(n) << 10)
#define MIB(n) ((u64)(n) << 20)
#define GIB(n) ((u64)(n) << 30)

#define CHROMIUM "chrome", "chromium", "electron", "content_shell", "msedge"
#define V8 "node", "nodejs", "libnode.so*", "libv8.so*"
#define GCC "cc1", "cc1plus", "lto1", "f951", "gnat1", "cc1obj*"

const struct memory_owner memory_owners[] = {
	/* Names that were given with prctl(PR_SET_VMA_ANON_NAME). */
	{ .owner = "stack", .kind = OWNER_STACK,
	  .named = "[[]anon: glibc: pthread stack*" },
	{ .owner = "stack", .kind = OWNER_STACK,
	  .named = "[[]anon:stack_and_tls:*" },
	{ .owner = "malloc", .kind = OWNER_MALLOC,
	  .named = "[[]anon: glibc: malloc*" },
	{ .owner = "glibc's loader", .named = "[[]anon: glibc: loader*" },
	{ .owner = "CPython's arenas", .named = "[[]anon:cpython:pymalloc*" },
	{ .owner = "CPython", .named = "[[]anon:cpython:*" },
	{ .owner = "PartitionAlloc", .named = "[[]anon:partition_alloc*" },
	{ .owner = "V8", .named = "[[]anon:v8*" },
	{ .owner = "the heap of Go", .named = "[[]anon: Go: heap*" },
	{ .owner = "the runtime of Go", .named = "[[]anon: Go: *" },
	{ .owner = "jemalloc", .named = "[[]anon:jemalloc_*" },
	{ .owner = "SpiderMonkey's heap", .named = "[[]anon:js-gc-heap*" },
	{ .owner = "SpiderMonkey", .named = "[[]anon:js-*" },
	{ .owner = "scudo", .named = "[[]anon:scudo:*" },
	{ .owner = "tcmalloc", .named = "[[]anon:tcmalloc_region_*" },
	{ .owner = "Android's malloc", .named = "[[]anon:libc_malloc*" },
	{ .owner = "Ruby", .named = "[[]anon:Ruby:*" },

	/* glibc gives a thread 8 MiB of stack, and a page below as its guard. */
	{ .owner = "stack", .kind = OWNER_STACK, .guarded = true,
	  .min = KIB(60) },

	/* Thread-local memory and the loader's own, beside libraries. */
	{ .owner = "the loader, thread-local data", .max = KIB(64),
	  .beside_file = true },

	/* With pointers of 32 bits the heap of Java lies below 32 GiB. */
	{ .owner = "the JVM's Java heap", .with = { "libjvm.so" },
	  .low = KIB(64), .high = GIB(32), .min = MIB(1) },
	{ .owner = "the JVM's code cache", .with = { "libjvm.so" },
	  .exec = true },
	{ .owner = "the JVM (metaspace and others)", .with = { "libjvm.so" } },

	/* runtime/malloc.go: arenas begin at 0xc000000000, in steps of 64 MiB. */
	{ .owner = "the heap of Go", .low = 0xc000000000,
	  .high = 0xe000000000, .align = MIB(4) },

	/* rts/sm/MBlock.c: the heap of Haskell begins at 0x4200000000. */
	{ .owner = "the heap of Haskell", .low = 0x4200000000,
	  .high = 0x4200000000 + GIB(64), .align = MIB(1) },

	/*
	 * PartitionAlloc's super pages have 2 MiB. Their first page is a guard, the
	 * next is the description, and the memory begins behind 16 KiB.
	 */
	{ .owner = "PartitionAlloc", .with = { CHROMIUM }, .align = MIB(2),
	  .offset = KIB(4) },
	{ .owner = "PartitionAlloc", .with = { CHROMIUM }, .align = MIB(2),
	  .offset = KIB(16) },
	{ .owner = "V8 or PartitionAlloc", .with = { CHROMIUM },
	  .min = KIB(16) },

	/* The pages of V8's heap have 256 KiB, and so are they aligned. */
	{ .owner = "the code of V8", .with = { V8 }, .exec = true },
	{ .owner = "V8's heap", .with = { V8 }, .align = KIB(256),
	  .min = KIB(64) },

	/* Objects/obmalloc.c: 256 KiB at once, from 3.10 on 1 MiB. */
	{ .owner = "CPython's arenas",
	  .with = { "python2*", "python3*", "libpython*.so*" },
	  .min = KIB(256) },

	/* gcc/ggc-page.c asks for some hundred pages at once. */
	{ .owner = "gcc's garbage collector", .with = { GCC },
	  .min = KIB(64) },

	/* gc.c: pages of 64 KiB. */
	{ .owner = "Ruby's heap pages", .with = { "ruby*", "libruby*.so*" },
	  .align = KIB(64), .min = KIB(64) },

	/* Zend/zend_alloc.c: chunks of 2 MiB. */
	{ .owner = "PHP's memory manager",
	  .with = { "php*", "libphp*.so*" }, .align = MIB(2), .min = MIB(2) },

	{ .owner = "the .NET runtime", .with = { "libcoreclr.so" },
	  .min = KIB(64) },
	{ .owner = "Erlang's allocators", .with = { "beam.smp", "beam" },
	  .min = KIB(64) },
	{ .owner = "LuaJIT", .with = { "luajit*", "libluajit*.so*" },
	  .min = KIB(64) },
	{ .owner = "Boehm's garbage collector", .with = { "libgc.so*" },
	  .min = KIB(64) },
};

const size_t memory_owners_n = ARRAY_SIZE(memory_owners);
