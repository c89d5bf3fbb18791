/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of fileops share: what is counted, random numbers, programs run. */
#ifndef FILEOPS_H
#define FILEOPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define PICK(array)	((array)[draw(ARRAY_SIZE(array))])

#define TARGETS		8

/* What targets do. */
enum {
	EVENT_BRK,
	EVENT_EXEC,
	EVENT_THREAD,
	EVENT_FORK,
	EVENT_VFORK,
	EVENT_END,
	EVENT_KILLED,
	NR_EVENTS
};

/**
 * struct op - what is done with files
 * @name: for whoever reads how often that was
 * @run: does it once; a negative result says that it was refused
 * @refused: files refuse it to all, or some kernel does for all files of procfs
 * @seldom: it takes so long that otherwise little else would be done
 */
struct op {
	const char *name;
	long (*run)(void);
	bool refused;
	bool seldom;
};

extern const struct op ops[];
extern const unsigned int nr_ops;

#define OPS_MAX		64

struct times {
	unsigned long tried;
	unsigned long succeeded;
};

/**
 * struct shared - what all processes have in common, also those that ran a program
 * @stop: they are to end
 * @targets: the processes whose files are looked at
 * @ops: how often each of the others was done
 * @events: how often the targets did what they do
 * @strange: how often something was met that must not be
 * @said: what that was, the first time
 */
struct shared {
	volatile unsigned int stop;
	volatile pid_t targets[TARGETS];
	struct times ops[OPS_MAX];
	unsigned long events[NR_EVENTS];
	unsigned long strange;
	char said[200];
};

extern struct shared *shared;
extern uint64_t seed;

unsigned long draw(unsigned long below);
bool chance(unsigned int percent);
void count(unsigned long *number);
void strange(const char *what, long number);
void run_program(const char *mode);

void do_ops(void);
void do_ops_with_what_is_open(void);

void be_target(void);

#endif /* FILEOPS_H */
