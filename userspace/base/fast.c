// SPDX-License-Identifier: GPL-2.0
/* The buffer of fast.h: make it, empty it, free it. */
#include <stdlib.h>

#include "base/fast.h"

/**
 * fast_init - begin to print lines by the million
 * @o: filled; end it with fast_end()
 * @f: the stream that the lines go to
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
 * @o: the buffer; its ->failed is set where that cannot be written
 */
void fast_flush(struct fast *o)
{
	if (o->n && !o->failed)
		o->failed = fwrite(o->buf, 1, o->n, o->f) != o->n;
	o->n = 0;
}

/**
 * fast_end - print the rest and free the buffer
 * @o: the buffer; its ->failed says whether all was written
 */
void fast_end(struct fast *o)
{
	fast_flush(o);
	free(o->buf);
	o->buf = NULL;
}
