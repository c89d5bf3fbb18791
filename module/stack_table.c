// SPDX-License-Identifier: GPL-2.0
/* The stacks of one process: each is kept once, as long as a row is of it. */
#include "history.h"
#include "stack_table.h"

#include <linux/string.h>

/**
 * heapinfo_stacks_place() - find a place for a stack
 * @stacks: the table
 *
 * One that is empty, or else one whose stack was put there for a row that has not
 * come yet.
 *
 * Context: under the lock of the record.
 * Return: the place, or HEAPINFO_NO_STACK.
 */
u16 heapinfo_stacks_place(const struct heapinfo_stacks *stacks)
{
	const struct heapinfo_stack_entry *entry = stacks->entries;
	const struct heapinfo_stack_entry *end = entry + stacks->most;
	u16 place = HEAPINFO_NO_STACK;

	for (; entry < end; entry++) {
		if (entry->rows)
			continue;
		place = entry - stacks->entries;
		if (!entry->stack)
			break;
	}
	return place;
}

/**
 * heapinfo_stacks_init() - make an empty table
 * @stacks: has as much memory as heapinfo_stacks_size() says
 * @most: how many places it has
 *
 * Context: any.
 */
void heapinfo_stacks_init(struct heapinfo_stacks *stacks, u16 most)
{
	memset(stacks, 0, heapinfo_stacks_size(most));
	stacks->most = most;
}

/**
 * heapinfo_stacks_move() - let a larger table take the place of one
 * @to: the larger one, empty
 * @from: the other one, which is empty afterwards
 *
 * Each stack keeps its place.
 *
 * Context: under the lock of the record.
 */
void heapinfo_stacks_move(struct heapinfo_stacks *to,
			  struct heapinfo_stacks *from)
{
	memcpy(to->entries, from->entries,
	       from->most * sizeof(from->entries[0]));
	to->gone = from->gone;
	to->bytes = from->bytes;
	heapinfo_stacks_init(from, from->most);
}

/**
 * heapinfo_stacks_drop() - let the stack at a place go
 * @stacks: the table
 * @place: the place, which no row is of
 *
 * Context: under the lock of the record.
 */
void heapinfo_stacks_drop(struct heapinfo_stacks *stacks, u16 place)
{
	struct heapinfo_stack *stack = stacks->entries[place].stack;

	if (!stack)
		return;
	stacks->entries[place].stack = NULL;
	stacks->bytes -= heapinfo_stack_size(stack);
	stack->next = stacks->gone;
	stacks->gone = stack;
}

/**
 * heapinfo_stacks_set() - put a stack into the table
 * @stacks: the table
 * @place: where; no row is of that place
 * @stack: the stack
 * @number: its number
 *
 * Context: under the lock of the record.
 */
void heapinfo_stacks_set(struct heapinfo_stacks *stacks, u16 place,
			 struct heapinfo_stack *stack, u32 number)
{
	struct heapinfo_stack_entry *entry = &stacks->entries[place];

	heapinfo_stacks_drop(stacks, place);
	entry->stack = stack;
	entry->number = number;
	entry->rows = 0;
	entry->key = heapinfo_stack_key(stack->ip, stack->sp);
	stacks->bytes += heapinfo_stack_size(stack);
}

/**
 * heapinfo_stacks_leave() - a row that was of a stack goes
 * @stacks: the table
 * @place: where the stack is; with its last row it goes
 *
 * Context: under the lock of the record.
 */
void heapinfo_stacks_leave(struct heapinfo_stacks *stacks, u16 place)
{
	if (!--stacks->entries[place].rows)
		heapinfo_stacks_drop(stacks, place);
}
