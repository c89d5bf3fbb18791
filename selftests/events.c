// SPDX-License-Identifier: GPL-2.0
/* Every way in which a brk(2) ends has its count and its row. */
#include "kselftest_harness.h"
#include "heapinfo.h"

#include <sys/prctl.h>

static struct heapinfo before, after;
static long page;

FIXTURE(events)
{
	unsigned long brk;
};

FIXTURE_VARIANT(events)
{
	const char *params;
	bool queries;
};

FIXTURE_VARIANT_ADD(events, redirect)
{
	.params = "source=redirect",
};

FIXTURE_VARIANT_ADD(events, syscalls)
{
	.params = "source=syscalls",
};

FIXTURE_VARIANT_ADD(events, redirect_queries)
{
	.params = "source=redirect queries=1",
	.queries = true,
};

FIXTURE_VARIANT_ADD(events, syscalls_queries)
{
	.params = "source=syscalls queries=1",
	.queries = true,
};

FIXTURE_SETUP(events)
{
	LOAD_OR_SKIP(variant->params);
	page = sysconf(_SC_PAGESIZE);
	self->brk = raw_brk(0);
	ASSERT_EQ(0, heapinfo_read(&before, 0));
}

FIXTURE_TEARDOWN(events)
{
}

static unsigned long long more(const char *key)
{
	return heapinfo_number(&after, key) - heapinfo_number(&before, key);
}

#define EXPECT_ROW(_call, _asked, _from, _to, _result) do {		\
	struct heapinfo_row _row;					\
	char _comm[16];							\
	prctl(PR_GET_NAME, _comm);					\
	ASSERT_EQ(0, heapinfo_new_row(&before, &after, &_row))		\
		TH_LOG("%s", after.text);				\
	EXPECT_EQ(heapinfo_last_seq(&after), _row.seq);			\
	EXPECT_EQ(getpid(), _row.tid);					\
	EXPECT_STREQ(_call, _row.call);					\
	EXPECT_EQ(_asked, _row.asked);					\
	EXPECT_EQ(_from, _row.from);					\
	EXPECT_EQ(_to, _row.to);					\
	EXPECT_EQ((long long)_row.to - (long long)_row.from, _row.delta); \
	EXPECT_STREQ(_result, _row.result);				\
	EXPECT_STREQ(_comm, _row.comm);					\
} while (0)

TEST_F(events, query)
{
	EXPECT_EQ(self->brk, raw_brk(0));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(1, more("BrkCalls"));
	EXPECT_EQ(1, more("BrkQueries"));
	if (variant->queries)
		EXPECT_ROW("query", 0, self->brk, self->brk, "ok");
	else
		EXPECT_EQ(heapinfo_last_seq(&before),
			  heapinfo_last_seq(&after));
}

TEST_F(events, grow)
{
	unsigned long to = self->brk + 5 * page + 24;

	ASSERT_EQ(to, raw_brk(to));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(1, more("BrkCalls"));
	EXPECT_EQ(1, more("BrkGrows"));
	EXPECT_EQ(to - self->brk, more("BytesGrown"));
	EXPECT_EQ(0, more("BytesShrunk"));
	EXPECT_EQ(to, heapinfo_number(&after, "Brk"));
	EXPECT_ROW("grow", to, self->brk, to, "ok");
}

TEST_F(events, shrink)
{
	unsigned long top = self->brk + 9 * page, to = self->brk + 100;
	unsigned long long size;

	ASSERT_EQ(top, raw_brk(top));
	ASSERT_EQ(0, heapinfo_read(&before, 0));
	ASSERT_EQ(to, raw_brk(to));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(1, more("BrkCalls"));
	EXPECT_EQ(1, more("BrkShrinks"));
	EXPECT_EQ(top - to, more("BytesShrunk"));
	EXPECT_EQ(0, more("BytesGrown"));
	EXPECT_EQ(to, heapinfo_number(&after, "Brk"));
	size = top - heapinfo_number(&after, "StartBrk");
	EXPECT_EQ((size + 1023) / 1024, heapinfo_number(&after, "PeakSize"));
	EXPECT_ROW("shrink", to, top, to, "ok");
}

TEST_F(events, unchanged)
{
	EXPECT_EQ(self->brk, raw_brk(self->brk));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(1, more("BrkCalls"));
	EXPECT_EQ(1, more("BrkUnchanged"));
	if (variant->queries)
		EXPECT_ROW("unchanged", self->brk, self->brk, self->brk, "ok");
	else
		EXPECT_EQ(heapinfo_last_seq(&before),
			  heapinfo_last_seq(&after));
}

TEST_F(events, failed)
{
	unsigned long asked = heapinfo_number(&before, "StartBrk") - 1;

	EXPECT_EQ(self->brk, raw_brk(asked));
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(1, more("BrkCalls"));
	EXPECT_EQ(1, more("BrkFailures"));
	EXPECT_EQ(1, heapinfo_failures(&after, "below_start") -
		     heapinfo_failures(&before, "below_start"));
	EXPECT_ROW("failed", asked, self->brk, self->brk, "below_start");
}

TEST_F(events, numbers_add_up)
{
	unsigned int i;

	for (i = 1; i <= 10; i++) {
		raw_brk(self->brk + i * page);
		raw_brk(0);
		raw_brk(self->brk + i * page);
		raw_brk(self->brk + i * page - 1);
		raw_brk(1);
	}
	ASSERT_EQ(0, heapinfo_read(&after, 0));
	EXPECT_EQ(50, more("BrkCalls"));
	EXPECT_EQ(10, more("BrkQueries"));
	EXPECT_EQ(10, more("BrkGrows"));
	EXPECT_EQ(10, more("BrkUnchanged"));
	EXPECT_EQ(10, more("BrkShrinks"));
	EXPECT_EQ(10, more("BrkFailures"));
	EXPECT_EQ(0, more("BrkMoves"));
	EXPECT_EQ(raw_brk(0) - self->brk,
		  more("BytesGrown") - more("BytesShrunk"));
}

TEST_HARNESS_MAIN
