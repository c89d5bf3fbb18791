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

/* The stack is read in parts of so many words. */
#define PART		64

/* How many mappings are asked for, and how many answers are kept at a time. */
#define QUESTIONS	256
#define RANGES		24U

/* Which answer to try first for an address, by its bits from HINT_SHIFT on. */
#define HINTS		128
#define HINT_SHIFT	12

/* How often code is read at doubtful addresses, and how often in vain. */
#define CHECKS		1024
#define MISSES		16

/* How many stacks a new one is compared with, beside that of the newest row. */
#define COMPARISONS	64

/**
 * struct heapinfo_range - addresses that have the same answer
 * @start: the lowest one
 * @size: how many there are
 * @code: whether they are of code
 */
struct heapinfo_range {
	unsigned long start;
	unsigned long size;
	bool code;
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
 * @hints: which of @ranges was the answer for an address like that
 * @ranges: answers, with those in it that were got first
 * @scan: what is kept
 * @part: what may be kept of what was read
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
	u8 hints[HINTS];
	struct heapinfo_range ranges[RANGES];
	struct heapinfo_stack_scan scan;
	struct heapinfo_word part[PART];
};

/* Where looks are allocated. */
static struct kmem_cache *heapinfo_look_cache;

/*
 * A look is filled in when it is used. That there is a constructor keeps kernels that
 * zero all that they allocate from doing so here, for each stack.
 */
static void heapinfo_look_constructor(void *look)
{
}

/**
 * heapinfo_stack_start() - get ready to look at stacks
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int heapinfo_stack_start(void)
{
	heapinfo_look_cache = kmem_cache_create("heapinfo_look",
						sizeof(struct heapinfo_look), 0, 0,
						heapinfo_look_constructor);
	return heapinfo_look_cache ? 0 : -ENOMEM;
}

/**
 * heapinfo_stack_stop() - undo heapinfo_stack_start()
 *
 * Context: may sleep; no call is under way any more.
 */
void heapinfo_stack_stop(void)
{
	kmem_cache_destroy(heapinfo_look_cache);
}

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

/* Searches for the answer for an address, for which @hint is wrong. */
static noinline const struct heapinfo_range *
heapinfo_look_search(struct heapinfo_look *look, unsigned long address, u8 *hint)
{
	const struct heapinfo_range *end = look->ranges +
					   min(look->questions, RANGES);
	const struct heapinfo_range *range;

	for (range = look->ranges; range < end; range++)
		if (heapinfo_range_has(range, address))
			goto found;
	if (look->questions == QUESTIONS)
		return NULL;
	range = heapinfo_look_up(look, address);
found:
	*hint = range - look->ranges;
	return range;
}

/* The answer for an address; NULL if there were too many questions. */
static __always_inline const struct heapinfo_range *
heapinfo_look_range(struct heapinfo_look *look, unsigned long address)
{
	u8 *hint = &look->hints[address >> HINT_SHIFT & (HINTS - 1)];
	const struct heapinfo_range *range = &look->ranges[*hint];

	if (unlikely(!heapinfo_range_has(range, address)))
		range = heapinfo_look_search(look, address, hint);
	if (likely(range))
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
static noinline bool heapinfo_look_is_used(struct heapinfo_look *look,
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

/*
 * How many words are read next: of one page, but for a word that lies in two; 0 at the
 * end.
 */
static unsigned int heapinfo_look_next(const struct heapinfo_look *look,
				       unsigned long at)
{
	const unsigned int word = 1U << look->scan.shift;
	unsigned long left = look->scan.end - at;
	unsigned long bytes = min(left, PAGE_SIZE - at % PAGE_SIZE);

	bytes = min_t(unsigned long, bytes, PART * word);
	if (bytes < word && left >= word)
		bytes = word;
	return bytes >> look->scan.shift;
}

/* How many words are left out where a page is not in memory, or the rest of it. */
static unsigned int heapinfo_look_hole(const struct heapinfo_look *look,
				       unsigned long at)
{
	unsigned int bytes = min(look->scan.end - at, PAGE_SIZE - at % PAGE_SIZE);

	return DIV_ROUND_UP(bytes, 1U << look->scan.shift);
}

/*
 * Reads the next words of the stack, of 1 << @shift bytes, and takes down those that may
 * be kept. Returns how many these are; less than 0 if not all is in memory.
 */
static __always_inline int
heapinfo_look_words_of(struct heapinfo_look *look, unsigned long at,
		       unsigned int nr, const unsigned int shift)
{
	const struct heapinfo_stack_scan *scan = &look->scan;
	const unsigned int first = scan->slots;
	/* Else they are read anew after each word that is taken down. */
	const u64 lowest = scan->lowest, span = scan->highest - lowest;
	struct heapinfo_word *word = look->part;
	unsigned int i;
	u64 value;
	u32 half;

	if (!user_read_access_begin((const void __user *)at, nr << shift))
		return -EFAULT;
	for (i = 0; i < nr; i++) {
		if (shift == 3) {
			unsafe_get_user(value, (const u64 __user *)at + i,
					unreadable);
		} else {
			unsafe_get_user(half, (const u32 __user *)at + i,
					unreadable);
			value = half;
		}
		if (value - lowest < span)
			*word++ = (struct heapinfo_word) {
				.slot = first + i, .value = value,
			};
	}
	user_read_access_end();
	return word - look->part;

unreadable:
	user_read_access_end();
	return -EFAULT;
}

/* As above. The two are apart so that no word asks which of them it is. */
static int heapinfo_look_words(struct heapinfo_look *look, unsigned long at,
			       unsigned int nr)
{
	return look->scan.shift == 3 ? heapinfo_look_words_of(look, at, nr, 3) :
				       heapinfo_look_words_of(look, at, nr, 2);
}

/* Reads the stack, part by part, and keeps what is to be kept. */
static void heapinfo_look_scan(struct heapinfo_look *look)
{
	struct heapinfo_stack_scan *scan = &look->scan;
	unsigned long at = scan->top;
	unsigned int words, slot = 0;
	int asked;

	while (at < scan->end && !(look->flags & HEAPINFO_STACK_CUT)) {
		words = heapinfo_look_next(look, at);
		if (!words)
			break;
		pagefault_disable();
		asked = heapinfo_look_words(look, at, words);
		pagefault_enable();
		if (asked < 0) {
			look->flags |= HEAPINFO_STACK_PART;
			words = heapinfo_look_hole(look, at);
		} else {
			look->found = true;
			if (!heapinfo_stack_scan_words(scan, look->part, asked,
						       heapinfo_look_is_code,
						       look)) {
				look->flags |= HEAPINFO_STACK_CUT;
				break;
			}
		}
		slot += words;
		at += (unsigned long)words << scan->shift;
		heapinfo_stack_scan_to(scan, slot);
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

/* Below this there is nothing that may be kept. */
static unsigned long heapinfo_look_lowest(const struct heapinfo_look *look)
{
	const struct vm_area_struct *first = find_vma(look->mm, LOWEST_CODE);
	unsigned long lowest = LOWEST_CODE;

	if (first)
		lowest = max(lowest, first->vm_start);
	return min(look->registers.sp, lowest);
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
	scan->lowest = heapinfo_look_lowest(look);
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
	memset(look->hints, 0, sizeof(look->hints));
	/* What all hints are for; the others are not looked at before they are set. */
	look->ranges[0] = (struct heapinfo_range) {};
	if (!(may_sleep ? heapinfo_lock_mm_quickly(mm) :
			  mmap_read_trylock(mm)))
		return false;
	found = heapinfo_look_locked(look);
	mmap_read_unlock(mm);
	return found;
}

/* Forgets what may be data of the program. */
static void heapinfo_look_forget(struct heapinfo_look *look)
{
	memzero_explicit(&look->registers, sizeof(look->registers));
	memzero_explicit(look->part, sizeof(look->part));
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
	look = kmem_cache_alloc(heapinfo_look_cache, gfp);
	if (look) {
		if (heapinfo_look(look, may_sleep))
			stack = heapinfo_look_keep(look, gfp);
		heapinfo_look_forget(look);
		kmem_cache_free(heapinfo_look_cache, look);
	}
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
heapinfo_entry_same(const struct heapinfo_stack_entry *entry,
		    const struct heapinfo_registers *registers)
{
	const struct heapinfo_stack *stack = entry->stack;
	enum heapinfo_same same;

	if (!stack || !heapinfo_same_registers(stack, registers))
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
	const struct heapinfo_stack_entry *first = NULL, *entry, *end;
	unsigned int comparisons = COMPARISONS;
	struct heapinfo_registers registers;
	enum heapinfo_same same;
	u16 key, newest;

	if (!stacks)
		return HEAPINFO_NO_STACK;
	end = stacks->entries + stacks->most;
	heapinfo_read_registers(&registers, task_pt_regs(current));
	key = heapinfo_stack_key(registers.ip, registers.sp);
	newest = heapinfo_stack_newest(ring);
	if (newest != HEAPINFO_NO_STACK)
		first = &stacks->entries[newest];
	if (first && first->key == key) {
		same = heapinfo_entry_same(first, &registers);
		if (same != HEAPINFO_DIFFERENT)
			return same == HEAPINFO_SAME ? newest :
						       HEAPINFO_NO_STACK;
	}
	for (entry = stacks->entries; entry < end; entry++) {
		if (likely(entry->key != key) || entry == first)
			continue;
		same = heapinfo_entry_same(entry, &registers);
		if (same == HEAPINFO_SAME)
			return entry - stacks->entries;
		if (same == HEAPINFO_UNREADABLE || !--comparisons)
			break;
	}
	return HEAPINFO_NO_STACK;
}
