// SPDX-License-Identifier: GPL-2.0
/*
 * Every field that says where a heap lies, against what the kernel, the file
 * of the program and the program itself say, for each way to build a program
 * and each value of kernel.randomize_va_space.
 */
#include "kselftest_harness.h"
#include "heapinfo.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/personality.h>
#include <sys/resource.h>

typedef unsigned long long u64;

#define RANDOMIZE	"/proc/sys/kernel/randomize_va_space"

/* How often a program is started to look at where its heap lands. */
#define STARTS		32
#define FEW_STARTS	16

#define MIB		(1024ULL * 1024)
#define GIB		(1024 * MIB)

/* Where the kernel puts heaps that it keeps apart: ELF_ET_DYN_BASE on x86. */
#define APART_BASE	0x555555554000
#define APART_BASE_32	0x56555000

static struct heapinfo info;
static u64 page;

/**
 * struct target - a running program, and what is known of it without heapinfo
 * @pid: its process
 * @input: it ends when this is closed
 * @brk: its break, by brk(0) of its own
 * @bss: where its last variable but those of its libraries ends
 * @start_data: by /proc/<pid>/stat, like @end_data and @start_brk
 * @end_bss: where its last segment ends, by the headers of the file
 * @heap_end: where the last line [heap] of /proc/<pid>/maps ends; 0 if none
 */
struct target {
	pid_t pid;
	int input;
	u64 brk;
	u64 bss;
	u64 start_data;
	u64 end_data;
	u64 start_brk;
	u64 end_bss;
	u64 heap_end;
};

FIXTURE(layout)
{
	char randomize[32];
	const char *argv[3];
	char interpreter[256];
	struct target target;
};

FIXTURE_VARIANT(layout)
{
	const char *file;
	/* Run by the loader that the file names. */
	bool by_loader;
	/* The kernel keeps the heap apart when it randomises. */
	bool apart;
};

FIXTURE_VARIANT_ADD(layout, pie) { .file = "./target_pie" };
FIXTURE_VARIANT_ADD(layout, no_bss) { .file = "./target_no_bss" };
FIXTURE_VARIANT_ADD(layout, no_pie) { .file = "./target_no_pie" };
FIXTURE_VARIANT_ADD(layout, static) { .file = "./target_static" };
FIXTURE_VARIANT_ADD(layout, pie_32) { .file = "./target_pie_32" };
FIXTURE_VARIANT_ADD(layout, no_pie_32) { .file = "./target_no_pie_32" };
FIXTURE_VARIANT_ADD(layout, static_32) { .file = "./target_static_32" };

FIXTURE_VARIANT_ADD(layout, static_pie)
{
	.file = "./target_static_pie",
	.apart = true,
};

FIXTURE_VARIANT_ADD(layout, static_pie_32)
{
	.file = "./target_static_pie_32",
	.apart = true,
};

FIXTURE_VARIANT_ADD(layout, by_loader)
{
	.file = "./target_pie",
	.by_loader = true,
	.apart = true,
};

FIXTURE_VARIANT_ADD(layout, by_loader_32)
{
	.file = "./target_pie_32",
	.by_loader = true,
	.apart = true,
};

/* The headers of an ELF file of either class, as those of 64 bits. */
struct elf {
	unsigned int nr;
	Elf64_Phdr headers[32];
};

static bool read_elf(const char *path, struct elf *elf)
{
	static union {
		char bytes[16384];
		Elf32_Ehdr e32;
		Elf64_Ehdr e64;
	} file;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_64;
	unsigned int i;

	if (fd < 0)
		return false;
	memset(&file, 0, sizeof(file));
	if (read(fd, file.bytes, sizeof(file)) < (ssize_t)sizeof(file.e64)) {
		close(fd);
		return false;
	}
	close(fd);
	is_64 = file.e64.e_ident[EI_CLASS] == ELFCLASS64;
	elf->nr = is_64 ? file.e64.e_phnum : file.e32.e_phnum;
	if (elf->nr > ARRAY_SIZE(elf->headers))
		return false;
	for (i = 0; i < elf->nr; i++) {
		const Elf64_Phdr *p64 = (void *)(file.bytes +
						 file.e64.e_phoff);
		const Elf32_Phdr *p32 = (void *)(file.bytes +
						 file.e32.e_phoff);
		Elf64_Phdr *to = &elf->headers[i];

		if (is_64) {
			*to = p64[i];
			continue;
		}
		to->p_type = p32[i].p_type;
		to->p_offset = p32[i].p_offset;
		to->p_vaddr = p32[i].p_vaddr;
		to->p_filesz = p32[i].p_filesz;
		to->p_memsz = p32[i].p_memsz;
	}
	return true;
}

/* The name of the loader that a file asks for. */
static bool read_interpreter(const char *path, char *name, size_t size)
{
	struct elf elf;
	unsigned int i;
	ssize_t length = -1;
	int fd;

	if (!read_elf(path, &elf))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (i = 0; i < elf.nr; i++)
		if (elf.headers[i].p_type == PT_INTERP)
			length = pread(fd, name, size - 1,
				       elf.headers[i].p_offset);
	close(fd);
	if (length < 0)
		return false;
	name[length] = '\0';
	return true;
}

/* Where the segments of a file end that has its first one at @base. */
static u64 end_of_segments(const struct elf *elf, u64 base)
{
	u64 first = ~0ULL, last = 0;
	unsigned int i;

	for (i = 0; i < elf->nr; i++) {
		const Elf64_Phdr *header = &elf->headers[i];

		if (header->p_type != PT_LOAD)
			continue;
		if (header->p_vaddr < first)
			first = header->p_vaddr;
		if (header->p_vaddr + header->p_memsz > last)
			last = header->p_vaddr + header->p_memsz;
	}
	return base - (first & -page) + ((last + page - 1) & -page);
}

static bool read_maps(struct target *target)
{
	char path[64], exe[256], line[512];
	u64 start, end, base = 0;
	struct elf elf;
	ssize_t length;
	FILE *maps;
	int name;

	snprintf(path, sizeof(path), "/proc/%d/exe", target->pid);
	length = readlink(path, exe, sizeof(exe) - 1);
	if (length < 0 || !read_elf(path, &elf))
		return false;
	exe[length] = '\0';

	snprintf(path, sizeof(path), "/proc/%d/maps", target->pid);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	target->heap_end = 0;
	while (fgets(line, sizeof(line), maps)) {
		line[strcspn(line, "\n")] = '\0';
		name = strlen(line);
		if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %n",
			   &start, &end, &name) < 2)
			break;
		if (!base && !strcmp(line + name, exe))
			base = start;
		if (!strcmp(line + name, "[heap]"))
			target->heap_end = end;
	}
	fclose(maps);
	target->end_bss = end_of_segments(&elf, base);
	return base;
}

/* Field @number of /proc/<pid>/stat, counted as proc(5) does. */
static u64 stat_field(pid_t pid, unsigned int number)
{
	char path[64], text[1024], *at;
	unsigned int field = 2;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length < 0)
		return 0;
	text[length] = '\0';
	at = strrchr(text, ')');
	while (at && field < number) {
		at = strchr(at + 1, ' ');
		field++;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

static bool start_target(struct target *target, const char *const argv[])
{
	char text[80];
	int input[2], output[2];
	ssize_t length;

	if (pipe2(input, O_CLOEXEC) || pipe2(output, O_CLOEXEC))
		return false;
	target->pid = fork();
	if (!target->pid) {
		dup2(input[0], STDIN_FILENO);
		dup2(output[1], STDOUT_FILENO);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(input[0]);
	close(output[1]);
	target->input = input[1];
	length = read(output[0], text, sizeof(text) - 1);
	close(output[0]);
	if (length <= 0)
		return false;
	text[length] = '\0';
	if (sscanf(text, "%llx %llx", &target->brk,
		   &target->bss) != 2)
		return false;
	target->start_data = stat_field(target->pid, 45);
	target->end_data = stat_field(target->pid, 46);
	target->start_brk = stat_field(target->pid, 47);
	return read_maps(target);
}

static void stop_target(struct target *target)
{
	close(target->input);
	waitpid(target->pid, NULL, 0);
	target->pid = 0;
}

FIXTURE_SETUP(layout)
{
	LOAD_OR_SKIP("");
	page = sysconf(_SC_PAGESIZE);
	if (access(variant->file, X_OK))
		SKIP(return, "%s could not be built", variant->file);
	self->argv[0] = variant->file;
	if (variant->by_loader) {
		ASSERT_TRUE(read_interpreter(variant->file, self->interpreter,
					     sizeof(self->interpreter)));
		self->argv[0] = self->interpreter;
		self->argv[1] = variant->file;
	}
	if (access(self->argv[0], X_OK))
		SKIP(return, "no %s", self->argv[0]);
	snprintf(self->randomize, sizeof(self->randomize), "%llu",
		 heapinfo_read_number(RANDOMIZE));
}

FIXTURE_TEARDOWN(layout)
{
	if (*self->randomize)
		heapinfo_write_file(RANDOMIZE, self->randomize);
	if (self->target.pid)
		stop_target(&self->target);
}

/* What holds of every program. */
static void check_fields(struct __test_metadata *_metadata,
			 const struct target *target, bool by_loader)
{
	u64 size = (target->brk - target->start_brk + 1023) / 1024;

	EXPECT_EQ(target->pid, heapinfo_number(&info, "Pid"));
	EXPECT_EQ(target->start_data, heapinfo_number(&info, "StartData"));
	EXPECT_EQ(target->end_data, heapinfo_number(&info, "EndData"));
	EXPECT_EQ(target->start_brk, heapinfo_number(&info, "StartBrk"));
	EXPECT_EQ(target->brk, heapinfo_number(&info, "Brk"));
	EXPECT_EQ(target->end_bss, heapinfo_number(&info, "EndBss"));
	/* The loader's bss has no variable of the program. */
	if (!by_loader) {
		EXPECT_LT(target->start_data, target->bss);
		EXPECT_LE(target->bss, heapinfo_number(&info, "EndBss"));
	}
	EXPECT_EQ(target->start_brk - target->end_bss,
		  heapinfo_number(&info, "BrkOffset"));
	EXPECT_EQ(target->start_brk - target->end_data,
		  heapinfo_number(&info, "BrkOffsetData"));
	EXPECT_EQ(size, heapinfo_number(&info, "HeapSize"));
	EXPECT_EQ(size, heapinfo_number(&info, "PeakSize"));
	EXPECT_STREQ("unlimited", heapinfo_word(&info, "DataLimit"));
	EXPECT_STREQ("since exec", heapinfo_word(&info, "Recorded"));
	EXPECT_EQ(target->brk - target->start_brk,
		  heapinfo_number(&info, "BytesGrown") -
		  heapinfo_number(&info, "BytesShrunk"));
	if (target->heap_end)
		EXPECT_EQ((target->brk + page - 1) & -page, target->heap_end);
	if (!_metadata->passed)
		TH_LOG("%s", info.text);
}

/* What holds of a heap that was not randomised. */
static void check_fixed(struct __test_metadata *_metadata,
			const struct target *target)
{
	u64 offset = target->start_brk - target->end_bss;

	EXPECT_STREQ("no", heapinfo_word(&info, "BrkRandomized"));
	EXPECT_EQ(0, heapinfo_number(&info, "BrkWindow"));
	EXPECT_EQ(0, heapinfo_number(&info, "BrkWindowSeen"));
	EXPECT_STREQ(offset <= page ? "program" : "apart",
		     heapinfo_word(&info, "BrkBase"));
}

TEST_F(layout, not_randomized)
{
	ASSERT_EQ(0, heapinfo_write_file(RANDOMIZE, "0"));
	ASSERT_TRUE(start_target(&self->target, self->argv));
	ASSERT_EQ(0, heapinfo_read(&info, self->target.pid));
	check_fields(_metadata, &self->target, variant->by_loader);
	check_fixed(_metadata, &self->target);
}

TEST_F(layout, all_but_heap_randomized)
{
	ASSERT_EQ(0, heapinfo_write_file(RANDOMIZE, "1"));
	ASSERT_TRUE(start_target(&self->target, self->argv));
	ASSERT_EQ(0, heapinfo_read(&info, self->target.pid));
	check_fields(_metadata, &self->target, variant->by_loader);
	check_fixed(_metadata, &self->target);
}

TEST_F(layout, personality)
{
	ASSERT_EQ(0, heapinfo_write_file(RANDOMIZE, "2"));
	ASSERT_NE(-1, personality(ADDR_NO_RANDOMIZE));
	ASSERT_TRUE(start_target(&self->target, self->argv));
	ASSERT_EQ(0, heapinfo_read(&info, self->target.pid));
	check_fields(_metadata, &self->target, variant->by_loader);
	check_fixed(_metadata, &self->target);
}

/*
 * From how wide a range the offset was drawn is sure where it lies beyond all that are
 * narrower, whatever kernels of this version have; else it is told as unknown. Returns
 * the range.
 */
static u64 check_window(struct __test_metadata *_metadata, u64 offset,
			bool is_32bit)
{
	u64 window = heapinfo_number(&info, "BrkWindow");
	/* The pages that are left free, and those to which ends are rounded. */
	bool sure = is_32bit || offset > 32 * MIB + 3 * page;

	EXPECT_STREQ("yes", heapinfo_word(&info, "BrkRandomized"));
	EXPECT_TRUE(window == 32 * MIB || (window == GIB && !is_32bit));
	EXPECT_LE(offset, window + page);
	if (sure || offset < 32 * MIB)
		EXPECT_EQ(sure ? window : HEAPINFO_NO_NUMBER,
			  heapinfo_number(&info, "BrkWindowSeen"));
	return window;
}

/*
 * Starts differ, none leaves the window, and all together need it: that none
 * of STARTS should pass a quarter of the right window is one chance in 2^64, and
 * of FEW_STARTS one in 2^32.
 */
TEST_F_TIMEOUT(layout, randomized, HEAPINFO_LONG)
{
	u64 offset, first = 0, largest = 0, window = 0, told, base;
	bool is_32bit = strstr(variant->file, "_32");
	unsigned int starts = heapinfo_share(STARTS, FEW_STARTS);
	unsigned int i, different = 0;

	ASSERT_EQ(0, heapinfo_write_file(RANDOMIZE, "2"));
	for (i = 0; i < starts; i++) {
		struct target *target = &self->target;

		ASSERT_TRUE(start_target(target, self->argv));
		ASSERT_EQ(0, heapinfo_read(&info, target->pid));
		check_fields(_metadata, target, variant->by_loader);
		EXPECT_STREQ(variant->apart ? "apart" : "program",
			     heapinfo_word(&info, "BrkBase"));
		/* Where the kernel begins to count from. */
		base = target->end_bss;
		if (variant->apart)
			base = is_32bit ? APART_BASE_32 : APART_BASE;
		offset = target->start_brk - base;
		/* One draw in thousands says that it is none. */
		if (offset > 2 * page) {
			told = check_window(_metadata, offset, is_32bit);
			window = told > window ? told : window;
		}
		if (offset > largest)
			largest = offset;
		if (!i)
			first = offset;
		different += offset != first;
		stop_target(target);
	}
	EXPECT_GT(largest, window / 4);
	EXPECT_GT(different, starts / 2);
}

TEST_F(layout, data_limit)
{
	struct rlimit limit = { .rlim_cur = 100 * MIB, .rlim_max = 100 * MIB };

	ASSERT_EQ(0, setrlimit(RLIMIT_DATA, &limit));
	ASSERT_TRUE(start_target(&self->target, self->argv));
	ASSERT_EQ(0, heapinfo_read(&info, self->target.pid));
	EXPECT_STREQ("102400 kB", heapinfo_word(&info, "DataLimit"));
}

TEST_HARNESS_MAIN
