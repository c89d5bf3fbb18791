// SPDX-License-Identifier: GPL-2.0
/* What is remembered of the brk(2) calls of each process, within a bound. */
#include "heapinfo.h"
#include "compat.h"
#include "history.h"
#include "trace.h"
#include "tracepoints.h"

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

/*
 * Records are written where preemption is off (a kretprobe, a tracepoint), so
 * their memory comes without waiting; it is charged to the memory cgroup of
 * the process. Rows come in blocks of this many, the first with the first
 * row: a process that never moves its break has none.
 */
#define BLOCK_EVENTS	16
#define RECORD_GFP	(GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT)

/* Blocks whose addresses fit into the record itself: history=64 needs them. */
#define INLINE_BLOCKS	4

struct block {
	struct heapinfo_event events[BLOCK_EVENTS];
};

/**
 * struct record - of one process and one program in it
 * @node: in its bucket, whose lock guards all of this
 * @tgid: the process; held
 * @mm: the address space, to tell one program of the process from the next;
 *	never followed
 * @totals: what never wraps
 * @last: where the last call left the break
 * @since: when the record begins
 * @blocks: the rows, a ring over all of them
 * @inline_blocks: what @blocks points to while it need not be larger
 * @nr_blocks: how many there are
 * @room: rows that they hold, "history" at most
 * @nr: rows in the ring
 * @head: place of the oldest row once the ring is full
 */
struct record {
	struct hlist_node node;
	struct pid *tgid;
	struct mm_struct *mm;
	struct heapinfo_totals totals;
	unsigned long last;
	u8 since;
	u16 nr_blocks;
	u16 room;
	u16 nr;
	u16 head;
	struct block **blocks;
	struct block *inline_blocks[INLINE_BLOCKS];
};

#define BUCKET_BITS	10

struct bucket {
	spinlock_t lock;	/* of the list and of all in the records */
	struct hlist_head records;
};

static struct bucket *buckets;
static struct kmem_cache *record_cache;
static struct kmem_cache *block_cache;
/* When recording was complete; nobody is younger until then. */
static u64 load_time = U64_MAX;

/* Memory in use, and the moment it last did not suffice. */
static atomic_long_t bytes_used;
static atomic_long_t nr_records;
static atomic64_t last_refusal;

static DEFINE_PER_CPU(struct heapinfo_history_state, counts);

static struct bucket *bucket_of(struct pid *tgid)
{
	return &buckets[hash_ptr(tgid, BUCKET_BITS)];
}

/*
 * A quarter of the bound is left to records, so that a process whose rows no
 * longer fit still has its totals.
 */
static bool take_bytes(size_t size, bool rows)
{
	size_t bound = heapinfo_params.memory;

	if (rows)
		bound -= bound / 4;
	if (atomic_long_add_return(size, &bytes_used) <= bound)
		return true;
	atomic_long_sub(size, &bytes_used);
	return false;
}

static void give_bytes(size_t size)
{
	atomic_long_sub(size, &bytes_used);
}

static struct record *new_record(struct pid *tgid)
{
	struct record *record;

	if (!take_bytes(sizeof(*record), false))
		goto refused;
	record = kmem_cache_zalloc(record_cache, RECORD_GFP);
	if (!record)
		goto give;
	record->tgid = get_pid(tgid);
	record->mm = current->mm;
	record->blocks = record->inline_blocks;
	atomic_long_inc(&nr_records);
	return record;

give:
	give_bytes(sizeof(*record));
refused:
	atomic64_set(&last_refusal, ktime_get_boottime_ns());
	return NULL;
}

static size_t table_size(void)
{
	return DIV_ROUND_UP(heapinfo_params.history, BLOCK_EVENTS) *
	       sizeof(struct block *);
}

static bool table_needed(void)
{
	return table_size() > sizeof_field(struct record, inline_blocks);
}

static void free_rows(struct record *record)
{
	unsigned int i;

	for (i = 0; i < record->nr_blocks; i++)
		kmem_cache_free(block_cache, record->blocks[i]);
	give_bytes(record->nr_blocks * sizeof(struct block));
	if (record->blocks != record->inline_blocks) {
		kfree(record->blocks);
		give_bytes(table_size());
	}
	record->blocks = record->inline_blocks;
	record->nr_blocks = 0;
	record->room = 0;
	record->nr = 0;
	record->head = 0;
}

static void free_record(struct record *record)
{
	free_rows(record);
	put_pid(record->tgid);
	kmem_cache_free(record_cache, record);
	give_bytes(sizeof(*record));
	atomic_long_dec(&nr_records);
}

/* Under the lock of the bucket. */
static void reset_record(struct record *record, struct mm_struct *mm)
{
	free_rows(record);
	memset(&record->totals, 0, sizeof(record->totals));
	record->last = 0;
	record->mm = mm;
	record->since = HEAPINFO_SINCE_LOAD;
}

/* Under the lock of the bucket. */
static struct record *find_record(struct bucket *bucket, struct pid *tgid)
{
	struct record *record;

	hlist_for_each_entry(record, &bucket->records, node)
		if (record->tgid == tgid)
			return record;
	return NULL;
}

/*
 * Adds a block where the ring is full and in order. Where memory is refused
 * the oldest rows make room; the next turn of the ring asks again. Under the
 * lock of the bucket.
 */
static void grow_rows(struct record *record)
{
	struct block **table;
	struct block *block;

	if (table_needed() && record->blocks == record->inline_blocks) {
		if (!take_bytes(table_size(), true))
			return;
		table = kzalloc(table_size(), RECORD_GFP);
		if (!table) {
			give_bytes(table_size());
			return;
		}
		record->blocks = table;
	}
	if (!take_bytes(sizeof(*block), true))
		return;
	block = kmem_cache_alloc(block_cache, RECORD_GFP);
	if (!block) {
		give_bytes(sizeof(*block));
		return;
	}
	record->blocks[record->nr_blocks++] = block;
	record->room = min_t(unsigned int, heapinfo_params.history,
			     record->nr_blocks * BLOCK_EVENTS);
}

/* The place of a new row, or NULL. Under the lock of the bucket. */
static struct heapinfo_event *new_event(struct record *record)
{
	unsigned int at;

	record->totals.rows++;
	this_cpu_inc(counts.rows);
	if (record->nr == record->room && !record->head &&
	    record->nr < heapinfo_params.history)
		grow_rows(record);

	if (record->nr < record->room) {
		at = record->nr++;
	} else {
		this_cpu_inc(counts.rows_lost);
		if (!record->nr)
			return NULL;
		at = record->head++;
		if (record->head == record->nr)
			record->head = 0;
	}
	return &record->blocks[at / BLOCK_EVENTS]->events[at % BLOCK_EVENTS];
}

/* Under the lock of the bucket, in the task that called. */
static void add_row(struct record *record, u64 time, unsigned int call,
		    unsigned int result, unsigned long from,
		    unsigned long other, unsigned long mapping)
{
	struct heapinfo_event *event = new_event(record);
	const struct pid *pid = task_pid(current);

	if (!event)
		return;
	event->time = time;
	event->call = call;
	event->result = result;
	event->from = from;
	event->other = other;
	event->mapping = mapping;
	event->tid = task_pid_nr(current);
	event->vtid = pid->numbers[pid->level].nr;
	/* Another thread may be naming this one: a torn name, never more. */
	memcpy(event->comm, current->comm, TASK_COMM_LEN);
	event->comm[TASK_COMM_LEN - 1] = '\0';
}

/* Under the lock of the bucket. */
static void add_delta(struct record *record, unsigned long from,
		      unsigned long to)
{
	if (to > from)
		record->totals.bytes_grown += to - from;
	else
		record->totals.bytes_shrunk += from - to;
	if (to > record->totals.peak)
		record->totals.peak = to;
	record->last = to;
}

/* Under the lock of the bucket, in the task that called. */
static void add_call(struct record *record, const struct heapinfo_brk *brk)
{
	bool changed = brk->from != brk->to;
	bool has_row = heapinfo_params.queries ||
		       (brk->call != HEAPINFO_QUERY &&
			brk->call != HEAPINFO_UNCHANGED);
	u64 time = has_row ? ktime_get_boot_fast_ns() : 0;

	if (unlikely(!record->last)) {
		record->last = brk->from;
		record->totals.peak = brk->from;
	}
	/* Threads that race are put in order among themselves by brk.c. */
	if (unlikely(record->last != brk->from && !brk->raced)) {
		if (!time)
			time = ktime_get_boot_fast_ns();
		record->totals.calls[HEAPINFO_MOVED]++;
		add_row(record, time / NSEC_PER_USEC, HEAPINFO_MOVED,
			HEAPINFO_OK, record->last, brk->from, 0);
		if (brk->from > record->totals.peak)
			record->totals.peak = brk->from;
		record->last = brk->from;
	}

	record->totals.calls[brk->call]++;
	if (changed)
		add_delta(record, brk->from, brk->to);
	if (unlikely(brk->call == HEAPINFO_FAILED))
		record->totals.failures[brk->result]++;

	if (has_row)
		add_row(record, time / NSEC_PER_USEC, brk->call, brk->result,
			brk->from, brk->result == HEAPINFO_OK &&
			brk->call != HEAPINFO_QUERY ? brk->to : brk->asked,
			brk->mapping);
}

/*
 * When a process that has no record began: exec would have made one, unless
 * memory was refused in its time.
 */
static enum heapinfo_since since_without_record(u64 start_boottime)
{
	if ((u64)atomic64_read(&last_refusal) > start_boottime)
		return HEAPINFO_SINCE_REFUSAL;
	if (start_boottime > load_time)
		return HEAPINFO_SINCE_FORK;
	return HEAPINFO_SINCE_LOAD;
}

/* The listener on heapinfo:brk; in the task that called, preemption off. */
static void on_brk(void *data, const struct heapinfo_brk *brk)
{
	struct pid *tgid = task_tgid(current);
	struct bucket *bucket = bucket_of(tgid);
	struct record *record, *made;
	u64 start;

	spin_lock(&bucket->lock);
	record = find_record(bucket, tgid);
	if (unlikely(!record)) {
		spin_unlock(&bucket->lock);
		made = new_record(tgid);
		start = current->group_leader->start_boottime;
		spin_lock(&bucket->lock);
		record = find_record(bucket, tgid);
		if (!record && made) {
			record = made;
			made = NULL;
			record->since = since_without_record(start);
			hlist_add_head(&record->node, &bucket->records);
		}
		if (made)
			free_record(made);
	}
	if (likely(record)) {
		/* An exec that nobody saw: only while the module loads. */
		if (unlikely(record->mm != brk->mm))
			reset_record(record, brk->mm);
		add_call(record, brk);
		this_cpu_inc(counts.recorded);
	} else {
		this_cpu_inc(counts.refused);
	}
	spin_unlock(&bucket->lock);
}

/* A new program: a new, empty record. In the task, preemption may be off. */
static void on_exec(void *data, struct task_struct *task, pid_t old_pid,
		    struct linux_binprm *bprm)
{
	struct pid *tgid = task_tgid(task);
	struct bucket *bucket = bucket_of(tgid);
	struct record *old, *made = new_record(tgid);

	if (made) {
		made->since = HEAPINFO_SINCE_EXEC;
		made->last = READ_ONCE(task->mm->brk);
		made->totals.peak = made->last;
	}
	spin_lock(&bucket->lock);
	old = find_record(bucket, tgid);
	if (old)
		hlist_del(&old->node);
	if (made)
		hlist_add_head(&made->node, &bucket->records);
	spin_unlock(&bucket->lock);
	if (old)
		free_record(old);
}

/* In each thread that ends; the last one takes the record along. */
static void on_exit(void *data, struct task_struct *task)
{
	struct pid *tgid = task_tgid(task);
	struct bucket *bucket = bucket_of(tgid);
	struct record *old;

	if (atomic_read(&task->signal->live))
		return;
	spin_lock(&bucket->lock);
	old = find_record(bucket, tgid);
	if (old)
		hlist_del(&old->node);
	spin_unlock(&bucket->lock);
	if (old)
		free_record(old);
}

HEAPINFO_EXIT_PROBE(on_exit_probe, on_exit)

static struct heapinfo_tracepoint exec_point = {
	.name = "sched_process_exec", .probe = on_exec,
};

static struct heapinfo_tracepoint exit_point = {
	.name = "sched_process_exit", .probe = on_exit_probe,
};

static void free_all(void)
{
	struct record *record;
	struct hlist_node *next;
	unsigned int i;

	for (i = 0; i < 1 << BUCKET_BITS; i++)
		hlist_for_each_entry_safe(record, next, &buckets[i].records,
					  node)
			free_record(record);
}

/**
 * heapinfo_history_start() - begin to remember
 *
 * Does nothing with history=0. The source of calls runs already. Exit is
 * attached before what makes records, so that none outlives its process.
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -EOPNOTSUPP if a tracepoint is missing.
 */
int heapinfo_history_start(void)
{
	unsigned int i;
	int ret = -ENOMEM;

	if (!heapinfo_params.history)
		return 0;
	buckets = kvcalloc(1 << BUCKET_BITS, sizeof(*buckets), GFP_KERNEL);
	if (!buckets)
		return ret;
	for (i = 0; i < 1 << BUCKET_BITS; i++)
		spin_lock_init(&buckets[i].lock);
	record_cache = kmem_cache_create("heapinfo_record",
					 sizeof(struct record), 0,
					 SLAB_ACCOUNT, NULL);
	if (!record_cache)
		goto free_buckets;
	block_cache = kmem_cache_create("heapinfo_block", sizeof(struct block),
					0, SLAB_ACCOUNT, NULL);
	if (!block_cache)
		goto free_record_cache;
	ret = heapinfo_tracepoint_attach(&exit_point);
	if (ret)
		goto free_block_cache;
	ret = register_trace_brk(on_brk, NULL);
	if (ret)
		goto detach_exit;
	ret = heapinfo_tracepoint_attach(&exec_point);
	if (ret)
		goto detach_brk;
	load_time = ktime_get_boottime_ns();
	return 0;

detach_brk:
	unregister_trace_brk(on_brk, NULL);
	tracepoint_synchronize_unregister();
detach_exit:
	heapinfo_tracepoint_detach(&exit_point);
	free_all();
free_block_cache:
	kmem_cache_destroy(block_cache);
free_record_cache:
	kmem_cache_destroy(record_cache);
free_buckets:
	kvfree(buckets);
	return ret;
}

/**
 * heapinfo_history_stop() - forget everything
 *
 * Context: may sleep; nobody may read histories any more.
 */
void heapinfo_history_stop(void)
{
	if (!heapinfo_params.history)
		return;
	heapinfo_tracepoint_detach(&exec_point);
	unregister_trace_brk(on_brk, NULL);
	tracepoint_synchronize_unregister();
	heapinfo_tracepoint_detach(&exit_point);
	free_all();
	kmem_cache_destroy(block_cache);
	kmem_cache_destroy(record_cache);
	kvfree(buckets);
}

/* Under the lock of the bucket. */
static void copy_rows(struct heapinfo_history *copy,
		      const struct record *record, unsigned int room)
{
	unsigned int skip = record->nr > room ? record->nr - room : 0;
	unsigned int i, at;

	for (i = skip; i < record->nr; i++) {
		at = (record->head + i) % record->nr;
		copy->events[copy->nr++] =
			record->blocks[at / BLOCK_EVENTS]
				->events[at % BLOCK_EVENTS];
	}
}

/**
 * heapinfo_history_copy() - copy what is remembered of a process
 * @tgid: the process
 * @mm: the program asked about; a record of another one is not shown
 * @start_boottime: when the process began, in ns of CLOCK_BOOTTIME
 * @brk: its break, the peak of a process that was never recorded
 *
 * Context: may sleep.
 * Return: the copy, to be freed with kvfree(); -ENOMEM as a pointer.
 */
struct heapinfo_history *heapinfo_history_copy(struct pid *tgid,
					       struct mm_struct *mm,
					       u64 start_boottime,
					       unsigned long brk)
{
	unsigned int room = 0, rows;
	struct heapinfo_history *copy;
	struct bucket *bucket;
	struct record *record;

	for (;;) {
		copy = kvzalloc(struct_size(copy, events, room), GFP_KERNEL);
		if (!copy)
			return ERR_PTR(-ENOMEM);
		copy->since = HEAPINFO_SINCE_NEVER;
		if (!heapinfo_params.history)
			return copy;

		rows = 0;
		bucket = bucket_of(tgid);
		spin_lock(&bucket->lock);
		record = find_record(bucket, tgid);
		if (!record) {
			copy->since = since_without_record(start_boottime);
			copy->totals.peak = brk;
		} else if (record->mm == mm) {
			copy->since = record->since;
			copy->totals = record->totals;
			rows = record->nr;
			if (rows <= room)
				copy_rows(copy, record, room);
		}
		spin_unlock(&bucket->lock);

		/* Without a record, after a refusal, there is nothing to say. */
		if (!record && copy->since == HEAPINFO_SINCE_REFUSAL)
			copy->since = HEAPINFO_SINCE_NEVER;
		if (rows <= room)
			return copy;
		kvfree(copy);
		room = min(rows + BLOCK_EVENTS, heapinfo_params.history);
	}
}

/**
 * heapinfo_history_state() - count over the whole machine
 * @state: filled in
 *
 * Context: any.
 */
void heapinfo_history_state(struct heapinfo_history_state *state)
{
	const struct heapinfo_history_state *of;
	int cpu;

	memset(state, 0, sizeof(*state));
	state->processes = atomic_long_read(&nr_records);
	state->bytes = atomic_long_read(&bytes_used);
	for_each_possible_cpu(cpu) {
		of = per_cpu_ptr(&counts, cpu);
		state->recorded += of->recorded;
		state->refused += of->refused;
		state->rows += of->rows;
		state->rows_lost += of->rows_lost;
	}
}
