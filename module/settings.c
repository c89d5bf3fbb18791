// SPDX-License-Identifier: GPL-2.0
/* What the administrator sets, as read from files of procfs and sysfs. */
#include "heapinfo.h"
#include "compat.h"
#include "settings.h"

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

/* The kernel's default, unless its command line says stack_guard_gap=. */
unsigned long heapinfo_stack_guard_gap = 256UL << PAGE_SHIFT;

/*
 * Between two readings of the settings by a worker, in jiffies: anybody can have
 * a call fail as often as they like, and a worker is on nobody's account.
 */
#define REFRESH_PERIOD	(HZ / 10)

/*
 * The variables themselves are not for modules, but files of procfs and sysfs have
 * their values. These are as last read by the worker; written by one at a time.
 */
static struct heapinfo_settings heapinfo_settings_last = {
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

	/* sysfs of older kernels has no such function. */
	if (!file || !file->f_op->read_iter)
		return false;
	init_sync_kiocb(&kiocb, file);
	iov_iter_kvec(&iter, READ, &vec, 1, size - 1);
	length = file->f_op->read_iter(&kiocb, &iter);
	text[max_t(ssize_t, length, 0)] = '\0';
	return length > 0;
}

/**
 * heapinfo_settings_read() - ask for the settings as they are now
 * @settings: what cannot be read stays as it is
 * @ignored_too: whether @ignore_rlimit_data is wanted, for which others who read it
 *	have to be waited for; else it stays as it is
 *
 * Context: may sleep; a wait for others ends with a fatal signal.
 */
void heapinfo_settings_read(struct heapinfo_settings *settings, bool ignored_too)
{
	char text[16];
	bool ignored;
	int value;

	if (heapinfo_read_setting(heapinfo_map_count_file, text, sizeof(text)) &&
	    !kstrtoint(strim(text), 10, &value))
		settings->max_map_count = value;
	if (!ignored_too || mutex_lock_killable(&heapinfo_ignore_lock))
		return;
	if (heapinfo_read_setting(heapinfo_ignore_file, text, sizeof(text)) &&
	    !kstrtobool(text, &ignored))
		settings->ignore_rlimit_data = ignored;
	mutex_unlock(&heapinfo_ignore_lock);
}

/**
 * heapinfo_settings_recall() - the settings as they were when last read
 * @settings: gets them; they are those of a refresh
 *
 * Context: any.
 */
void heapinfo_settings_recall(struct heapinfo_settings *settings)
{
	const struct heapinfo_settings *last = &heapinfo_settings_last;

	settings->max_map_count = READ_ONCE(last->max_map_count);
	settings->ignore_rlimit_data = READ_ONCE(last->ignore_rlimit_data);
}

static void heapinfo_refresh(struct work_struct *work)
{
	struct heapinfo_settings *last = &heapinfo_settings_last;
	struct heapinfo_settings now = *last;

	WRITE_ONCE(heapinfo_refresh_time, jiffies);
	heapinfo_settings_read(&now, true);
	WRITE_ONCE(last->max_map_count, now.max_map_count);
	WRITE_ONCE(last->ignore_rlimit_data, now.ignore_rlimit_data);
}

static DECLARE_DELAYED_WORK(heapinfo_refresh_work, heapinfo_refresh);

/**
 * heapinfo_settings_refresh() - have the settings read for who may not sleep
 *
 * At once, or where that was done a moment ago, as soon as it is due again.
 *
 * Context: any.
 */
void heapinfo_settings_refresh(void)
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
		heapinfo_settings_last.ignore_rlimit_data = true;
	} else if (ignore && word[ignore] == '=') {
		if (!kstrtobool(word + ignore + 1, &ignored))
			heapinfo_settings_last.ignore_rlimit_data = ignored;
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
 * heapinfo_settings_start() - open what has the settings, and read it
 *
 * What cannot be read is taken to be as it is by default: a kernel may be built
 * without sysctl or sysfs.
 *
 * Context: may sleep.
 * Return: 0, or a negative error; after one line in the log but for -ENOMEM.
 */
int heapinfo_settings_start(void)
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
		heapinfo_settings_stop();
	else
		heapinfo_refresh(NULL);
	return ret;
}

/**
 * heapinfo_settings_stop() - end the work of the worker, and close the files
 *
 * Context: may sleep; nobody asks for settings any more.
 */
void heapinfo_settings_stop(void)
{
	cancel_delayed_work_sync(&heapinfo_refresh_work);
	heapinfo_close_setting(&heapinfo_ignore_file);
	heapinfo_close_setting(&heapinfo_map_count_file);
	heapinfo_unmount(&heapinfo_sysfs);
	heapinfo_unmount(&heapinfo_procfs);
}
