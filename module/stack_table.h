/* SPDX-License-Identifier: GPL-2.0 */
/* What is kept of a stack, and the stacks of one process. */
#ifndef HEAPINFO_STACK_TABLE_H
#define HEAPINFO_STACK_TABLE_H

#include <linux/types.h>

/**
 * struct heapinfo_word - an address that a stack holds, or a register
 * @slot: which word of the stack it is, from the stack pointer on; or which register
 * @value: the address
 */
struct heapinfo_word {
	u64 slot:16;
	u64 value:48;
};

/* No address that is kept is as high: others have no room in a word. */
#define HEAPINFO_ADDRESS_END	0x1000000000000ULL

/* There are no more words of the stack. */
#define HEAPINFO_WORDS_MAX	118

/* There were more words to keep than that, or more to look at than there should be. */
#define HEAPINFO_STACK_CUT	1
/* Some of what was to be looked at was not in memory. */
#define HEAPINFO_STACK_PART	2
/* All of the stack was looked at, to its end. */
#define HEAPINFO_STACK_END	4
/* The words of the stack have 4 bytes. */
#define HEAPINFO_STACK_NARROW	8

/**
 * struct heapinfo_stack - what is kept of a stack
 * @next: links stacks that are to be freed
 * @ip: where the call was made
 * @sp: the stack pointer
 * @nr: how many words there are, with the registers
 * @registers: how many of them are registers; they come first
 * @flags: HEAPINFO_STACK_...
 * @words: addresses of code and of the stack itself, and nothing else
 *
 * It never changes: so who copies it need not have all of it at once.
 */
struct heapinfo_stack {
	struct heapinfo_stack *next;
	u64 ip;
	u64 sp;
	u16 nr;
	u8 registers;
	u8 flags;
	struct heapinfo_word words[];
};

/**
 * struct heapinfo_stack_entry - the place of a stack in the table
 * @stack: the stack, or NULL
 * @number: its number, which no other stack of the process ever has
 * @rows: how many rows are of it. Where none is, another stack may take its place.
 * @key: tells most stacks from it
 */
struct heapinfo_stack_entry {
	struct heapinfo_stack *stack;
	u32 number;
	u16 rows;
	u16 key;
};

/**
 * struct heapinfo_stacks - the stacks of one process
 * @gone: those that no row is of any more, for somebody to free
 * @bytes: how much memory those in @entries take
 * @most: how many there may be
 * @entries: these; one that is used stays in its place
 *
 * The lock of the record guards it. There is no kernel in this: the unit tests of the
 * reader build stack_table.c, too.
 */
struct heapinfo_stacks {
	struct heapinfo_stack *gone;
	u32 bytes;
	u16 most;
	struct heapinfo_stack_entry entries[];
};

/* How large a first table is. */
#define HEAPINFO_STACKS_FIRST	4

u16 heapinfo_stacks_place(const struct heapinfo_stacks *stacks);
void heapinfo_stacks_init(struct heapinfo_stacks *stacks, u16 most);
void heapinfo_stacks_move(struct heapinfo_stacks *to,
			  struct heapinfo_stacks *from);
void heapinfo_stacks_set(struct heapinfo_stacks *stacks, u16 place,
			 struct heapinfo_stack *stack, u32 number);
void heapinfo_stacks_drop(struct heapinfo_stacks *stacks, u16 place);
void heapinfo_stacks_leave(struct heapinfo_stacks *stacks, u16 place);

/* How many bytes a stack has. */
static inline size_t heapinfo_stack_size(const struct heapinfo_stack *stack)
{
	return sizeof(*stack) + stack->nr * sizeof(stack->words[0]);
}

/* How many bytes a table has. */
static inline size_t heapinfo_stacks_size(u16 most)
{
	return sizeof(struct heapinfo_stacks) +
	       most * sizeof(struct heapinfo_stack_entry);
}

/* What tells most stacks from others: where they were when the call was made. */
static inline u16 heapinfo_stack_key(u64 ip, u64 sp)
{
	u32 mixed = (u32)ip * 0x9e3779b1U + (u32)sp;

	return mixed ^ mixed >> 16;
}

#endif /* HEAPINFO_STACK_TABLE_H */
