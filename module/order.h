/* SPDX-License-Identifier: GPL-2.0 */
/* Which calls of brk(2) of one address space were under way at the same time. */
#ifndef HEAPINFO_ORDER_H
#define HEAPINFO_ORDER_H

#include <linux/types.h>

struct heapinfo_order_bucket;
struct mm_struct;

/**
 * struct heapinfo_order - a call among those of its address space
 * @node: links the first call of an address space into the bucket; unlinked of others
 * @others: links those of one address space to each other
 * @bucket: where it is
 * @mm: the address space. The caller holds it as long as the call is under way.
 * @begun: of the first call: how many have begun, those that only ask left out
 * @under_way: of the first call: how many of these have not ended
 * @turn: @begun as it was when this call began, itself included
 * @asks: it only asks
 *
 * It lies on the stack of the task that calls, so that there is nothing that could
 * run out: whoever has many calls under way takes nothing from others.
 */
struct heapinfo_order {
	struct hlist_node node;
	struct list_head others;
	struct heapinfo_order_bucket *bucket;
	struct mm_struct *mm;
	u32 begun;
	u32 under_way;
	u32 turn;
	bool asks;
};

void heapinfo_orders_start(void);
bool heapinfo_order_begin(struct heapinfo_order *order, bool asks);
bool heapinfo_order_close(struct heapinfo_order *order);
void heapinfo_order_end(struct heapinfo_order *order);

#endif /* HEAPINFO_ORDER_H */
