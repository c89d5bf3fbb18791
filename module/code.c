// SPDX-License-Identifier: GPL-2.0
/* Reads the code of x86: what stands before an address that a call returns to. */
#include "code.h"

#include <linux/string.h>

/*
 * How many bytes "call *operand" has, by the two bytes behind 0xff; 0 if they make
 * no near call of it. @sib is the second one, which is looked at if it is one.
 */
static unsigned int heapinfo_code_indirect(u8 modrm, u8 sib)
{
	unsigned int mode = modrm >> 6, operand = modrm & 7, length = 2;

	if ((modrm >> 3 & 7) != 2)
		return 0;
	if (mode == 3)
		return length;
	if (operand == 4) {
		length++;
		operand = sib & 7;
	}
	if (mode == 1)
		return length + 1;
	if (mode == 2 || operand == 5)
		return length + 4;
	return length;
}

/**
 * heapinfo_code_is_after_call() - whether a call may stand before an address
 * @before: the HEAPINFO_CALL_SIZE bytes before it; 0 for those that are unknown
 *
 * Other code may look like a call by chance.
 *
 * Context: any.
 * Return: true if one may.
 */
bool heapinfo_code_is_after_call(const u8 *before)
{
	const u8 *end = before + HEAPINFO_CALL_SIZE;
	unsigned int length;
	u8 sib;

	/* call rel32 */
	if (end[-5] == 0xe8)
		return true;
	for (length = 2; length <= HEAPINFO_CALL_SIZE; length++) {
		sib = length > 2 ? end[2 - (int)length] : 0;
		if (end[-(int)length] == 0xff &&
		    heapinfo_code_indirect(end[1 - (int)length], sib) == length)
			return true;
	}
	return false;
}

/*
 * How sigreturn(2) and rt_sigreturn(2) are called, which is where handlers of signals
 * return to: by libraries of 64 bits; of 32 bits; and those of 32 bits for handlers
 * that do not want to know more about the signal.
 */
static const struct heapinfo_restorer {
	unsigned int words;
	unsigned int size;
	u8 bytes[HEAPINFO_RESTORER_SIZE];
} heapinfo_restorers[] = {
	{ HEAPINFO_SIGNAL_WIDE, 9,
	  { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 } },
	{ HEAPINFO_SIGNAL_NARROW_INFO, 7, { 0xb8, 0xad, 0, 0, 0, 0xcd, 0x80 } },
	{ HEAPINFO_SIGNAL_NARROW, 8,
	  { 0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80 } },
	{}
};

/**
 * heapinfo_code_restorer() - whether handlers of signals return to some code
 * @code: its first HEAPINFO_RESTORER_SIZE bytes; 0 for those that are unknown
 *
 * Context: any.
 * Return: how many words above its address on the stack the address is where the
 * program was interrupted; 0 if the code is no such one.
 */
unsigned int heapinfo_code_restorer(const u8 *code)
{
	const struct heapinfo_restorer *restorer;

	for (restorer = heapinfo_restorers; restorer->words; restorer++)
		if (!memcmp(code, restorer->bytes, restorer->size))
			return restorer->words;
	return 0;
}
