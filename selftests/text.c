// SPDX-License-Identifier: GPL-2.0
/* The form of /proc/<pid>/heapinfo, which no process can break. */
#include "kselftest_harness.h"
#include "heapinfo.h"

#include <fcntl.h>
#include <sys/prctl.h>

static struct heapinfo info, pieces;

FIXTURE(text)
{
	unsigned long brk;
};

FIXTURE_SETUP(text)
{
	LOAD_OR_SKIP("");
	self->brk = raw_brk(0);
}

FIXTURE_TEARDOWN(text)
{
}

TEST_F(text, keys_in_order)
{
	static const char *const keys[] = {
		"Name", "Pid", "StartData", "EndData", "EndBss", "StartBrk",
		"Brk", "HeapSize", "PeakSize", "BrkOffset", "BrkOffsetData",
		"BrkBase", "BrkRandomized", "BrkWindow", "BrkWindowSeen",
		"DataLimit", "Recorded", "BrkCalls", "BrkQueries", "BrkGrows", "BrkShrinks",
		"BrkUnchanged", "BrkSets", "BrkFailures", "BrkMoves",
		"BytesGrown", "BytesShrunk", "EventsLost",
	};
	const char *line;
	unsigned int i;

	ASSERT_EQ(0, heapinfo_read(&info, 0));
	line = info.text;
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t length = strlen(keys[i]);

		ASSERT_EQ(0, strncmp(line, keys[i], length))
			TH_LOG("%s is not at: %s", keys[i], line);
		ASSERT_EQ(0, strncmp(line + length, ":\t", 2));
		line = strchr(line, '\n') + 1;
	}
	line = strchr(line, '#');
	ASSERT_NE(NULL, line);
	EXPECT_EQ(0, strncmp(line - 2, "\n\n", 2));
	EXPECT_EQ(0, strncmp(line,
			     "#seq\ttime\ttid\tcall\tasked\tfrom\tto\tdelta\tresult\tcomm\tstack\n",
			     59));
}

/* A name that could start a line, end a column or move a cursor is escaped. */
TEST_F(text, hostile_names)
{
	static const struct {
		const char *name;
		const char *shown;
	} names[] = {
		{ "a\nPid:\t1", "a\\012Pid:\\0111" },
		{ "\n#seq\n1\t2", "\\012#seq\\0121\\0112" },
		{ "\\012 \\n", "\\134012 \\134n" },
		{ "\033[2J\177\r", "\\033[2J\\177\\015" },
		{ "\001\002\037", "\\001\\002\\037" },
		{ "two words (x)", "two words (x)" },
		/* UTF-8 as it is, but for the control characters that it has. */
		{ "h\u00e9\u20ac\U0001f600", "h\u00e9\u20ac\U0001f600" },
		{ "\302\2332J", "\\302\\2332J" },
		{ "\2332J", "\\2332J" },
		{ "\340\202\2332J", "\\340\\202\\2332J" },
		{ "\360\200\202\233", "\\360\\200\\202\\233" },
		{ "\351t\351", "\\351t\\351" },
		{ "\ud7ff\ue000\U0010ffff", "\ud7ff\ue000\U0010ffff" },
		/* Surrogates, and what is above the last character. */
		{ "\355\240\200", "\\355\\240\\200" },
		{ "\355\277\277", "\\355\\277\\277" },
		{ "\364\220\200\200", "\\364\\220\\200\\200" },
		/* What turns the text around it, or ends a line. */
		{ "a\u202eb\u202c", "a\\342\\200\\256b\\342\\200\\254" },
		{ "\u2066\u2069", "\\342\\201\\246\\342\\201\\251" },
		{ "\u061c\u200e", "\\330\\234\\342\\200\\216" },
		{ "\u2028\u2029", "\\342\\200\\250\\342\\200\\251" },
		{ "\u200d\u202f\u206a", "\u200d\u202f\u206a" },
		/* Cut off where the room for a name ends. */
		{ "0123456789abcd\u20ac", "0123456789abcd\\342" },
		{ "", "" },
	};
	struct heapinfo_row row;
	unsigned int i, rows;

	ASSERT_EQ(0, heapinfo_read(&info, 0));
	rows = info.nr_rows;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_EQ(0, prctl(PR_SET_NAME, names[i].name));
		raw_brk(self->brk + (i + 1) * 16);
		ASSERT_EQ(0, heapinfo_read(&info, 0));
		EXPECT_STREQ(names[i].shown, heapinfo_word(&info, "Name"));
		EXPECT_EQ(getpid(), heapinfo_number(&info, "Pid"));
		ASSERT_EQ(rows + i + 1, info.nr_rows);
		ASSERT_EQ(0, heapinfo_row(&info, info.nr_rows - 1, &row));
		EXPECT_STREQ(names[i].shown, row.comm);
		EXPECT_EQ(getpid(), row.tid);
		EXPECT_STREQ("ok", row.result);
	}
}

/* Whoever reads little by little reads one moment of the process. */
TEST_F(text, small_reads)
{
	static const size_t sizes[] = { 1, 7, 100, 4095 };
	unsigned int i, size;
	ssize_t part;
	int fd;

	for (i = 0; i < 60; i++)
		raw_brk(self->brk + (i % 5 + 1) * 16);
	ASSERT_EQ(0, heapinfo_read(&info, 0));
	for (size = 0; size < ARRAY_SIZE(sizes); size++) {
		pieces.length = 0;
		fd = open("/proc/self/heapinfo", O_RDONLY);
		ASSERT_LE(0, fd);
		while ((part = read(fd, pieces.text + pieces.length,
				    sizes[size])) > 0)
			pieces.length += part;
		EXPECT_EQ(0, part);
		close(fd);
		pieces.text[pieces.length] = '\0';
		EXPECT_EQ(info.length, pieces.length);
		EXPECT_STREQ(info.text, pieces.text);
	}
	/* Also while its break moves. */
	pieces.length = 0;
	fd = open("/proc/self/heapinfo", O_RDONLY);
	ASSERT_LE(0, fd);
	for (i = 0; (part = read(fd, pieces.text + pieces.length, 100)) > 0;
	     i++) {
		pieces.length += part;
		raw_brk(self->brk + (i % 5 + 1) * 16);
	}
	close(fd);
	pieces.text[pieces.length] = '\0';
	EXPECT_EQ(info.length, pieces.length);
	EXPECT_STREQ(info.text, pieces.text);
}

TEST_F(text, kernel_thread)
{
	ASSERT_EQ(0, heapinfo_read(&info, 2));
	if (strncmp(info.text, "Name:\tkthreadd\n", 15))
		SKIP(return, "no kernel threads in this pid namespace");
	EXPECT_STREQ("Name:\tkthreadd\nPid:\t2\n", info.text);
}

/* How a file of a process can be read: its length or a negative error. */
static ssize_t try_read(pid_t pid, const char *name)
{
	char path[64], byte;
	ssize_t ret;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	ret = read(fd, &byte, 1);
	ret = ret < 0 ? -errno : ret;
	close(fd);
	return ret;
}

TEST_F(text, ended_process)
{
	siginfo_t end;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, pid, &end, WEXITED | WNOWAIT));
	EXPECT_EQ(try_read(pid, "maps"), try_read(pid, "heapinfo"));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(-ENOENT, try_read(pid, "heapinfo"));
}

TEST_HARNESS_MAIN
