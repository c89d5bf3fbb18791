// SPDX-License-Identifier: GPL-2.0
/* Why a brk(2) failed, worked out from the address space it left behind. */

/*
 * vm_start_gap() of linux/mm.h says how far from a mapping that grows down, or
 * from a shadow stack, the kernel keeps others. It is inline and reads a variable
 * that is not for modules: so it is made to read one of ours.
 */
#define stack_guard_gap heapinfo_stack_guard_gap

#include "heapinfo.h"
#include "brk.h"
#include "compat.h"
#include "failure.h"

#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb_inline.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

/* The kernel's default, unless its command line says stack_guard_gap=. */
unsigned long heapinfo_stack_guard_gap = 256UL << PAGE_SHIFT;

/*
 * How long the lock of the address space is asked for where nothing may sleep,
 * before the reason is given up as unknown, in ns: its holder may sleep.
 */
#define LOCK_WAIT	100000

/*
 * Between two readings of the settings by a worker, in jiffies: anybody can have
 * a call fail as often as they like, and a worker is on nobody's account.
 */
#define REFRESH_PERIOD	(HZ / 10)

/*
 * Settings of the administrator. The variables themselves are not for modules, but
 * files of procfs and sysfs have their values.
 */
struct settings {
	int max_map_count;
	bool ignore_rlimit_data;
};

/* As last read by the worker; written by one at a time. */
static struct settings heapinfo_settings = {
	.max_map_count = DEFAULT_MAX_MAP_COUNT,
};

static unsigned long heapinfo_refresh_time;	/* in jiffies, when that was */

/**
 * struct filesystem - a mount of our own, which nobody else can see or watch
 * @type: its name
 * @mount: NULL where the kernel has no such file system
 */
struct filesystem {
	const char *type;
	struct vfsmount *mount;
};

static struct filesystem heapinfo_procfs = { .type = "proc" };
static struct filesystem heapinfo_sysfs = { .type = "sysfs" };

/*
 * Both are opened once, at load. Whoever meets a failure reads them, and would at
 * an open have to wait for those who watch the file system and allow or deny each
 * (fanotify). One of them may be the one that meets the failure.
 */
static struct file *heapinfo_map_count_file;
static struct file *heapinfo_ignore_file;

/*
 * sysfs lets the readers of one open file wait for each other, whatever comes.
 * Here they can be killed meanwhile.
 */
static DEFINE_MUTEX(heapinfo_ignore_lock);

static int heapinfo_mount(struct filesystem *fs)
{
	struct file_system_type *type = get_fs_type(fs->type);
	struct vfsmount *mount;

	if (!type)
		return 0;
	mount = kern_mount(type);
	if (IS_ERR(mount)) {
		pr_err("cannot mount %s for the module itself (%ld)\n",
		       fs->type, PTR_ERR(mount));
		return PTR_ERR(mount);
	}
	fs->mount = mount;
	return 0;
}

static void heapinfo_unmount(struct filesystem *fs)
{
	if (fs->mount)
		kern_unmount(fs->mount);
	fs->mount = NULL;
}

/* @file stays NULL where there is no such file. */
static int heapinfo_open_setting(struct file **file,
				 const struct filesystem *fs, const char *name)
{
	struct path root = { .mnt = fs->mount };
	struct file *opened;

	if (!fs->mount)
		return 0;
	root.dentry = fs->mount->mnt_root;
	opened = heapinfo_open_root(&root, name, O_RDONLY);
	if (opened == ERR_PTR(-ENOENT))
		return 0;
	if (IS_ERR(opened)) {
		pr_err("cannot open %s of %s (%ld)\n", name, fs->type,
		       PTR_ERR(opened));
		return PTR_ERR(opened);
	}
	*file = opened;
	return 0;
}

static void heapinfo_close_setting(struct file **file)
{
	if (*file)
		fput(*file);
	*file = NULL;
}

/*
 * Reads up to @size - 1 bytes, by the function of the file system itself: around it
 * the kernel asks those who watch the file.
 *
 * Return: whether there are any.
 */
static bool heapinfo_read_setting(struct file *file, char *text, size_t size)
{
	struct kvec vec = { .iov_base = text, .iov_len = size - 1 };
	struct iov_iter iter;
	struct kiocb kiocb;
	ssize_t length;

	/* sysfs has such a function since 5.13. */
	if (!file || !file->f_op->read_iter)
		return false;
	init_sync_kiocb(&kiocb, file);
	iov_iter_kvec(&iter, READ, &vec, 1, size - 1);
	length = file->f_op->read_iter(&kiocb, &iter);
	text[max_t(ssize_t, length, 0)] = '\0';
	return length > 0;
}

/* What cannot be read stays as it was. */
static void heapinfo_read_settings(struct settings *settings)
{
	char text[16];
	bool ignored;
	int value;

	if (heapinfo_read_setting(heapinfo_map_count_file, text, sizeof(text)) &&
	    !kstrtoint(strim(text), 10, &value))
		settings->max_map_count = value;
	if (mutex_lock_killable(&heapinfo_ignore_lock))
		return;
	if (heapinfo_read_setting(heapinfo_ignore_file, text, sizeof(text)) &&
	    !kstrtobool(text, &ignored))
		settings->ignore_rlimit_data = ignored;
	mutex_unlock(&heapinfo_ignore_lock);
}

static void heapinfo_refresh(struct work_struct *work)
{
	struct settings now = heapinfo_settings;

	WRITE_ONCE(heapinfo_refresh_time, jiffies);
	heapinfo_read_settings(&now);
	WRITE_ONCE(heapinfo_settings.max_map_count, now.max_map_count);
	WRITE_ONCE(heapinfo_settings.ignore_rlimit_data,
		   now.ignore_rlimit_data);
}

static DECLARE_DELAYED_WORK(heapinfo_refresh_work, heapinfo_refresh);

/**
 * heapinfo_failure_refresh() - have vm.max_map_count read again
 *
 * For failures that are met where nothing may sleep. At once, or where that was
 * done a moment ago, as soon as it is due again.
 *
 * Context: any.
 */
void heapinfo_failure_refresh(void)
{
	unsigned long due = READ_ONCE(heapinfo_refresh_time) + REFRESH_PERIOD;
	unsigned long now = jiffies;

	schedule_delayed_work(&heapinfo_refresh_work,
			      time_before(now, due) ? due - now : 0);
}

/*
 * What the kernel's command line sets: the guard gap, in pages there, and whether
 * the limit on data is ignored, for kernels whose sysfs cannot be read here. The
 * last one counts.
 */
static void heapinfo_read_word(char *word)
{
	size_t gap = str_has_prefix(word, "stack_guard_gap=");
	size_t ignore = str_has_prefix(word, "ignore_rlimit_data");
	unsigned long pages;
	bool ignored;

	if (gap) {
		if (!kstrtoul(word + gap, 10, &pages))
			heapinfo_stack_guard_gap = pages << PAGE_SHIFT;
	} else if (ignore && !word[ignore]) {
		heapinfo_settings.ignore_rlimit_data = true;
	} else if (ignore && word[ignore] == '=') {
		if (!kstrtobool(word + ignore + 1, &ignored))
			heapinfo_settings.ignore_rlimit_data = ignored;
	}
}

static int heapinfo_read_command_line(void)
{
	char *line = kzalloc(PAGE_SIZE, GFP_KERNEL);
	char *rest = line, *word;
	struct file *file = NULL;
	int ret;

	if (!line)
		return -ENOMEM;
	ret = heapinfo_open_setting(&file, &heapinfo_procfs, "cmdline");
	if (heapinfo_read_setting(file, line, PAGE_SIZE))
		while ((word = strsep(&rest, "\n ")))
			heapinfo_read_word(word);
	heapinfo_close_setting(&file);
	kfree(line);
	return ret;
}

/**
 * heapinfo_failure_start() - get ready to explain failures
 *
 * What cannot be read is taken to be as it is by default: a kernel may be built
 * without sysctl or sysfs.
 *
 * Context: may sleep.
 * Return: 0, or a negative error; after one line in the log but for -ENOMEM.
 */
int heapinfo_failure_start(void)
{
	int ret;

	ret = heapinfo_mount(&heapinfo_procfs) ?:
	      heapinfo_mount(&heapinfo_sysfs) ?:
	      heapinfo_open_setting(&heapinfo_map_count_file, &heapinfo_procfs,
				    "sys/vm/max_map_count") ?:
	      heapinfo_open_setting(&heapinfo_ignore_file, &heapinfo_sysfs,
				    "module/kernel/parameters/ignore_rlimit_data") ?:
	      heapinfo_read_command_line();
	if (ret)
		heapinfo_failure_stop();
	else
		heapinfo_refresh(NULL);
	return ret;
}

/**
 * heapinfo_failure_stop() - end the work of the worker, and close the files
 *
 * Context: may sleep; no failure is explained any more.
 */
void heapinfo_failure_stop(void)
{
	cancel_delayed_work_sync(&heapinfo_refresh_work);
	heapinfo_close_setting(&heapinfo_ignore_file);
	heapinfo_close_setting(&heapinfo_map_count_file);
	heapinfo_unmount(&heapinfo_sysfs);
	heapinfo_unmount(&heapinfo_procfs);
}

/* As the kernel takes it, or by trying for a while where nothing may sleep. */
static bool heapinfo_lock_mm(struct mm_struct *mm, bool may_sleep)
{
	u64 until;

	if (may_sleep)
		return !mmap_read_lock_killable(mm);
	if (mmap_read_trylock(mm))
		return true;
	until = ktime_get_mono_fast_ns() + LOCK_WAIT;
	do {
		cpu_relax();
		if (mmap_read_trylock(mm))
			return true;
	} while (ktime_get_mono_fast_ns() < until);
	return false;
}

/*
 * The lowest address that brk(2) accepts. With CONFIG_COMPAT_BRK the heap of a
 * program that was not randomised may begin right after its data.
 */
static unsigned long heapinfo_lowest_break(struct mm_struct *mm)
{
#ifdef CONFIG_COMPAT_BRK
	if (!current->brk_randomized)
		return mm->end_data;
#endif
	return mm->start_brk;
}

/*
 * As check_data_rlimit() of the kernel. brk(2) asks it first, also of a call
 * that would shrink the heap.
 */
static bool heapinfo_over_data_limit(struct mm_struct *mm, unsigned long asked)
{
	unsigned long limit = rlimit(RLIMIT_DATA);

	if (limit == RLIM_INFINITY)
		return false;
	return asked - mm->start_brk + (mm->end_data - mm->start_data) > limit;
}

/* As may_expand_vm() of the kernel, for @pages more of private data. */
static enum heapinfo_result heapinfo_over_size_limit(struct mm_struct *mm,
						     unsigned long pages)
{
	if (mm->total_vm + pages > rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		return HEAPINFO_RLIMIT_AS;
	if (mm->data_vm + pages > rlimit(RLIMIT_DATA) >> PAGE_SHIFT &&
	    !(rlimit(RLIMIT_DATA) == 0 &&
	      mm->data_vm + pages <= rlimit_max(RLIMIT_DATA) >> PAGE_SHIFT))
		return HEAPINFO_RLIMIT_DATA;
	return HEAPINFO_OK;
}

/* Whether @pages more would exceed the limit on locked memory. */
static bool heapinfo_over_lock_limit(struct mm_struct *mm, unsigned long pages)
{
	if (!(mm->def_flags & VM_LOCKED))
		return false;
	if (ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK))
		return false;
	return mm->locked_vm + pages > rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
}

/**
 * struct finding - what one look at an address space has found
 * @settings: those that it is judged by
 * @asked: it could be another by other settings
 * @result: why the call failed
 * @mapping: what is in the way, for HEAPINFO_OVERLAP
 */
struct finding {
	struct settings settings;
	bool asked;
	enum heapinfo_result result;
	unsigned long mapping;
};

/* Where the mapping that keeps the break from @end begins; 0 if none does. */
static unsigned long heapinfo_mapping_in_way(struct mm_struct *mm,
					     unsigned long start,
					     unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	if (!vma)
		return 0;
	/* Also beyond the end of addresses, and where the sum wrapped. */
	if (end < start || end + PAGE_SIZE < end ||
	    end + PAGE_SIZE > vm_start_gap(vma))
		return vma->vm_start;
	return 0;
}

/* Whether a mapping is of huge pages of which a cut at @address splits one. */
static bool heapinfo_cuts_huge_page(struct vm_area_struct *vma,
				    unsigned long address)
{
	if (!is_vm_hugetlb_page(vma) || address <= vma->vm_start ||
	    address >= vma->vm_end || !vma->vm_ops || !vma->vm_ops->pagesize)
		return false;
	return !IS_ALIGNED(address, vma->vm_ops->pagesize(vma));
}

/* A shrink that passed the limit on data fails in munmap only. */
static void heapinfo_explain_shrink(struct mm_struct *mm, unsigned long start,
				    unsigned long end, struct finding *found)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	found->result = HEAPINFO_NOMEM;
	if (!vma || vma->vm_start >= end) {
		found->result = HEAPINFO_UNMAPPED;
		return;
	}
	/* A hole in the middle makes two mappings of one. */
	if (start > vma->vm_start && end < vma->vm_end) {
		found->asked = true;
		if (mm->map_count >= found->settings.max_map_count)
			found->result = HEAPINFO_MAP_COUNT;
	}
	for (; vma && vma->vm_start < end; vma = find_vma(mm, vma->vm_end)) {
		if (heapinfo_vma_sealed(vma))
			found->result = HEAPINFO_SEALED;
		else if (heapinfo_cuts_huge_page(vma, start) ||
			 heapinfo_cuts_huge_page(vma, end))
			found->result = HEAPINFO_HUGETLB;
		if (found->result != HEAPINFO_NOMEM)
			return;
	}
}

/* The limits on all memory and on data, and what else needs a setting. */
static void heapinfo_explain_growth(struct mm_struct *mm, unsigned long pages,
				    struct finding *found)
{
	found->result = heapinfo_over_size_limit(mm, pages);
	if (found->result == HEAPINFO_RLIMIT_AS)
		return;
	found->asked = true;
	if (found->result == HEAPINFO_RLIMIT_DATA &&
	    !found->settings.ignore_rlimit_data)
		return;
	found->result = mm->map_count > found->settings.max_map_count ?
			HEAPINFO_MAP_COUNT : HEAPINFO_NOMEM;
}

static void heapinfo_explain_grow(struct mm_struct *mm, unsigned long start,
				  unsigned long end, struct finding *found)
{
	unsigned long pages = (end - start) >> PAGE_SHIFT;
	bool locked = heapinfo_over_lock_limit(mm, pages);

	found->mapping = heapinfo_mapping_in_way(mm, start, end);
	if (locked && (HEAPINFO_BRK_ASKS_MLOCK_FIRST || !found->mapping))
		found->result = HEAPINFO_MLOCK;
	else if (found->mapping)
		found->result = HEAPINFO_OVERLAP;
	else
		heapinfo_explain_growth(mm, pages, found);
}

static void heapinfo_look(const struct heapinfo_brk *brk, bool may_sleep,
			  struct finding *found)
{
	unsigned long old_end = PAGE_ALIGN(brk->from);
	unsigned long new_end = PAGE_ALIGN(brk->asked);
	struct mm_struct *mm = current->mm;

	found->result = HEAPINFO_UNKNOWN;
	if (!heapinfo_lock_mm(mm, may_sleep))
		return;
	if (brk->asked <= brk->from)
		heapinfo_explain_shrink(mm, new_end, old_end, found);
	else
		heapinfo_explain_grow(mm, old_end, new_end, found);
	mmap_read_unlock(mm);
}

/**
 * heapinfo_failure_explain() - find out why a call failed
 * @brk: a failed call of the current task with @asked and @from filled in;
 *	gets @result and @mapping
 * @may_sleep: the lock of the address space may be waited for, and the settings
 *	may be read; else that is tried for, and these are as they were read last
 *
 * Makes the checks of sys_brk() and do_brk_flags() (mm/mmap.c, and mm/vma.c
 * since 6.12) in their order. If none of them fails the reason is
 * HEAPINFO_NOMEM: the limit on overcommit, or memory that the kernel needed for
 * itself and did not get.
 *
 * Context: the task that made the call; sleeps only where @may_sleep.
 */
void heapinfo_failure_explain(struct heapinfo_brk *brk, bool may_sleep)
{
	struct settings *known = &heapinfo_settings;
	struct finding found = {
		.settings.max_map_count = READ_ONCE(known->max_map_count),
		.settings.ignore_rlimit_data =
			READ_ONCE(known->ignore_rlimit_data),
	};
	struct mm_struct *mm = current->mm;

	if (brk->asked < heapinfo_lowest_break(mm)) {
		brk->result = HEAPINFO_BELOW_START;
		return;
	}
	if (heapinfo_over_data_limit(mm, brk->asked)) {
		brk->result = HEAPINFO_RLIMIT_DATA;
		return;
	}
	heapinfo_look(brk, may_sleep, &found);
	if (found.asked && !may_sleep) {
		heapinfo_failure_refresh();
	} else if (found.asked) {
		heapinfo_read_settings(&found.settings);
		heapinfo_look(brk, may_sleep, &found);
	}
	brk->result = found.result;
	if (found.result == HEAPINFO_OVERLAP)
		brk->mapping = found.mapping;
}
