// SPDX-License-Identifier: GPL-2.0
/* What the files in /proc show of the histories. */
#include "heapinfo.h"
#include "budget.h"
#include "history.h"
#include "record.h"
#include "stack_table.h"
#include "timeline.h"

#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

/*
 * Whether a process still runs in an address space: whether its threads do that
 * have one. Under rcu_read_lock().
 */
static bool heapinfo_runs_in(struct task_struct *leader,
			     const struct mm_struct *mm)
{
	const struct mm_struct *theirs;
	struct task_struct *thread;

	for_each_thread(leader, thread) {
		theirs = READ_ONCE(thread->mm);
		if (theirs)
			return theirs == mm;
	}
	return false;
}

/*
 * When the record of a process begins that has none. Under rcu_read_lock().
 *
 * exec gives the process its new address space, then it clears PF_FORKNOEXEC, then
 * the record goes. Here the record was asked for, then the flags are looked at,
 * and then the address space. So if that is still @mm, all that was seen is of its
 * program.
 */
static enum heapinfo_since heapinfo_since_without(pid_t nr,
						  struct task_struct *leader,
						  const struct mm_struct *mm)
{
	enum heapinfo_since since;
	unsigned int flags;

	/* Pairs with the locks that exec takes and gives between the three. */
	smp_rmb();
	/* When the last thread ends, the record goes before the address space. */
	if (!atomic_read(&leader->signal->live))
		return HEAPINFO_SINCE_NEVER;
	flags = READ_ONCE(leader->flags);
	/* Pairs with the same. */
	smp_rmb();
	if (!heapinfo_runs_in(leader, mm))
		return HEAPINFO_SINCE_NEVER;
	since = heapinfo_record_since(nr, leader->start_boottime, flags);
	/* Memory was refused: nobody knows what calls there were. */
	return since == HEAPINFO_SINCE_REFUSAL ? HEAPINFO_SINCE_NEVER : since;
}

/* So many rows are copied at most while the lock of a record is held. */
#define COPY_ROWS	64

/* Where there was no memory to count failures by reason, that is unknown. */
static void heapinfo_copy_failures(struct heapinfo_history *copy,
				   const struct heapinfo_record *record)
{
	u64 known = 0;
	int i;

	for (i = 0; record->failures && i < HEAPINFO_NR_RESULTS; i++) {
		copy->failures[i] = record->failures[i];
		known += copy->failures[i];
	}
	copy->failures[HEAPINFO_UNKNOWN] +=
		copy->totals.calls[HEAPINFO_FAILED] - known;
}

/*
 * Notes the numbers of the stacks that rows are of which were just copied. Under the
 * lock of the record: later, a place may have another stack.
 */
static void heapinfo_copy_numbers(struct heapinfo_history *copy,
				  const struct heapinfo_stacks *stacks,
				  unsigned int first, unsigned int nr)
{
	unsigned int i;
	u16 place;

	for (i = first; i < first + nr; i++) {
		place = copy->events[i].stack;
		copy->stacks[i] = place == HEAPINFO_NO_STACK ?
				  0 : stacks->entries[place].number;
	}
}

/*
 * Copies the next rows of a record, and with the newest of them all else. Sets
 * @oldest to how many rows came before those that the record still has. Under the
 * lock of the record. Returns whether that was all.
 */
static bool heapinfo_copy_part(struct heapinfo_history *copy,
			       const struct heapinfo_record *record,
			       unsigned int most, u64 *oldest)
{
	const struct heapinfo_ring *ring = &record->ring;
	u64 made = heapinfo_totals_rows(&record->totals);
	unsigned int nr;

	*oldest = made - ring->rows;
	/* What was to come next is pushed out, and so is all before it. */
	if (copy->rows < *oldest) {
		copy->rows = *oldest;
		copy->nr = 0;
	}
	nr = heapinfo_ring_copy(ring, copy->rows - *oldest, most,
				copy->events + copy->nr);
	heapinfo_copy_numbers(copy, ring->stacks, copy->nr, nr);
	copy->rows += nr;
	copy->nr += nr;
	if (copy->rows < made)
		return false;
	copy->since = record->since;
	copy->totals = record->totals;
	heapinfo_copy_failures(copy, record);
	copy->nr_spans = heapinfo_ring_copy_spans(ring, copy->spans);
	/* An actor stays in its place as long as a row that is copied is of it. */
	copy->nr_actors = heapinfo_ring_copy_actors(ring, copy->actors);
	return true;
}

/* Drops rows that were copied and have been pushed out since: spans have them. */
static void heapinfo_copy_drop(struct heapinfo_history *copy, u64 oldest)
{
	u64 first = copy->rows - copy->nr;
	unsigned int nr;

	if (first >= oldest)
		return;
	nr = oldest - first;
	copy->nr -= nr;
	memmove(copy->events, copy->events + nr,
		copy->nr * sizeof(*copy->events));
	memmove(copy->stacks, copy->stacks + nr,
		copy->nr * sizeof(*copy->stacks));
}

/*
 * Whether a process still has its number. If it has, it had it all the time: so what
 * was found by the number before is its own, and not that of a later process which
 * shares the address space. Under rcu_read_lock().
 */
static bool heapinfo_has_number(struct pid *tgid)
{
	/* Pairs with the locks taken and given until the number is another's. */
	smp_rmb();
	return pid_task(tgid, PIDTYPE_TGID);
}

/**
 * struct heapinfo_copy_room - how much a copy has room for
 * @rows: number of rows
 * @spans: number of spans
 * @actors: number of actors
 */
struct heapinfo_copy_room {
	unsigned int rows;
	unsigned int spans;
	unsigned int actors;
};

/*
 * Copies a record, part by part, so that the process need not wait for long. The
 * record goes on meanwhile; what is copied is how it was when the last part was.
 * Under rcu_read_lock(). Returns false if there is more than @room, and sets that to
 * what is needed.
 */
static bool heapinfo_copy_record(struct heapinfo_history *copy,
				 struct heapinfo_record *record,
				 struct heapinfo_copy_room *room)
{
	unsigned int most = COPY_ROWS, parts = 0, rows, need, spans;
	bool fits, done = false;
	unsigned int actors;
	u64 oldest = 0;

	for (;;) {
		spin_lock(&record->lock);
		rows = record->ring.rows;
		spans = heapinfo_ring_spans(&record->ring);
		actors = record->ring.nr_actors;
		/* Behind what has been copied there is room for a part. */
		need = rows > COPY_ROWS ? rows + COPY_ROWS : rows;
		fits = need <= room->rows && spans <= room->spans &&
		       actors <= room->actors;
		if (fits)
			done = heapinfo_copy_part(copy, record, most, &oldest);
		spin_unlock(&record->lock);

		if (!fits)
			break;
		heapinfo_copy_drop(copy, oldest);
		if (done)
			return true;
		/* Rows come faster than they are copied: now they wait. */
		if (++parts > 2 * (rows / COPY_ROWS + 1)) {
			most = UINT_MAX;
			copy->rows = 0;
			copy->nr = 0;
		}
	}
	room->rows = min(rows + HEAPINFO_BLOCK_EVENTS, heapinfo_params.history);
	if (room->rows > COPY_ROWS)
		room->rows += COPY_ROWS;
	room->spans = spans ? HEAPINFO_SPANS : 0;
	room->actors = actors;
	return false;
}

/**
 * heapinfo_history_copy() - copy what is remembered of a process
 * @tgid: the process
 * @leader: its first thread
 * @mm: its address space, which says which program is asked about
 * @brk: its break, which is the peak if the process has made no call yet
 *
 * If the process runs another program by now, there is a copy without a record
 * (HEAPINFO_SINCE_NEVER).
 *
 * Context: may sleep. The memory is charged to the memory cgroup of the caller,
 * who has references on the first three.
 * Return: the copy, which the caller frees with kvfree(); or ERR_PTR(-ENOMEM).
 */
struct heapinfo_history *heapinfo_history_copy(struct pid *tgid,
					       struct task_struct *leader,
					       struct mm_struct *mm,
					       unsigned long brk)
{
	struct heapinfo_copy_room room = {};
	pid_t nr = pid_nr(tgid);
	struct heapinfo_history *copy;
	struct heapinfo_record *record;
	bool whole;

	for (;;) {
		whole = true;
		copy = kvzalloc(struct_size(copy, events, room.rows) +
				room.spans * sizeof(*copy->spans) +
				room.actors * sizeof(*copy->actors) +
				room.rows * sizeof(*copy->stacks),
				GFP_KERNEL_ACCOUNT);
		if (!copy)
			return ERR_PTR(-ENOMEM);
		copy->spans = (void *)&copy->events[room.rows];
		copy->actors = (void *)&copy->spans[room.spans];
		copy->stacks = (void *)&copy->actors[room.actors];
		copy->since = HEAPINFO_SINCE_NEVER;
		if (!heapinfo_params.history)
			return copy;

		rcu_read_lock();
		record = heapinfo_record_find(nr);
		if (!record) {
			copy->since = heapinfo_since_without(nr, leader, mm);
			copy->totals.peak = brk;
		} else if (READ_ONCE(record->mm) == mm &&
			   heapinfo_has_number(tgid)) {
			whole = heapinfo_copy_record(copy, record, &room);
		}
		rcu_read_unlock();

		if (whole)
			return copy;
		kvfree(copy);
	}
}

/* So many stacks are copied at most while the lock of a record is held. */
#define COPY_STACKS	32

/**
 * struct heapinfo_stacks_copying - how far copying the stacks of a process has come
 * @copies: the copy; as long as it is not complete, each stack is at its own place
 * @places: how many places there are in it
 * @next: where the next stack is copied to
 * @end: where there is no more room
 */
struct heapinfo_stacks_copying {
	struct heapinfo_stack_copies *copies;
	unsigned int places;
	char *next;
	char *end;
};

/* Copies a stack to a place, if there is room. Returns whether there is. */
static bool heapinfo_copy_stack(struct heapinfo_stacks_copying *copying,
				const struct heapinfo_stack_entry *entry,
				unsigned int place)
{
	size_t size = heapinfo_stack_size(entry->stack);

	if (size > copying->end - copying->next)
		return false;
	memcpy(copying->next, entry->stack, size);
	copying->copies->copies[place] = (struct heapinfo_stack_copy) {
		.number = entry->number,
		.stack = (void *)copying->next,
	};
	copying->next += size;
	return true;
}

/* How a part of copying ended. */
enum heapinfo_copied {
	HEAPINFO_COPIED_ALL,
	HEAPINFO_COPIED_PART,
	HEAPINFO_NO_ROOM,
};

/*
 * Copies those stacks that were not copied yet, up to so many. If these were all, the
 * copy is how it is now. Under the lock of the record.
 */
static enum heapinfo_copied
heapinfo_copy_some(struct heapinfo_stacks_copying *copying,
		   const struct heapinfo_ring *ring, unsigned int most)
{
	const struct heapinfo_stacks *stacks = ring->stacks;
	unsigned int places = stacks ? stacks->most : 0, i, left = most;
	const struct heapinfo_stack_entry *entry;
	struct heapinfo_stack_copy *copy;

	if (places > copying->places)
		return HEAPINFO_NO_ROOM;
	for (i = 0; i < copying->places; i++) {
		entry = i < places ? &stacks->entries[i] : NULL;
		copy = &copying->copies->copies[i];
		if (!entry || !entry->rows) {
			copy->number = 0;
			continue;
		}
		if (copy->number != entry->number) {
			if (!left--)
				return HEAPINFO_COPIED_PART;
			if (!heapinfo_copy_stack(copying, entry, i))
				return HEAPINFO_NO_ROOM;
		}
		copy->rows = entry->rows;
	}
	copying->copies->lost = ring->lost;
	return HEAPINFO_COPIED_ALL;
}

/**
 * struct heapinfo_stacks_room - how much a copy of stacks has room for
 * @places: number of stacks
 * @bytes: what they take
 */
struct heapinfo_stacks_room {
	unsigned int places;
	size_t bytes;
};

/*
 * Copies the stacks of a record, part by part as the rows are. Under rcu_read_lock().
 * Returns false if there is more than @room, and sets that to what is needed.
 */
static bool heapinfo_copy_stacks(struct heapinfo_stack_copies *copies,
				 struct heapinfo_record *record,
				 struct heapinfo_stacks_room *room)
{
	struct heapinfo_stacks_copying copying = {
		.copies = copies,
		.places = room->places,
		.next = (char *)&copies->copies[room->places],
		.end = (char *)&copies->copies[room->places] + room->bytes,
	};
	unsigned int parts = room->places / COPY_STACKS + 1;
	const struct heapinfo_stacks *stacks;
	enum heapinfo_copied copied;

	do {
		spin_lock(&record->lock);
		/* If they come faster than they are copied, they wait. */
		copied = heapinfo_copy_some(&copying, &record->ring,
					    parts ? COPY_STACKS : UINT_MAX);
		if (parts)
			parts--;
		stacks = record->ring.stacks;
		if (copied == HEAPINFO_NO_ROOM) {
			/* And for some more, which may come meanwhile. */
			room->places = stacks->most + COPY_STACKS;
			room->bytes = stacks->bytes + SZ_8K;
		}
		spin_unlock(&record->lock);
	} while (copied == HEAPINFO_COPIED_PART);
	return copied == HEAPINFO_COPIED_ALL;
}

static int heapinfo_compare_copies(const void *a, const void *b)
{
	const struct heapinfo_stack_copy *first = a, *second = b;

	return first->number < second->number ? -1 :
	       first->number > second->number;
}

/* Puts the copied stacks in order. */
static void heapinfo_order_copies(struct heapinfo_stack_copies *copies,
				  unsigned int places)
{
	unsigned int i;

	for (i = 0; i < places; i++)
		if (copies->copies[i].number)
			copies->copies[copies->nr++] = copies->copies[i];
	sort(copies->copies, copies->nr, sizeof(copies->copies[0]),
	     heapinfo_compare_copies, NULL);
}

/**
 * heapinfo_history_copy_stacks() - copy the stacks of a process
 * @tgid: the process
 * @mm: its address space, which says which program is asked about
 *
 * If the process runs another program by now, or has made no call, there are none.
 * All are of one moment, and so are the numbers of their rows.
 *
 * Context: may sleep. The memory is charged to the memory cgroup of the caller, who
 * has references on both.
 * Return: the copy, which the caller frees with kvfree(); or ERR_PTR(-ENOMEM).
 */
struct heapinfo_stack_copies *heapinfo_history_copy_stacks(struct pid *tgid,
							   struct mm_struct *mm)
{
	struct heapinfo_stacks_room room = {}, had;
	struct heapinfo_stack_copies *copies;
	struct heapinfo_record *record;
	bool whole;

	for (;;) {
		whole = true;
		had = room;
		copies = kvzalloc(struct_size(copies, copies, room.places) +
				  room.bytes, GFP_KERNEL_ACCOUNT);
		if (!copies)
			return ERR_PTR(-ENOMEM);
		if (!heapinfo_params.history)
			return copies;

		rcu_read_lock();
		record = heapinfo_record_find(pid_nr(tgid));
		if (record && READ_ONCE(record->mm) == mm &&
		    heapinfo_has_number(tgid))
			whole = heapinfo_copy_stacks(copies, record, &room);
		rcu_read_unlock();

		if (whole) {
			heapinfo_order_copies(copies, had.places);
			return copies;
		}
		kvfree(copies);
	}
}

/**
 * heapinfo_history_state() - count over the whole machine
 * @state: filled in
 *
 * Context: any; does not sleep.
 */
void heapinfo_history_state(struct heapinfo_history_state *state)
{
	const struct heapinfo_counts *counts;
	long records = 0;
	int cpu;

	memset(state, 0, sizeof(*state));
	if (!heapinfo_params.history)
		return;
	state->bytes = heapinfo_budget_used();
	for_each_possible_cpu(cpu) {
		counts = per_cpu_ptr(&heapinfo_counts, cpu);
		records += READ_ONCE(counts->records);
		state->recorded += READ_ONCE(counts->recorded);
		state->refused += READ_ONCE(counts->refused);
		state->rows += READ_ONCE(counts->rows);
		state->rows_lost += READ_ONCE(counts->rows_lost);
	}
	/* One may be added and taken away meanwhile, and only the latter be seen. */
	state->processes = max(records, 0L);
}
