/* SPDX-License-Identifier: GPL-2.0 */
/* A brk event in words: when it was, what it did, what to do about it. */
#ifndef HEAPINFO_BRK_TEXT_H
#define HEAPINFO_BRK_TEXT_H

#include "base/json.h"
#include "brk/kernel.h"
#include "target/clocks.h"
#include "target/target.h"

#define AGE_ROOM 32
const char *age_text(char buf[AGE_ROOM], u64 ns);
u64 brk_age(s64 time_ns, const struct clocks *c);

bool brk_event_failed(const struct brk_event *e);
void brk_event_heading(void);
void brk_event_print(const struct brk_event *e, const struct clocks *c);
void brk_failure_print(const struct brk_event *e, struct target *t,
		       const struct kernel_facts *k);
struct json_object *brk_event_json(const struct brk_event *e,
				   const struct clocks *c, struct target *t,
				   const struct kernel_facts *k);

u64 brk_spans_calls(const struct kernel_facts *k);
void brk_spans_print(const struct kernel_facts *k, const struct clocks *c);
struct json_object *brk_span_json(const struct brk_span *s,
				  const struct clocks *c);
bool brk_grew_most(const struct kernel_facts *k, struct brk_span *most);

#endif
