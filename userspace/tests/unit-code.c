// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of how the module reads code, which is built here as it is: each way in
 * which the processor calls, and what a signal's handler returns to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "code.h"

static bool after(const char *call, size_t size)
{
	u8 before[HEAPINFO_CALL_SIZE] = {};

	assert_true(size <= sizeof(before));
	memcpy(before + sizeof(before) - size, call, size);
	return heapinfo_code_is_after_call(before);
}

#define AFTER(call) after(call, sizeof(call) - 1)

static void test_calls(void **state)
{
	(void)state;
	assert_true(AFTER("\xe8\x10\x20\x30\x40"));		/* call 0x... */
	assert_true(AFTER("\xff\xd0"));				/* call *%rax */
	assert_true(AFTER("\x41\xff\xd4"));			/* call *%r12 */
	assert_true(AFTER("\xff\x10"));				/* call *(%rax) */
	assert_true(AFTER("\xff\x50\x18"));			/* call *24(%rax) */
	assert_true(AFTER("\xff\x90\x10\x20\x30\x40"));		/* call *0x...(%rax) */
	assert_true(AFTER("\xff\x15\x10\x20\x30\x40"));		/* call *0x...(%rip) */
	assert_true(AFTER("\xff\x14\xc7"));			/* call *(%rdi,%rax,8) */
	assert_true(AFTER("\xff\x54\xc7\x08"));			/* call *8(%rdi,%rax,8) */
	assert_true(AFTER("\xff\x94\xc7\x10\x20\x30\x40"));	/* call *0x...(%rdi,%rax,8) */
	assert_true(AFTER("\xff\x14\xc5\x10\x20\x30\x40"));	/* call *0x...(,%rax,8) */
}

static void test_other_code(void **state)
{
	(void)state;
	assert_false(AFTER(""));
	assert_false(AFTER("\xe9\x10\x20\x30\x40"));		/* jmp */
	assert_false(AFTER("\xff\xe0"));			/* jmp *%rax */
	assert_false(AFTER("\xff\x25\x10\x20\x30\x40"));	/* jmp *0x...(%rip) */
	assert_false(AFTER("\xff\x30"));			/* push (%rax) */
	/* A call that ends before the address, or behind it. */
	assert_false(AFTER("\xff\xd0\x90"));
	assert_false(AFTER("\xe8\x10\x20\x30\x40\x90"));
	assert_false(AFTER("\xff\x50"));
	assert_false(AFTER("\xff\x15\x10\x20\x30"));
}

static unsigned int restorer(const char *code, size_t size)
{
	u8 bytes[HEAPINFO_RESTORER_SIZE] = {};

	assert_true(size <= sizeof(bytes));
	memcpy(bytes, code, size);
	return heapinfo_code_restorer(bytes);
}

#define RESTORER(code) restorer(code, sizeof(code) - 1)

static void test_restorers(void **state)
{
	(void)state;
	assert_int_equal(RESTORER("\x48\xc7\xc0\x0f\0\0\0\x0f\x05"),
			 HEAPINFO_SIGNAL_WIDE);
	assert_int_equal(RESTORER("\xb8\xad\0\0\0\xcd\x80"),
			 HEAPINFO_SIGNAL_NARROW_INFO);
	assert_int_equal(RESTORER("\x58\xb8\x77\0\0\0\xcd\x80"),
			 HEAPINFO_SIGNAL_NARROW);
	assert_int_equal(RESTORER("\x48\xc7\xc0\x0e\0\0\0\x0f\x05"), 0);
	assert_int_equal(RESTORER("\xb8\xad\0\0\0\xcd"), 0);
	assert_int_equal(RESTORER(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_other_code),
		cmocka_unit_test(test_restorers),
	};

	return cmocka_run_group_tests_name("code", tests, NULL, NULL);
}
