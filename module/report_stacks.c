// SPDX-License-Identifier: GPL-2.0
/* The text of /proc/<pid>/heapstacks. */
#include "heapinfo.h"
#include "arch.h"
#include "report.h"
#include "stack_table.h"
#include "text.h"

static const char heapinfo_register_names[2][HEAPINFO_REGISTERS][4] =
	HEAPINFO_REGISTER_NAMES;

static const struct {
	const char *name;
	u8 flag;
} heapinfo_stack_flags[] = {
	{ "cut", HEAPINFO_STACK_CUT },
	{ "part", HEAPINFO_STACK_PART },
	{ "end", HEAPINFO_STACK_END },
};

/* So long a line may be: what is written of a word or a register, and the rest. */
#define WORD_SIZE	(4 + 1 + HEAPINFO_TEXT_DIGITS + 1)
#define LINE_SIZE							\
	(3 * (HEAPINFO_TEXT_DECIMAL + 1) +				\
	 ARRAY_SIZE(heapinfo_stack_flags) * (HEAPINFO_TEXT_WORD + 1) +	\
	 (2 + HEAPINFO_REGISTERS + HEAPINFO_WORDS_MAX) * WORD_SIZE + 1)

/**
 * heapinfo_report_stacks() - print all that stands above the stacks
 * @m: the file that is read
 * @report: with @machine and @stacks
 *
 * Context: may sleep.
 */
void heapinfo_report_stacks(struct seq_file *m,
			    const struct heapinfo_report *report)
{
	const struct heapinfo_stack_copies *stacks = report->stacks;

	seq_printf(m, "Format:\t%d\n", HEAPINFO_STACKS_FORMAT);
	seq_printf(m, "Machine:\t%s\n", report->machine);
	seq_printf(m, "StackLimit:\t%u\n", heapinfo_params.stacks);
	seq_printf(m, "Stacks:\t%u\n", stacks->nr);
	seq_printf(m, "StacksLost:\t%u\n",
		   heapinfo_params.stacks ? stacks->lost : 0);
	seq_puts(m, "#stack\trows\tabi\tflags\tregisters\twords\n");
}

/* What is to follow something else: it is written behind @between, if that was. */
static char *heapinfo_report_next(char *at, const char *first, char between)
{
	if (at > first)
		*at++ = between;
	return at;
}

static char *heapinfo_report_flags(char *at, const struct heapinfo_stack *stack)
{
	const char *first = at;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(heapinfo_stack_flags); i++) {
		if (!(stack->flags & heapinfo_stack_flags[i].flag))
			continue;
		at = heapinfo_report_next(at, first, ',');
		at = heapinfo_text_word(at, heapinfo_stack_flags[i].name);
	}
	return at > first ? at : heapinfo_text_word(at, "-");
}

static char *heapinfo_report_value(char *at, u64 value)
{
	*at++ = '=';
	return heapinfo_text_hex_digits(at, value);
}

static char *heapinfo_report_registers(char *at,
				       const struct heapinfo_stack *stack)
{
	bool narrow = stack->flags & HEAPINFO_STACK_NARROW;
	const struct heapinfo_word *word = stack->words;
	unsigned int i;

	at = heapinfo_report_value(heapinfo_text_word(at, "ip"), stack->ip);
	*at++ = ',';
	at = heapinfo_report_value(heapinfo_text_word(at, "sp"), stack->sp);
	for (i = 0; i < stack->registers; i++, word++) {
		*at++ = ',';
		at = heapinfo_text_word(at,
					heapinfo_register_names[narrow][word->slot]);
		at = heapinfo_report_value(at, word->value);
	}
	return at;
}

static char *heapinfo_report_words(char *at, const struct heapinfo_stack *stack)
{
	unsigned int shift = stack->flags & HEAPINFO_STACK_NARROW ? 2 : 3;
	const struct heapinfo_word *word = stack->words + stack->registers;
	const struct heapinfo_word *end = stack->words + stack->nr;
	const char *first = at;

	for (; word < end; word++) {
		at = heapinfo_report_next(at, first, ',');
		at = heapinfo_text_hex_digits(at, (u64)word->slot << shift);
		at = heapinfo_report_value(at, word->value);
	}
	return at > first ? at : heapinfo_text_word(at, "-");
}

/**
 * heapinfo_report_stack() - print one stack
 * @m: the file that is read
 * @report: with @stacks
 * @i: index of the stack; the first one has 0
 *
 * Context: may sleep.
 */
void heapinfo_report_stack(struct seq_file *m,
			   const struct heapinfo_report *report, unsigned int i)
{
	const struct heapinfo_stack_copy *copy = &report->stacks->copies[i];
	const struct heapinfo_stack *stack = copy->stack;
	char *at = heapinfo_line_begin(m, LINE_SIZE);

	if (!at)
		return;
	at = heapinfo_text_decimal(at, copy->number);
	*at++ = '\t';
	at = heapinfo_text_decimal(at, copy->rows);
	*at++ = '\t';
	at = heapinfo_text_word(at, stack->flags & HEAPINFO_STACK_NARROW ?
				    "32" : "64");
	*at++ = '\t';
	at = heapinfo_report_flags(at, stack);
	*at++ = '\t';
	at = heapinfo_report_registers(at, stack);
	*at++ = '\t';
	at = heapinfo_report_words(at, stack);
	heapinfo_line_end(m, at);
}
