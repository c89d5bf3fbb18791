// SPDX-License-Identifier: GPL-2.0
/* The buffer behind fast.h. */
#include <stdlib.h>

#include "base/fast.h"

/**
 * fast_init - begin to print lines by the million
 * @o: the buffer; fast_end() it
 * @f: where to
 */
void fast_init(struct fast *o, FILE *f)
{
	o->f = f;
	o->buf = xrealloc(NULL, FAST_ROOM, 1);
	o->n = 0;
	o->failed = false;
}

/**
 * fast_flush - print what is in the buffer
 * @o: the buffer
 */
void fast_flush(struct fast *o)
{
	if (o->n && !o->failed)
		o->failed = fwrite(o->buf, 1, o->n, o->f) != o->n;
	o->n = 0;
}

/**
 * fast_end - print the rest and give the buffer back
 * @o: the buffer
 */
void fast_end(struct fast *o)
{
	fast_flush(o);
	free(o->buf);
	o->buf = NULL;
}
