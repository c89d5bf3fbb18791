// SPDX-License-Identifier: GPL-2.0
/* The stack of the call that is under way: kept, or found among those kept before. */
#include "heapinfo.h"
#include "arch.h"
#include "budget.h"
#include "code.h"
#include "failure.h"
#include "history.h"
#include "ring.h"
#include "stack.h"
#include "stack_scan.h"
#include "stack_table.h"

#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/*
 * The process may point its stack pointer at whatever it likes, and have there what it
 * likes. So a call waits for nothing: what is not in memory is not read, and all that
 * is done here has a bound. What is read beside addresses is dropped right here.
 *
 * Where code lies high, no number of a program looks like an address of it by chance.
 * Below the first 4 GiB many do. There an address is kept only if a call stands before
 * it, so that something returns there.
 */

/* Below this, numbers may look like addresses of code. */
#define DOUBTFUL_BELOW	SZ_4G

/* No code lies below this. */
#define LOWEST_CODE	0x10000UL

/* The stack is read in parts that do not cross a multiple of this. */
#define PART		1024

/* How many mappings are asked for, and how many answers are kept at a time. */
#define QUESTIONS	256
#define RANGES		24

/* How often code is read at doubtful addresses, and how often in vain. */
#define CHECKS		1024
#define MISSES		16

/* How many stacks a new one is compared with. */
#define COMPARISONS	64

/**
 * struct heapinfo_range - addresses that have the same answer
 * @start: the lowest one
 * @size: how many there are
 * @code: whether they are of code
 */
struct heapinfo_range {
	unsigned long start;
	unsigned long size:63;
	unsigned long code:1;
};

/**
 * struct heapinfo_look - a look at the stack of a call
 * @mm: the address space, which is locked
 * @registers: what they were when the call was made
 * @bottom: where the stack ends; 0 if nobody knows
 * @flags: HEAPINFO_STACK_...
 * @found: something was in memory
 * @questions: how many mappings were asked for
 * @checks: how often code was read
 * @misses: how often code was not in memory
 * @missed: the pages, so that none is asked for time and again
 * @doubtful: below this, an address of code is looked at
 * @last: what was the answer the last time
 * @ranges: answers, with those in it that were got first
 * @scan: what is kept
 * @part: what was read
 */
struct heapinfo_look {
	struct mm_struct *mm;
	struct heapinfo_registers registers;
	unsigned long bottom;
	u8 flags;
	bool found;
	unsigned int questions;
	unsigned int checks;
	unsigned int misses;
	unsigned long missed[MISSES];
	unsigned long doubtful;
	const struct heapinfo_range *last;
	struct heapinfo_range ranges[RANGES];
	struct heapinfo_stack_scan scan;
	u64 part[PART / sizeof(u64)];
};

/* Whether a mapping has memory of the usual kind, which reading does not change. */
static bool heapinfo_is_memory(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_IO | VM_PFNMAP));
}

/* Asks for the mapping at an address, or the gap there. */
static const struct heapinfo_range *
heapinfo_look_up(struct heapinfo_look *look, unsigned long address)
{
	struct heapinfo_range *range =
		&look->ranges[look->questions++ % RANGES];
	const struct vm_area_struct *vma = find_vma(look->mm, address);

	range->start = address;
	range->code = false;
	if (!vma) {
		range->size = HEAPINFO_ADDRESS_END - address;
	} else if (address < vma->vm_start) {
		range->size = vma->vm_start - address;
	} else {
		range->start = vma->vm_start;
		range->size = vma->vm_end - vma->vm_start;
		range->code = (vma->vm_flags & VM_EXEC) &&
			      heapinfo_is_memory(vma);
	}
	return range;
}

static bool heapinfo_range_has(const struct heapinfo_range *range,
			       unsigned long address)
{
	return address - range->start < range->size;
}

/* The answer for an address; NULL if there were too many questions. */
static const struct heapinfo_range *
heapinfo_look_range(struct heapinfo_look *look, unsigned long address)
{
	const struct heapinfo_range *range = look->last;

	if (heapinfo_range_has(range, address))
		return range;
	for (range = look->ranges; range < look->ranges + RANGES; range++)
		if (heapinfo_range_has(range, address))
			goto found;
	if (look->questions == QUESTIONS)
		return NULL;
	range = heapinfo_look_up(look, address);
found:
	look->last = range;
	return range;
}

/* Copies what a program has at an address, if all of it is in memory. */
static bool heapinfo_look_read(void *to, unsigned long from, unsigned int bytes)
{
	const void __user *user = (const void __user *)from;
	unsigned long left;

	if (!access_ok(user, bytes))
		return false;
	pagefault_disable();
	left = __copy_from_user_inatomic(to, user, bytes);
	pagefault_enable();
	return !left;
}

/* Whether a page of code was not in memory when it was asked for. */
static bool heapinfo_look_missed(const struct heapinfo_look *look,
				 unsigned long page)
{
	unsigned int i;

	for (i = 0; i < look->misses; i++)
		if (look->missed[i] == page)
			return true;
	return false;
}

/*
 * Reads the code from @address - @before to @address + @after, as far as it is of the
 * same mapping; the rest of @code is 0. Returns false if it is not in memory.
 */
static bool heapinfo_look_code(struct heapinfo_look *look, unsigned long address,
			       unsigned int before, unsigned int after, u8 *code)
{
	const struct heapinfo_range *range = look->last;
	unsigned long inside = address - range->start;
	unsigned int from = before - min_t(unsigned long, before, inside);
	unsigned int to = before + min_t(unsigned long, after,
					 range->size - inside);
	unsigned long first = address - before + from;
	unsigned long last = address - before + to - 1;

	memset(code, 0, before + after);
	first &= PAGE_MASK;
	last &= PAGE_MASK;
	if (heapinfo_look_missed(look, first) ||
	    heapinfo_look_missed(look, last))
		return false;
	look->checks++;
	if (heapinfo_look_read(code + from, address - before + from, to - from))
		return true;
	/* Of two pages, nobody knows which one it was: 1 is none. */
	if (look->misses < MISSES)
		look->missed[look->misses++] = first == last ? first : 1;
	return false;
}

/*
 * Whether something returns to an address: what was called, or the handler of a
 * signal. Where the second half of what is read is not in memory, the first may be.
 */
static bool heapinfo_look_is_returned_to(struct heapinfo_look *look,
					 unsigned long address)
{
	u8 code[HEAPINFO_CALL_SIZE + HEAPINFO_RESTORER_SIZE];

	if (heapinfo_look_code(look, address, HEAPINFO_CALL_SIZE,
			       HEAPINFO_RESTORER_SIZE, code))
		return heapinfo_code_is_after_call(code) ||
		       heapinfo_code_restorer(code + HEAPINFO_CALL_SIZE);
	return address > look->last->start &&
	       heapinfo_look_code(look, address - 1, HEAPINFO_CALL_SIZE - 1, 1,
				  code) &&
	       heapinfo_code_is_after_call(code);
}

/*
 * Whether the last word that is kept and @words below the one that is looked at is
 * what the handler of a signal returns to, which has so large a frame. Then the
 * program was interrupted at the address in this one.
 */
static bool heapinfo_look_is_interrupted(struct heapinfo_look *look,
					 unsigned int words)
{
	const struct heapinfo_stack_scan *scan = &look->scan;
	const struct heapinfo_word *word = scan->words + scan->nr;
	u8 code[HEAPINFO_RESTORER_SIZE];

	while (word > scan->words && (--word)->slot + words >= scan->slots - 1) {
		if (word->slot + words > scan->slots - 1)
			continue;
		return heapinfo_look_range(look, word->value) &&
		       heapinfo_look_code(look, word->value, 0, sizeof(code),
					  code) &&
		       heapinfo_code_restorer(code) == words;
	}
	return false;
}

/* Whether what may be a number is the address of code, too: some code refers to it. */
static bool heapinfo_look_is_used(struct heapinfo_look *look,
				  unsigned long address)
{
	/* The kernel's own calls and handlers have other shapes. */
	if (look->last->start == heapinfo_vdso(look->mm))
		return true;
	if (look->checks >= CHECKS || look->misses == MISSES) {
		look->flags |= HEAPINFO_STACK_CUT;
		return false;
	}
	if (heapinfo_look_is_returned_to(look, address))
		return true;
	if (!look->registers.narrow)
		return heapinfo_look_is_interrupted(look, HEAPINFO_SIGNAL_WIDE);
	return heapinfo_look_is_interrupted(look, HEAPINFO_SIGNAL_NARROW) ||
	       heapinfo_look_is_interrupted(look, HEAPINFO_SIGNAL_NARROW_INFO);
}

/* Whether there is code at an address: heapinfo_is_code() of the scan. */
static bool heapinfo_look_is_code(void *data, unsigned long address)
{
	struct heapinfo_look *look = data;
	const struct heapinfo_range *range = heapinfo_look_range(look, address);

	if (!range)
		look->flags |= HEAPINFO_STACK_CUT;
	if (!range || !range->code)
		return false;
	return address >= look->doubtful || heapinfo_look_is_used(look, address);
}

/* How many bytes are read next, as whole words: one of them may cross two parts. */
static unsigned int heapinfo_look_bytes(const struct heapinfo_look *look,
					unsigned long at)
{
	const unsigned int word = 1U << look->scan.shift;
	unsigned long left = look->scan.end - at;
	unsigned int bytes = min_t(unsigned long, left, PART - at % PART);

	bytes &= -word;
	if (!bytes && left >= word)
		bytes = word;
	return bytes;
}

/* How many words are left out where a page is not in memory, or the rest of it. */
static unsigned int heapinfo_look_hole(const struct heapinfo_look *look,
				       unsigned long at)
{
	unsigned int bytes = min(look->scan.end - at, PAGE_SIZE - at % PAGE_SIZE);

	return DIV_ROUND_UP(bytes, 1U << look->scan.shift);
}

/* Reads the stack, part by part, and keeps what is to be kept. */
static void heapinfo_look_scan(struct heapinfo_look *look)
{
	struct heapinfo_stack_scan *scan = &look->scan;
	unsigned long at = scan->top;
	unsigned int bytes, hole;

	while (at < scan->end && !(look->flags & HEAPINFO_STACK_CUT)) {
		bytes = heapinfo_look_bytes(look, at);
		if (!bytes)
			break;
		if (!heapinfo_look_read(look->part, at, bytes)) {
			look->flags |= HEAPINFO_STACK_PART;
			hole = heapinfo_look_hole(look, at);
			heapinfo_stack_scan_skip(scan, hole);
			at += (unsigned long)hole << scan->shift;
			continue;
		}
		look->found = true;
		at += bytes;
		if (!heapinfo_stack_scan_part(scan, look->part,
					      bytes >> scan->shift,
					      heapinfo_look_is_code, look))
			look->flags |= HEAPINFO_STACK_CUT;
	}
	if (!heapinfo_stack_scan_end(scan))
		look->flags |= HEAPINFO_STACK_CUT;
	if (!(look->flags & (HEAPINFO_STACK_CUT | HEAPINFO_STACK_PART)) &&
	    scan->end == look->bottom)
		look->flags |= HEAPINFO_STACK_END;
}

/*
 * How much is left of the stack that handlers of signals have, if it is in use. It
 * may lie in a larger mapping, where what follows is no stack.
 */
static unsigned long heapinfo_look_alternate(unsigned long sp)
{
	unsigned long used = sp - current->sas_ss_sp;

	return used < current->sas_ss_size ? current->sas_ss_size - used : 0;
}

/* Whether the next mapping is of the same stack, as far as one can tell. */
static bool heapinfo_look_goes_on(const struct heapinfo_look *look,
				  const struct vm_area_struct *vma)
{
	const struct vm_area_struct *next = find_vma(look->mm, vma->vm_end);

	return next && next->vm_start == vma->vm_end &&
	       next->vm_file == vma->vm_file && (next->vm_flags & VM_READ);
}

/*
 * Where the stack ends; 0 if nobody knows. Above where the first stack began are only
 * the arguments of the program.
 */
static unsigned long heapinfo_look_bottom(const struct heapinfo_look *look,
					  const struct vm_area_struct *vma)
{
	unsigned long sp = look->registers.sp, start = look->mm->start_stack;

	if (heapinfo_look_alternate(sp))
		return 0;
	if (sp < start && start < vma->vm_end)
		return start;
	return heapinfo_look_goes_on(look, vma) ? 0 : vma->vm_end;
}

/* Whether a register is kept: of the same kinds of values as of words. */
static bool heapinfo_look_keeps(struct heapinfo_look *look, unsigned long value)
{
	const struct heapinfo_stack_scan *scan = &look->scan;

	if (value - scan->top < (unsigned long)scan->slots << scan->shift)
		return true;
	return value >= scan->lowest && value < scan->highest &&
	       heapinfo_look_is_code(look, value);
}

/* Looks at the stack. The address space is locked. Returns whether there is one. */
static bool heapinfo_look_locked(struct heapinfo_look *look)
{
	unsigned long sp = look->registers.sp, alternate, limit, end;
	const struct vm_area_struct *vma = find_vma(look->mm, sp);
	struct heapinfo_stack_scan *scan = &look->scan;
	unsigned int i;

	if (!vma || sp < vma->vm_start || sp >= HEAPINFO_ADDRESS_END ||
	    !heapinfo_is_memory(vma))
		return false;
	limit = heapinfo_params.stacks;
	alternate = heapinfo_look_alternate(sp);
	if (alternate)
		limit = min(limit, alternate);
	look->bottom = heapinfo_look_bottom(look, vma);
	end = min(sp + limit, vma->vm_end);
	if (look->bottom)
		end = min(end, look->bottom);
	end = min_t(u64, end, HEAPINFO_ADDRESS_END);
	heapinfo_stack_scan_begin(scan, sp, end, look->registers.narrow ? 2 : 3);
	scan->lowest = min(sp, LOWEST_CODE);
	scan->highest = min_t(u64, look->mm->task_size, HEAPINFO_ADDRESS_END);
	heapinfo_look_scan(look);
	for (i = 0; i < HEAPINFO_REGISTERS; i++)
		if (!heapinfo_look_keeps(look, look->registers.values[i]))
			look->registers.values[i] = 0;
	return look->found;
}

/* Below which addresses of code may be numbers. */
static unsigned long heapinfo_look_doubtful(const struct heapinfo_look *look)
{
	/* What may be read may be executed then: all of it looks like code. */
	if (look->registers.narrow || (current->personality & READ_IMPLIES_EXEC))
		return ULONG_MAX;
	return DOUBTFUL_BELOW;
}

/*
 * Looks at the stack of the call that is under way, if the address space can be locked
 * without waiting for who has locked it.
 */
static bool heapinfo_look(struct heapinfo_look *look, bool may_sleep)
{
	struct mm_struct *mm = current->mm;
	bool found;

	heapinfo_read_registers(&look->registers, task_pt_regs(current));
	look->mm = mm;
	look->bottom = 0;
	look->flags = look->registers.narrow ? HEAPINFO_STACK_NARROW : 0;
	look->found = false;
	look->questions = 0;
	look->checks = 0;
	look->misses = 0;
	look->doubtful = heapinfo_look_doubtful(look);
	look->last = look->ranges;
	memset(look->ranges, 0, sizeof(look->ranges));
	if (!(may_sleep ? heapinfo_lock_mm_quickly(mm) :
			  mmap_read_trylock(mm)))
		return false;
	found = heapinfo_look_locked(look);
	mmap_read_unlock(mm);
	return found;
}

/* How many bytes the allocator takes for so many. */
static size_t heapinfo_memory_of(size_t size)
{
	return size > 192 ? roundup_pow_of_two(size) : size;
}

/**
 * heapinfo_stack_memory() - how much memory a stack takes
 * @stack: the stack
 *
 * Context: any.
 * Return: in bytes.
 */
size_t heapinfo_stack_memory(const struct heapinfo_stack *stack)
{
	return heapinfo_memory_of(heapinfo_stack_size(stack));
}

/* So much memory no stack exceeds. */
#define MEMORY_MAX						\
	roundup_pow_of_two(sizeof(struct heapinfo_stack) +	\
			   (HEAPINFO_WORDS_MAX + HEAPINFO_REGISTERS) *	\
			   sizeof(struct heapinfo_word))

/* Makes what is kept of what was looked at; NULL if there is no memory. */
static struct heapinfo_stack *
heapinfo_look_keep(const struct heapinfo_look *look, gfp_t gfp)
{
	const struct heapinfo_stack_scan *scan = &look->scan;
	const struct heapinfo_registers *registers = &look->registers;
	struct heapinfo_stack head = {
		.ip = registers->ip, .sp = registers->sp, .flags = look->flags,
	};
	struct heapinfo_stack *stack;
	unsigned int i, nr = 0;

	for (i = 0; i < HEAPINFO_REGISTERS; i++)
		head.registers += !!registers->values[i];
	head.nr = head.registers + scan->nr;
	stack = kmalloc(heapinfo_stack_size(&head), gfp);
	if (!stack)
		return NULL;
	*stack = head;
	for (i = 0; i < HEAPINFO_REGISTERS; i++)
		if (registers->values[i])
			stack->words[nr++] = (struct heapinfo_word) {
				.slot = i, .value = registers->values[i],
			};
	memcpy(stack->words + nr, scan->words,
	       scan->nr * sizeof(scan->words[0]));
	return stack;
}

/**
 * heapinfo_stack_take() - keep the stack of the call that is under way
 * @owner: for whom its memory counts, as rows do
 * @may_sleep: whether the caller may
 *
 * Context: the task that makes the call, under no lock; sleeps for memory alone, and
 * that only if @may_sleep.
 * Return: the stack; NULL if memory is refused, or if nothing that may be a stack is
 * in memory where the stack pointer points to.
 */
struct heapinfo_stack *heapinfo_stack_take(struct heapinfo_owner *owner,
					   bool may_sleep)
{
	gfp_t gfp = heapinfo_gfp(may_sleep);
	struct heapinfo_stack *stack = NULL;
	struct heapinfo_look *look;
	size_t taken = 0;

	if (!heapinfo_budget_take_rows(owner, MEMORY_MAX, false))
		return NULL;
	look = kmalloc(sizeof(*look), gfp);
	if (look && heapinfo_look(look, may_sleep))
		stack = heapinfo_look_keep(look, gfp);
	/* There was data of the program in it. */
	kfree_sensitive(look);
	if (stack)
		taken = heapinfo_stack_memory(stack);
	heapinfo_budget_give_rows(owner, MEMORY_MAX - taken);
	return stack;
}

/* Whether the registers of which a stack has kept some are as they were then. */
static bool heapinfo_same_registers(const struct heapinfo_stack *stack,
				    const struct heapinfo_registers *registers)
{
	unsigned int i;

	if (stack->ip != registers->ip || stack->sp != registers->sp ||
	    !(stack->flags & HEAPINFO_STACK_NARROW) == registers->narrow)
		return false;
	for (i = 0; i < stack->registers; i++)
		if (stack->words[i].value !=
		    registers->values[stack->words[i].slot])
			return false;
	return true;
}

/* How the words that were kept compare with those that are there. */
enum heapinfo_same {
	HEAPINFO_SAME,
	HEAPINFO_DIFFERENT,
	HEAPINFO_UNREADABLE,
};

static enum heapinfo_same heapinfo_same_words(const struct heapinfo_stack *stack)
{
	const struct heapinfo_word *word = stack->words + stack->registers;
	const struct heapinfo_word *end = stack->words + stack->nr;
	bool narrow = stack->flags & HEAPINFO_STACK_NARROW;
	const char __user *sp = (const char __user *)(unsigned long)stack->sp;
	u64 value;
	u32 half;

	if (word == end)
		return HEAPINFO_SAME;
	if (!user_read_access_begin(sp, (end[-1].slot + 1) * sizeof(u64)))
		return HEAPINFO_UNREADABLE;
	for (; word < end; word++) {
		if (narrow) {
			unsafe_get_user(half,
					(const u32 __user *)sp + word->slot,
					unreadable);
			value = half;
		} else {
			unsafe_get_user(value,
					(const u64 __user *)sp + word->slot,
					unreadable);
		}
		if (value != word->value)
			break;
	}
	user_read_access_end();
	return word == end ? HEAPINFO_SAME : HEAPINFO_DIFFERENT;

unreadable:
	user_read_access_end();
	return HEAPINFO_UNREADABLE;
}

static enum heapinfo_same
heapinfo_stack_same(const struct heapinfo_stack *stack,
		    const struct heapinfo_registers *registers)
{
	enum heapinfo_same same;

	if (!heapinfo_same_registers(stack, registers))
		return HEAPINFO_DIFFERENT;
	pagefault_disable();
	same = heapinfo_same_words(stack);
	pagefault_enable();
	return same;
}

/* The stack of the newest row, or HEAPINFO_NO_STACK. */
static u16 heapinfo_stack_newest(const struct heapinfo_ring *ring)
{
	return ring->next ? ring->block->events[ring->next - 1].stack :
			    HEAPINFO_NO_STACK;
}

/**
 * heapinfo_stack_find() - find the stack of the call among those that were kept
 * @ring: the rows of the process
 *
 * A stack is the same if the registers and words that were kept are what they were:
 * whatever else there is, unwinding meets nothing of it.
 *
 * Most calls come from where the call before came from, which is looked at first.
 *
 * Context: the task that makes the call, under the lock of the record; does not
 * sleep.
 * Return: its place, or HEAPINFO_NO_STACK.
 */
u16 heapinfo_stack_find(const struct heapinfo_ring *ring)
{
	const struct heapinfo_stacks *stacks = ring->stacks;
	const struct heapinfo_stack_entry *entry;
	unsigned int comparisons = COMPARISONS;
	struct heapinfo_registers registers;
	enum heapinfo_same same;
	u16 i, at, key, newest;

	if (!stacks)
		return HEAPINFO_NO_STACK;
	heapinfo_read_registers(&registers, task_pt_regs(current));
	key = heapinfo_stack_key(registers.ip, registers.sp);
	newest = heapinfo_stack_newest(ring);
	/* Once more than there are, the newest one first. */
	for (i = newest == HEAPINFO_NO_STACK; i <= stacks->most; i++) {
		at = i ? i - 1 : newest;
		entry = &stacks->entries[at];
		if (entry->key != key || !entry->stack || (i && at == newest))
			continue;
		same = heapinfo_stack_same(entry->stack, &registers);
		if (same == HEAPINFO_SAME)
			return at;
		if (same == HEAPINFO_UNREADABLE || !--comparisons)
			break;
	}
	return HEAPINFO_NO_STACK;
}
